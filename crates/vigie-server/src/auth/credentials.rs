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
mod tests;
