//! Reading a request: its body, the ids in its path, the list in its query; every refusal says what to send instead.
//!
//! A body is held up to `body_limit`; what is beyond is read and thrown away for a while, so that the client is there for the answer.

use axum::body::Body;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::sync::Arc;
use vigie_core::{Id, PrincipalId, PrincipalKind, Profile, Wall};

use super::error::ApiError;
use crate::app::App;

/// How many limits' worth of a too large body are thrown away before the connection is cut instead.
const DISCARDED_LIMITS: usize = 8;

/// Longest name or title, in characters.
const MAX_NAME_CHARS: usize = Profile::MAX_NAME_CHARS;

/// A JSON body, whatever its content type says.
#[derive(Debug)]
pub(super) struct Payload<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Payload<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let bytes = read_in_time(request.into_body(), app).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out, which counts as `{}`.
#[derive(Debug)]
pub(super) struct OptionalPayload<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for OptionalPayload<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let bytes = read_in_time(request.into_body(), app).await?;
        let is_blank = bytes.iter().all(u8::is_ascii_whitespace);
        parse(if is_blank { b"{}" } else { &bytes }).map(Self)
    }
}

async fn read_in_time(body: Body, app: &App) -> Result<Bytes, ApiError> {
    let limit = app.config.limits.body.0;
    let patience = app.config.periods.body_timeout;
    tokio::time::timeout(patience, read(body, limit))
        .await
        .unwrap_or(Err(ApiError::BodyTooSlow))
}

async fn read(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut kept = BytesMut::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::invalid("The body ended before its end."))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        size = size.saturating_add(data.len());
        if size <= limit {
            kept.extend_from_slice(&data);
        } else if size > limit.saturating_mul(DISCARDED_LIMITS) {
            break;
        }
    }
    if size > limit {
        return Err(ApiError::BodyTooLarge { limit });
    }
    Ok(kept.freeze())
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        ApiError::invalid(format!(
            "The body is not the JSON that this route takes: {error}."
        ))
    })
}

/// What stands in the path, as text.
#[derive(Debug)]
pub(super) struct InPath<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for InPath<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(found)) => Ok(Self(found)),
            Err(PathRejection::FailedToDeserializePathParams(error))
                if matches!(error.kind(), ErrorKind::InvalidUtf8InPathParam { .. }) =>
            {
                Err(ApiError::invalid("The path is not UTF-8."))
            }
            Err(_) => Err(ApiError::NotFound),
        }
    }
}

/// A registered user's id in a path, bare or as `user:<id>`.
pub(super) fn user_id(text: &str) -> Result<PrincipalId, ApiError> {
    let id: PrincipalId = text.parse()?;
    match id.kind() {
        PrincipalKind::User => Ok(id),
        PrincipalKind::Guest => Err(ApiError::invalid(
            "This route is for registered users; guests have /v1/guests.",
        )),
    }
}

/// A guest's id in a path, bare or as `guest:<id>`.
pub(super) fn guest_id(text: &str) -> Result<PrincipalId, ApiError> {
    let bare = text.strip_prefix("guest:").unwrap_or(text);
    Ok(PrincipalId::guest(bare)?)
}

/// A conversation's id.
pub(super) fn conversation_id(text: &str) -> Result<Id, ApiError> {
    Ok(text.parse()?)
}

/// A time of the wire, as in `2026-02-03T04:05:06.789Z`; other offsets are understood.
///
/// Nothing that concerns presence happened before 1970, and the wire has no way to write years of more than four digits.
pub(super) fn time(text: &str) -> Result<Wall, ApiError> {
    let millis = text.parse().map(jiff::Timestamp::as_millisecond).ok();
    // The last second of the year 9999 can be read, but not be written again.
    let is_known = |millis: &i64| *millis > 0 && jiff::Timestamp::from_millisecond(*millis).is_ok();
    let millis = millis.filter(is_known).ok_or_else(|| {
        ApiError::invalid(format!(
            "`{text}` is not a time after 1970: write one as 2026-02-03T04:05:06.789Z."
        ))
    })?;
    Ok(Wall::from_millis(millis))
}

/// A name that people gave: at most [`MAX_NAME_CHARS`] characters, none of them a control character.
pub(super) fn name(field: &str, given: Option<String>) -> Result<Option<Box<str>>, ApiError> {
    let Some(name) = given else {
        return Ok(None);
    };
    if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(ApiError::invalid(format!(
            "{field} must have at most {MAX_NAME_CHARS} characters, and no control characters."
        )));
    }
    Ok(Some(name.trim().into()))
}

/// The comma-separated `ids` of a query, in their order, each once: at least one and at most `most`.
pub(super) fn ids(query: Option<&str>, most: usize) -> Result<Vec<String>, ApiError> {
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    for (name, list) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if name != "ids" {
            continue;
        }
        for id in list.split(',').map(str::trim).filter(|id| !id.is_empty()) {
            if seen.insert(id.to_owned()) {
                ids.push(id.to_owned());
            }
        }
    }
    if ids.is_empty() {
        return Err(ApiError::invalid("Say whose presence: ?ids=alice,bob."));
    }
    if ids.len() > most {
        let asked = ids.len();
        return Err(ApiError::TooManyIds { asked, most });
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_order_and_come_once() {
        let check = |query: Option<&str>, expected: Option<&[&str]>| {
            let found = ids(query, 3).ok();
            let found = found
                .as_ref()
                .map(|ids| ids.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(found.as_deref(), expected, "{query:?}");
        };
        check(Some("ids=b,a,b"), Some(&["b", "a"]));
        check(Some("x=1&ids=b%2Ca&ids=c"), Some(&["b", "a", "c"]));
        check(Some("ids=%20a%20,,"), Some(&["a"]));
        check(Some("ids=a,b,c,d"), None);
        check(Some("ids=a,a,a,a"), Some(&["a"]));
        check(Some("ids=,"), None);
        check(Some("ids="), None);
        check(Some(""), None);
        check(None, None);
    }

    #[test]
    fn times_are_iso_8601() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(time(text).ok().map(Wall::as_millis), expected, "{text}");
        };
        check("1970-01-01T00:00:01.500Z", Some(1_500));
        check("1970-01-01T01:00:02+01:00", Some(2_000));
        check("1970-01-01T00:00:00Z", None);
        check("1969-12-31T23:59:59Z", None);
        check("-009999-01-02T01:59:59Z", None);
        check("9999-12-30T22:00:00Z", Some(253_402_207_200_000));
        check("9999-12-30T22:00:00.998Z", None);
        check("1970-01-01T00:00:00", None);
        check("yesterday", None);
        check("5", None);
        check("", None);
    }

    #[tokio::test]
    async fn a_body_is_held_up_to_its_limit() {
        let check = async |size: usize, expected: Result<usize, ApiError>| {
            let body = Body::from(vec![b' '; size]);
            assert_eq!(read(body, 10).await.map(|bytes| bytes.len()), expected);
        };
        let too_large = Err(ApiError::BodyTooLarge { limit: 10 });
        check(0, Ok(0)).await;
        check(10, Ok(10)).await;
        check(11, too_large.clone()).await;
        check(1_000, too_large).await;
    }
}
