//! `/v1/events`: everyone's changes as server-sent events.
//!
//! In: a credential or a ticket, and the cursor that the client holds. Out: `snapshot`, `status` and `cursor` until the link ends, and `end` where the client need not come back.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::error::{ApiError, CredentialFailure, Problem};
use super::follower::{Follower, Visitor};
use super::pipe::{Outlet, pipe, plain};
use crate::app::App;
use crate::fanout::Frame;
use crate::listener::Endless;

/// The cursor that a browser's `EventSource` brings when it comes back by itself.
pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

/// Reverse proxies of the nginx family keep answers back unless told otherwise.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A browser comes back between this long after a loss and twice as long, so that not all come at once.
const RETRY: Duration = Duration::from_secs(1);

/// Follow everyone's changes as server-sent events.
///
/// The first event is `snapshot`: everyone the asker may see, or, with `partial`, those alone who changed since the cursor.
/// `status` follows for each change, and `cursor` whenever all of them were told; its `id` is what a client comes back with.
/// The stream watches, and makes nobody present.
#[utoipa::path(
    get, path = "/v1/events", tag = "following",
    params(
        ("since" = Option<String>, Query, description = "The cursor up to which the client holds everything"),
        ("watch" = Option<String>, Query, description = "Typed ids of people outside one's conversations, comma-separated, at most `watch_limit`"),
        ("ticket" = Option<String>, Query, description = "A ticket, where no header can be sent"),
        ("Last-Event-ID" = Option<String>, Header, description = "The same as `since`, and stronger"),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String, description = "Events until the link ends"),
        (status = 400, body = Problem), (status = 401, body = CredentialFailure), (status = 429, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ()),
)]
pub(super) async fn follow_events(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (link, outlet) = pipe();
    let follower = Follower::begin(&app, &visitor, Box::new(link))?;
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let last = last.filter(|id| !id.is_empty());
    follower.follow(last.or(visitor.since.as_deref()));
    let writing = Writing {
        outlet,
        _follower: follower,
        in_flight: None,
        signs: signs(app.config.periods.ping_interval),
        greeting: Some(greeting()),
    };
    let events = stream::unfold(writing, |mut writing| async {
        let bytes = writing.next().await?;
        Some((Ok::<_, Infallible>(bytes), writing))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (BUFFERING, HeaderValue::from_static("no")),
        (CONNECTION, HeaderValue::from_static("close")),
    ];
    let mut response = (headers, Body::from_stream(events)).into_response();
    response.extensions_mut().insert(Endless);
    Ok(response)
}

/// One stream while it is written.
struct Writing {
    outlet: Outlet,
    _follower: Follower,
    /// Held until the connection asks for more: until then it counts as unread.
    in_flight: Option<Frame>,
    signs: Interval,
    greeting: Option<Bytes>,
}

impl Writing {
    async fn next(&mut self) -> Option<Bytes> {
        self.in_flight = None;
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            let frame = tokio::select! {
                frame = self.outlet.next() => frame?,
                // A comment: it finds out whether anybody is there.
                _ = self.signs.tick() => return Some(Bytes::from_static(b":\n\n")),
            };
            if let Some(bytes) = encode(&frame) {
                self.in_flight = Some(frame);
                return Some(bytes);
            }
        }
    }
}

fn signs(period: Duration) -> Interval {
    let mut signs = interval_at(Instant::now() + period, period);
    signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    signs
}

/// When to come back after a loss.
fn greeting() -> Bytes {
    let mut byte = [0; 1];
    // Without randomness everybody comes back after the shorter time.
    let share = getrandom::fill(&mut byte).map_or(0, |()| u32::from(byte[0]));
    let retry = RETRY + RETRY * share / u32::from(u8::MAX);
    format!("retry: {}\n\n", retry.as_millis()).into()
}

/// An event of the stream; a payload of JSON has no line breaks.
fn encode(frame: &Frame) -> Option<Bytes> {
    let (name, payload) = plain(frame)?;
    let mut event = String::with_capacity(payload.len() + 128);
    if let Some(cursor) = cursor_of(payload) {
        // Writing to a string cannot fail.
        let _ = writeln!(event, "id: {cursor}");
    }
    let _ = write!(event, "event: {name}\ndata: {payload}\n\n");
    Some(event.into())
}

/// The cursor with which a payload begins that carries one.
fn cursor_of(payload: &str) -> Option<&str> {
    let rest = payload.strip_prefix(r#"{"cursor":""#)?;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;
    use crate::fanout::wire::event;

    #[test]
    fn events_have_their_cursor_as_id() {
        let check = |frame: Frame, expected: Option<&str>| {
            let bytes = encode(&frame).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            assert_eq!(bytes.as_deref(), expected);
        };
        check(
            event("presence:cursor", &json!({"cursor": "abc"})),
            Some("id: abc\nevent: cursor\ndata: {\"cursor\":\"abc\"}\n\n"),
        );
        check(
            event("user:status", &json!({"userId": "a\nb"})),
            Some("event: status\ndata: {\"userId\":\"a\\nb\"}\n\n"),
        );
        check(event("typing:start", &json!({})), None);
    }
}
