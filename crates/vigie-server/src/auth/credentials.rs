//! Every way in which clients hand over a credential.
//!
//! In: REST headers, a Socket.IO handshake, an `authenticate` event, the query of an old client; out: candidates, strongest first.
//! A JWT comes before a session token.
//! By REST the first candidate decides alone; on a socket a bad JWT falls through to the next one.

use std::borrow::Cow;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::guest_token::GuestToken;

/// More tokens of one kind than there are places for them are not looked at: the query of an old client may name thousands, and each costs a verification.
const MAX_OF_A_KIND: usize = 8;

/// The header of a guest's session token.
pub const SESSION_TOKEN_HEADER: &str = "x-session-token";

const SESSION_TOKEN: HeaderName = HeaderName::from_static(SESSION_TOKEN_HEADER);

/// What a client offers to prove who it is; not verified yet.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential<'a> {
    /// A registered user's JWT.
    Jwt(Cow<'a, str>),
    /// A guest's session token.
    Session(Cow<'a, str>),
}

impl std::fmt::Debug for Credential<'_> {
    /// Names the kind and hides the token: whoever reads it could act as its owner.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Jwt(_) => "Jwt(hidden)",
            Self::Session(_) => "Session(hidden)",
        })
    }
}

/// The credential of a REST request; a JWT decides alone, also when it turns out to be bad.
#[must_use]
pub fn of_request(headers: &HeaderMap) -> Option<Credential<'_>> {
    let jwt = header(headers, &AUTHORIZATION)
        .and_then(strip_bearer)
        .filter(|token| !token.is_empty());
    jwt.map(|token| Credential::Jwt(token.into()))
        .or_else(|| session_header(headers))
}

/// The candidates of a Socket.IO handshake: its headers and its `auth` payload.
#[must_use]
pub fn of_handshake<'a>(headers: &'a HeaderMap, auth: &'a Value) -> Vec<Credential<'a>> {
    let is_absent_or = |field: &str, word: &str| match text(auth, field) {
        Some(given) => given == word,
        None => auth.get(field).is_none_or(Value::is_null),
    };
    let mut candidates = Candidates::default();
    if let Some(value) = header(headers, &AUTHORIZATION) {
        candidates.add_any(strip_bearer(value).unwrap_or(value));
    }
    for token in [text(auth, "token"), text(auth, "authToken")]
        .into_iter()
        .flatten()
    {
        let token = strip_bearer(token).unwrap_or(token);
        if GuestToken::is_spelled_like(token) || is_absent_or("tokenType", "jwt") {
            candidates.add_any(token);
        }
    }
    candidates.add(session_header(headers));
    let session = text(auth, "sessionToken").filter(|_| is_absent_or("sessionType", "anonymous"));
    candidates.add(session.map(|token| Credential::Session(token.into())));
    candidates.in_order()
}

/// The candidates of an `authenticate` event; its `sessionToken` may hold either kind.
#[must_use]
pub fn of_authenticate(payload: &Value) -> Vec<Credential<'_>> {
    let mut candidates = Candidates::default();
    if let Some(token) = text(payload, "token") {
        candidates.add_any(strip_bearer(token).unwrap_or(token));
    }
    match text(payload, "sessionToken") {
        Some(token) if is_spelled_like_jwt(token) => candidates.add_any(token),
        Some(token) => candidates.add(Some(Credential::Session(token.into()))),
        None => {}
    }
    candidates.in_order()
}

/// The candidates of an old client (EIO3): its headers and its query, as in `token=…&sessionToken=…`.
#[must_use]
pub fn of_eio3_handshake<'a>(headers: &'a HeaderMap, query: &'a str) -> Vec<Credential<'a>> {
    let mut candidates = Candidates::default();
    if let Some(value) = header(headers, &AUTHORIZATION) {
        candidates.add_any(strip_bearer(value).unwrap_or(value));
    }
    candidates.add(session_header(headers));
    for (name, value) in
        form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty())
    {
        match name.as_ref() {
            "token" => candidates.add_any(value),
            "sessionToken" => candidates.add(Some(Credential::Session(value))),
            _ => {}
        }
    }
    candidates.in_order()
}

/// Candidates by kind, each in the order in which they were found, nothing twice.
#[derive(Default)]
struct Candidates<'a> {
    jwts: Vec<Credential<'a>>,
    sessions: Vec<Credential<'a>>,
}

impl<'a> Candidates<'a> {
    /// Adds a token from a field that is meant for JWTs and also carries guests' tokens.
    fn add_any(&mut self, token: impl Into<Cow<'a, str>>) {
        let token = token.into();
        if token.is_empty() {
            return;
        }
        self.add(Some(if GuestToken::is_spelled_like(&token) {
            Credential::Session(token)
        } else {
            Credential::Jwt(token)
        }));
    }

