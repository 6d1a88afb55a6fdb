//! `/v1/ws`: everyone's changes over a plain WebSocket, as JSON.
//!
//! In: a credential or a ticket, the cursor that the client holds, and later `resume`. Out: `{"event":…,"data":…}` with the events of `/v1/events`.
//! Always true: the link watches and makes nobody present; one that answers no ping is closed.

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod said;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use super::error::{ApiError, CredentialFailure, Problem};
use super::follower::{Follower, Visitor};
use super::pipe::{Ending, Outlet, pipe, plain};
use crate::app::App;
use crate::fanout::Frame;
use crate::limits::Limit;
use said::Said;

/// Clients send little, and this is held for every link.
const READ_BUFFER_BYTES: usize = 512;

/// How long a goodbye waits for the client to take it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Follow everyone's changes over a WebSocket.
///
/// Messages are JSON, `{"event":…,"data":…}`, with the events of `/v1/events`.
/// A client may send `{"event":"watch","data":{"ids":[…]}}` and `unwatch` to follow people outside its conversations, which is answered by `watching` and a partial `snapshot`.
/// A client may send `{"event":"resume","data":{"since":…}}` for what it missed, or without `since` for everyone anew, once a second.
#[utoipa::path(
    get, path = "/v1/ws", tag = "following",
    params(
        ("since" = Option<String>, Query, description = "The cursor up to which the client holds everything"),
        ("watch" = Option<String>, Query, description = "Typed ids of people outside one's conversations, comma-separated, at most `watch_limit`"),
        ("ticket" = Option<String>, Query, description = "A ticket, where no header can be sent"),
    ),
    responses(
        (status = 101, description = "The WebSocket is open"), (status = 400, body = Problem),
        (status = 401, body = CredentialFailure), (status = 429, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ()),
)]
pub(super) async fn follow_by_websocket(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    mut request: Request,
) -> Result<Response, ApiError> {
    let accept = accept(request.headers())?;
    let (link, outlet) = pipe();
    let follower = Follower::begin(&app, &visitor, Box::new(link))?;
    let upgrade = hyper::upgrade::on(&mut request);
    let talk = Talk::new(&app, follower);
    tokio::spawn(open(app, upgrade, talk, outlet, visitor.since));
    let headers = [
        (CONNECTION, HeaderValue::from_static("upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response())
}

/// The proof that we understood the handshake (RFC 6455, section 4.2).
fn accept(headers: &HeaderMap) -> Result<HeaderValue, ApiError> {
    let has = |name: &HeaderName, word: &str| {
        let values = headers.get_all(name).iter();
        let mut words = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        words.any(|found| found.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    };
    let is_handshake = has(&CONNECTION, "upgrade")
        && has(&UPGRADE, "websocket")
        && has(&SEC_WEBSOCKET_VERSION, "13");
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .filter(|_| is_handshake)
        .ok_or_else(|| ApiError::invalid("This route takes WebSocket handshakes of version 13."))?;
    let accept = derive_accept_key(key.as_bytes());
    HeaderValue::try_from(accept).map_err(|_| ApiError::Internal)
}

/// Waits for the link to become a WebSocket, and talks until its end.
async fn open(
    app: Arc<App>,
    upgrade: OnUpgrade,
    mut talk: Talk,
    mut outlet: Outlet,
    since: Option<String>,
) {
    let Ok(upgraded) = upgrade.await else {
        return;
    };
    let message = app.config.limits.message.0;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(message))
        .max_frame_size(Some(message));
    let io = TokioIo::new(upgraded);
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    talk.follower.follow(since.as_deref());
    let mut ending = outlet.ending();
    let is_cut = async move {
        // The sender goes with the link.
        let _ = ending.wait_for(|ending| *ending == Ending::Cut).await;
    };
    tokio::select! {
        ended = talk.run(&mut socket, &mut outlet) => match ended {
            Ok(code) => goodbye(&mut socket, code).await,
            Err(error) => {
                if let tungstenite::Error::Capacity(_) = error {
                    app.metrics.limits.note(Limit::MessageSize);
                }
                tracing::debug!(%error, "a WebSocket broke");
            }
        },
        () = is_cut => {}
    }
}

async fn goodbye(socket: &mut WebSocketStream<TokioIo<Upgraded>>, code: CloseCode) {
    let frame = CloseFrame {
        code,
        reason: "".into(),
    };
    // Whoever does not take it is gone.
    let _ = timeout(FAREWELL, socket.close(Some(frame))).await;
}

/// One open WebSocket.
struct Talk {
    follower: Follower,
    limiter: DefaultDirectRateLimiter,
    app: Arc<App>,
    heard_at: Instant,
}

impl Talk {
    fn new(app: &Arc<App>, follower: Follower) -> Self {
        let per_second = u32::try_from(app.config.limits.events_per_second).unwrap_or(u32::MAX);
        let per_second = std::num::NonZeroU32::new(per_second).unwrap_or(std::num::NonZeroU32::MIN);
        Self {
            follower,
            limiter: RateLimiter::direct(Quota::per_second(per_second)),
            app: Arc::clone(app),
            heard_at: Instant::now(),
        }
    }

    /// Talks until the link is to end; with which code.
    async fn run(
        &mut self,
        socket: &mut WebSocketStream<TokioIo<Upgraded>>,
        outlet: &mut Outlet,
    ) -> Result<CloseCode, tungstenite::Error> {
        let periods = &self.app.config.periods;
        let (interval, patience) = (
            periods.ping_interval,
            periods.ping_interval + periods.ping_timeout,
        );
        let mut ping_at = Instant::now() + interval;
        loop {
            tokio::select! {
                frame = outlet.next() => {
                    let Some(frame) = frame else {
                        return Ok(CloseCode::Policy);
                    };
                    if let Some(text) = encode(&frame) {
                        socket.send(Message::text(text)).await?;
                    }
                }
                message = socket.next() => {
                    let Some(message) = message else {
                        return Ok(CloseCode::Normal);
                    };
                    let message = message?;
                    self.heard_at = Instant::now();
                    if self.limiter.check().is_err() {
                        self.app.metrics.limits.note(Limit::EventRate);
                        return Ok(CloseCode::Policy);
                    }
                    self.hear(&message);
                }
                () = sleep_until(ping_at) => {
                    if self.heard_at.elapsed() >= patience {
                        return Ok(CloseCode::Away);
                    }
                    ping_at += interval;
                    socket.send(Message::Ping(Bytes::new())).await?;
                }
            }
        }
    }

    fn hear(&self, message: &Message) {
        let Message::Text(text) = message else {
            return;
        };
        let (fanout, connection) = (&self.app.fanout, &self.follower.connection);
        match Said::read(text) {
            Some(Said::Resume { since }) if connection.may_resume() => {
                self.follower.follow(since.as_deref());
            }
            Some(Said::Watch(ids)) => fanout.watch(connection, &texts(&ids)),
            Some(Said::Unwatch(ids)) => fanout.unwatch(connection, &texts(&ids)),
            Some(Said::Resume { .. }) | None => self.ignore(),
        }
    }

    fn ignore(&self) {
        self.app.metrics.ignored_packets.inc();
    }
}

fn texts(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

/// A message; the payload is JSON already.
fn encode(frame: &Frame) -> Option<String> {
    let (name, payload) = plain(frame)?;
    let mut text = String::with_capacity(payload.len() + 32);
    // Writing to a string cannot fail.
    let _ = write!(text, r#"{{"event":"{name}","data":{payload}}}"#);
    Some(text)
}
