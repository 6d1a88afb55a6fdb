//! Credentials as anybody may spell them.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{Outcome, split_line};
use crate::auth::api_key::{API_KEY_HEADER, ApiKeys};
use crate::auth::credentials::{
    SESSION_TOKEN_HEADER, of_authenticate, of_eio3_handshake, of_handshake, of_request,
};
use crate::auth::{Credential, GuestToken};
use crate::config::Secret;

/// A request with three headers, a line each: `Authorization`, `X-Session-Token`, `X-API-Key`; an empty line is a header that is not there.
pub(super) fn read_request(bytes: &[u8]) -> Outcome {
    const KEY: &str = "key-1";
    let Some(headers) = headers(
        bytes,
        &[AUTHORIZATION.as_str(), SESSION_TOKEN_HEADER, API_KEY_HEADER],
    ) else {
        return Outcome::Refused;
    };
    let is_service = ApiKeys::new(&[Secret::new(KEY)]).admit_request(&headers);
    let holds_key = |value: &HeaderValue| value.as_bytes().ends_with(KEY.as_bytes());
    assert!(!is_service || headers.values().any(holds_key));
    let credential = of_request(&headers);
    if let Some(credential) = &credential {
        assert_ne!(text(credential), "");
        // The JWT decides alone.
        let is_session = matches!(credential, Credential::Session(_));
        assert!(!is_session || headers.contains_key(SESSION_TOKEN_HEADER));
    }
    Outcome::of(is_service || credential.is_some())
}

/// A handshake: two lines of headers, `Authorization` and `X-Session-Token`, the query of an old client, and the `auth` of one of today.
pub(super) fn read_handshake(bytes: &[u8]) -> Outcome {
    let Some(headers) = headers(bytes, &[AUTHORIZATION.as_str(), SESSION_TOKEN_HEADER]) else {
        return Outcome::Refused;
    };
    let (_, rest) = split_line(split_line(bytes).1);
    let (query, auth) = split_line(rest);
    let old = std::str::from_utf8(query).map(|query| of_eio3_handshake(&headers, query));
    let old = old.unwrap_or_default();
    check(&old);
    let auth = serde_json::from_slice(auth).unwrap_or(Value::Null);
    let new = of_handshake(&headers, &auth);
    check(&new);
    Outcome::of(!old.is_empty() || !new.is_empty())
}

/// The `auth` of a handshake, or the payload of `authenticate`.
pub(crate) fn check_payload(payload: &Value) {
    check(&of_authenticate(payload));
    check(&of_handshake(&HeaderMap::new(), payload));
}

/// JWTs come first, nothing is offered twice, nothing is empty, and there are not more than anybody needs.
fn check(candidates: &[Credential<'_>]) {
    let is_session = |candidate: &Credential<'_>| matches!(candidate, Credential::Session(_));
    assert!(candidates.len() <= 16, "{} candidates", candidates.len());
    assert!(candidates.is_sorted_by_key(is_session), "JWTs come first");
    for (place, candidate) in candidates.iter().enumerate() {
        assert_ne!(text(candidate), "");
        assert!(!candidates[..place].contains(candidate), "offered twice");
        assert!(is_session(candidate) || !GuestToken::is_spelled_like(text(candidate)));
    }
}

fn text<'a>(credential: &'a Credential<'_>) -> &'a str {
    match credential {
        Credential::Jwt(token) | Credential::Session(token) => token,
    }
}

/// Headers with these names, from a line each; `None` when one could not come over HTTP.
fn headers(bytes: &[u8], names: &[&'static str]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut rest = bytes;
    for name in names {
        let (line, after) = split_line(rest);
        rest = after;
        if !line.is_empty() {
            let value = HeaderValue::from_bytes(line).ok()?;
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Some(headers)
}