    /// Adds a candidate that is not there yet, while there is room for its kind.
    fn add(&mut self, candidate: Option<Credential<'a>>) {
        let Some(candidate) = candidate else { return };
        let kind = match candidate {
            Credential::Jwt(_) => &mut self.jwts,
            Credential::Session(_) => &mut self.sessions,
        };
        if kind.len() < MAX_OF_A_KIND && !kind.contains(&candidate) {
            kind.push(candidate);
        }
    }

    /// One list, JWTs first.
    fn in_order(mut self) -> Vec<Credential<'a>> {
        self.jwts.append(&mut self.sessions);
        self.jwts
    }
}

/// A header's text; one that is not ASCII is there, and cannot be a credential.
fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers
        .get(name)
        .map(|value| value.to_str().unwrap_or("?").trim())
}

fn session_header(headers: &HeaderMap) -> Option<Credential<'_>> {
    let token = header(headers, &SESSION_TOKEN).filter(|token| !token.is_empty())?;
    Some(Credential::Session(token.into()))
}

/// What follows `Bearer `, in any case; `None` for another scheme.
pub(super) fn strip_bearer(value: &str) -> Option<&str> {
    const SCHEME: &str = "bearer";
    let (scheme, token) = match value.split_once(' ') {
        Some((scheme, token)) => (scheme, token.trim_start()),
        None => (value, ""),
    };
    scheme.eq_ignore_ascii_case(SCHEME).then_some(token)
}

