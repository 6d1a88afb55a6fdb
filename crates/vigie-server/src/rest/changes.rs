//! `/v1/changes`: who changed since a cursor, by a question that may wait for its answer.
//!
//! In: the cursor that the client holds, and how long it would wait. Out: those who changed, each once in their newest state, and the next cursor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::error::{ApiError, CredentialFailure, Problem};
use super::follower::{Asked, Follower, Visitor};
use crate::admission::Refusal;
use crate::app::App;
use crate::fanout::wire::Snapshot;
use crate::fanout::{Frame, Link, NoRoom, WINDOW};

/// The longest wait, in seconds: below the minute after which proxies give up.
const LONGEST_WAIT: u64 = 55;

/// How long a question may wait for its answer.
#[derive(Debug)]
pub(super) struct Patience(Duration);

impl FromRequestParts<Arc<App>> for Patience {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        let seconds: u64 = match Asked::of(parts).wait {
            None => 0,
            Some(wait) => wait.parse().map_err(|_| {
                ApiError::invalid(format!(
                    "`wait` is a number of seconds, at most {LONGEST_WAIT}."
                ))
            })?,
        };
        Ok(Self(Duration::from_secs(seconds.min(LONGEST_WAIT))))
    }
}

/// Who asks.
#[derive(Debug)]
pub(super) enum Who {
    /// A service by its API key, which is told of everybody and does not wait.
    Service { since: Option<String> },
    /// A person, who is told of those it may see.
    Person(Visitor),
}

impl FromRequestParts<Arc<App>> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        if app.api_keys.admit_request(&parts.headers) {
            let since = Asked::of(parts).since;
            return Ok(Self::Service { since });
        }
        Visitor::from_request_parts(parts, app)
            .await
            .map(Self::Person)
    }
}

/// List those who changed since a cursor, each once in their newest state.
///
/// With `partial`, merge them; without it they are everyone the asker may see, and take the place of what the client held:
/// so it is without a cursor, with one that is too old or from before a crash, and after conversations changed.
/// When nobody changed, the answer waits for somebody to, for as long as `wait` says.
/// The question is no activity, and makes nobody present.
///
/// An API key is told of everybody, as a contact sees them, at most 1,000 at a time: with `truncated`, ask again with the new cursor.
/// Without a cursor it gets one of now and nobody; with a text that is no cursor, everybody, of whom the first answer has no `partial`.
#[utoipa::path(
    get, path = "/v1/changes", tag = "following",
    params(
        ("since" = Option<String>, Query, description = "The cursor of the last answer, or of any other transport"),
        ("wait" = Option<u64>, Query, description = "Seconds to wait for a change, at most 55; 0 by default"),
        ("watch" = Option<String>, Query, description = "Typed ids of people outside one's conversations, comma-separated, at most `watch_limit`"),
        ("ticket" = Option<String>, Query, description = "A ticket, where no header can be sent"),
    ),
    responses(
        (status = 200, body = Snapshot), (status = 400, body = Problem),
        (status = 401, body = CredentialFailure), (status = 429, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = []), ()),
)]
pub(super) async fn list_changes(
    State(app): State<Arc<App>>,
    Patience(patience): Patience,
    who: Who,
) -> Result<Json<Snapshot>, ApiError> {
    let visitor = match who {
        Who::Service { since } => {
            return Ok(Json(app.fanout.changes_for_service(since.as_deref())));
        }
        Who::Person(visitor) => visitor,
    };
    let watcher = visitor.identity.key;
    let watched = app.fanout.seen_of(watcher, &visitor.watch);
    let Some(since) = visitor.since.as_deref().filter(|_| !patience.is_zero()) else {
        let composed = app
            .fanout
            .compose(watcher, &watched, visitor.since.as_deref());
        return Ok(Json(composed.snapshot));
    };
    let deadline = Instant::now() + patience;
    let bell = Arc::new(Bell::default());
    let follower = Follower::begin(&app, &visitor, Box::new(Rope(Arc::clone(&bell))))?;
    let mut answer = app.fanout.hold(&follower.connection, since);
    while answer.is_empty_part() {
        if timeout_at(deadline, bell.rung()).await.is_err() {
            break;
        }
        // What comes within the window comes along.
        tokio::time::sleep(WINDOW).await;
        let watched = app.fanout.seen_of(watcher, &visitor.watch);
        answer = app.fanout.compose(watcher, &watched, Some(since)).snapshot;
        // After it: the end has a last word, which rings first.
        match bell.ending.load(Ordering::Acquire) {
            DISMISSED => return Err(Refusal::InvalidJwt.into()),
            // The server stops: the client asks the next one the same.
            CUT => return Ok(Json(Snapshot::nothing_since(since))),
            _ => {}
        }
    }
    Ok(Json(answer))
}

/// What wakes a question that waits.
#[derive(Debug, Default)]
struct Bell {
    came: Notify,
    ending: AtomicU8,
}

const DISMISSED: u8 = 1;
const CUT: u8 = 2;

impl Bell {
    async fn rung(&self) {
        self.came.notified().await;
    }

    fn end(&self, how: u8) {
        // The first end counts.
        let _ = self
            .ending
            .compare_exchange(0, how, Ordering::AcqRel, Ordering::Acquire);
        self.came.notify_one();
    }
}

/// The fan-out's end of the bell: whatever it is told, the answer is read anew.
#[derive(Debug)]
struct Rope(Arc<Bell>);

impl Link for Rope {
    fn emit(&self, _: Frame) -> Result<(), NoRoom> {
        self.0.came.notify_one();
        Ok(())
    }

    fn dismiss(&self) {
        self.0.end(DISMISSED);
    }

    fn cut(&self) {
        self.0.end(CUT);
    }
}