fn text<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object
        .get(field)?
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Three parts between dots.
fn is_spelled_like_jwt(token: &str) -> bool {
    token.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    }

    /// Candidates as `jwt:…` and `session:…`.
    fn spelled<'a>(candidates: impl IntoIterator<Item = Credential<'a>>) -> Vec<String> {
        let spell = |credential| match credential {
            Credential::Jwt(token) => format!("jwt:{token}"),
            Credential::Session(token) => format!("session:{token}"),
        };
        candidates.into_iter().map(spell).collect()
    }

    #[test]
    fn rest_knows_two_headers_and_the_jwt_wins() {
        let check = |pairs: &[(&'static str, &str)], expected: &[&str]| {
            assert_eq!(spelled(of_request(&headers(pairs))), expected, "{pairs:?}");
        };
        check(&[], &[]);
        check(&[("authorization", "Bearer a.b.c")], &["jwt:a.b.c"]);
        check(&[("authorization", "bearer  a.b.c")], &["jwt:a.b.c"]);
        check(&[("authorization", "Bearer nonsense")], &["jwt:nonsense"]);
        check(&[("authorization", "Bearer anon_1")], &["jwt:anon_1"]);
        check(&[("x-session-token", "anon_1")], &["session:anon_1"]);
        check(
            &[
                ("authorization", "Bearer bad"),
                ("x-session-token", "anon_1"),
            ],
            &["jwt:bad"],
        );
        check(
            &[("authorization", "Bearer é"), ("x-session-token", "anon_1")],
            &["session:anon_1"],
        );
        check(
            &[("authorization", "Bearer"), ("x-session-token", "anon_1")],
            &["session:anon_1"],
        );
        check(
            &[
                ("authorization", "Basic dTpw"),
                ("x-session-token", "anon_1"),
            ],
            &["session:anon_1"],
        );
        check(&[("authorization", "Basic dTpw")], &[]);
        check(&[("x-session-token", "")], &[]);
    }

    #[test]
    fn handshakes_know_every_spelling_in_the_field() {
        let check = |pairs: &[(&'static str, &str)], auth: Value, expected: &[&str]| {
            let headers = headers(pairs);
            assert_eq!(
                spelled(of_handshake(&headers, &auth)),
                expected,
                "{pairs:?} {auth}"
            );
        };
        check(&[], Value::Null, &[]);
        check(&[], json!("a.b.c"), &[]);
        check(&[], json!({"token": 5, "sessionToken": ["anon_1"]}), &[]);
        check(
            &[("authorization", "Bearer a.b.c")],
            Value::Null,
            &["jwt:a.b.c"],
        );
        check(&[("authorization", "a.b.c")], Value::Null, &["jwt:a.b.c"]);
        check(
            &[("x-session-token", "anon_1")],
            Value::Null,
            &["session:anon_1"],
        );
        check(&[], json!({"token": "a.b.c"}), &["jwt:a.b.c"]);
        check(&[], json!({"token": "Bearer a.b.c"}), &["jwt:a.b.c"]);
        check(&[], json!({"authToken": "a.b.c"}), &["jwt:a.b.c"]);
        check(
            &[],
            json!({"authToken": "a.b.c", "tokenType": "jwt"}),
            &["jwt:a.b.c"],
        );
        check(
            &[],
            json!({"token": "a.b.c", "tokenType": null}),
            &["jwt:a.b.c"],
        );
        check(&[], json!({"token": "a.b.c", "tokenType": "opaque"}), &[]);
        check(&[], json!({"token": "anon_1"}), &["session:anon_1"]);
        check(
            &[],
            json!({"token": "anon_1", "tokenType": "anonymous"}),
            &["session:anon_1"],
        );
        check(&[], json!({"sessionToken": "anon_1"}), &["session:anon_1"]);
        check(
            &[],
            json!({"sessionToken": "anon_1", "sessionType": "anonymous"}),
            &["session:anon_1"],
        );
        check(
            &[],
            json!({"sessionToken": "anon_1", "sessionType": "other"}),
            &[],
        );
        check(
            &[],
            json!({"sessionToken": "anon_1", "token": "a.b.c"}),
            &["jwt:a.b.c", "session:anon_1"],
        );
        check(
            &[],
            json!({"token": "a.b.c", "authToken": "a.b.c"}),
            &["jwt:a.b.c"],
        );
        check(
            &[
                ("authorization", "Bearer d.e.f"),
                ("x-session-token", "anon_2"),
            ],
            json!({"token": "anon_1", "authToken": "a.b.c"}),
            &["jwt:d.e.f", "jwt:a.b.c", "session:anon_1", "session:anon_2"],
        );
        check(&[], json!({"userId": "alice"}), &[]);
    }

    #[test]
    fn authenticate_events_carry_either_kind_in_either_field() {
        let check = |payload: Value, expected: &[&str]| {
            assert_eq!(spelled(of_authenticate(&payload)), expected, "{payload}");
        };
        check(json!({"token": "a.b.c"}), &["jwt:a.b.c"]);
        check(json!({"token": "anon_1"}), &["session:anon_1"]);
        check(json!({"sessionToken": "anon_1"}), &["session:anon_1"]);
        check(
            json!({"sessionToken": "a.b.c", "language": "fr"}),
            &["jwt:a.b.c"],
        );
        check(
            json!({"sessionToken": "anon_1", "token": "a.b.c"}),
            &["jwt:a.b.c", "session:anon_1"],
        );
        check(json!({"userId": "alice"}), &[]);
        check(json!({"token": ""}), &[]);
        check(json!([]), &[]);
        check(Value::Null, &[]);
    }

    #[test]
    fn old_clients_put_it_into_the_query() {
        let check = |pairs: &[(&'static str, &str)], query: &str, expected: &[&str]| {
            let headers = headers(pairs);
            assert_eq!(
                spelled(of_eio3_handshake(&headers, query)),
                expected,
                "{query}"
            );
        };
        check(&[], "EIO=3&transport=polling", &[]);
        check(&[], "EIO=3&token=a.b.c", &["jwt:a.b.c"]);
        check(&[], "token=anon_1&EIO=3", &["session:anon_1"]);
        check(&[], "sessionToken=anon%5F1", &["session:anon_1"]);
        check(
            &[],
            "sessionToken=anon_1&token=a.b.c",
            &["jwt:a.b.c", "session:anon_1"],
        );
        check(&[], "token=&sessionToken=", &[]);
        check(
            &[("authorization", "Bearer d.e.f")],
            "token=a.b.c",
            &["jwt:d.e.f", "jwt:a.b.c"],
        );
    }

    #[test]
    fn what_stands_in_several_places_is_offered_once() {
        let auth = json!({"token": "d.e.f", "authToken": "a.b.c", "sessionToken": "anon_1"});
        let pairs = [
            ("authorization", "Bearer a.b.c"),
            ("x-session-token", "anon_1"),
        ];
        assert_eq!(
            spelled(of_handshake(&headers(&pairs), &auth)),
            ["jwt:a.b.c", "jwt:d.e.f", "session:anon_1"]
        );
    }

    #[test]
    fn a_query_of_a_thousand_tokens_costs_no_thousand_verifications() {
        let pairs = (0..1_000).map(|number| format!("token={number}&sessionToken={number}"));
        let query = pairs.collect::<Vec<_>>().join("&");
        let candidates = spelled(of_eio3_handshake(&HeaderMap::new(), &query));
        assert_eq!(candidates.len(), 2 * MAX_OF_A_KIND);
        assert_eq!(candidates[0], "jwt:0");
    }

    #[test]
    fn tokens_are_never_printed() {
        let candidates = [
            Credential::Jwt("a.b.c".into()),
            Credential::Session("anon_1".into()),
        ];
        let printed = format!("{candidates:?}");
        assert!(
            !printed.contains("a.b.c") && !printed.contains("anon_1"),
            "{printed}"
        );
    }
}
