//! Where requests for Socket.IO come in: both generations of clients, told apart by the query.
//!
//! In: handshakes and packets by polling. Out: the transport's answers.
//! A newcomer who would find no place is told so here, in HTTP, which its client retries by itself.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use engineioxide::service::EngineIoService;
use http::{Method, Request, StatusCode};
use tower::ServiceExt;

use super::broken_off::Poll;
use super::handler::Handler;
use super::light::light;
use crate::app::App;
use crate::limits::Limit;
use crate::rest::ApiError;

/// The transports of both generations behind one path.
pub(crate) struct Entrance {
    app: Arc<App>,
    handler: Arc<Handler>,
    today: EngineIoService<Handler>,
    old: EngineIoService<Handler>,
}

impl Entrance {
    pub(crate) fn new(app: &Arc<App>, handler: &Arc<Handler>) -> Self {
        Self {
            app: Arc::clone(app),
            handler: Arc::clone(handler),
            today: super::eio4(app, handler),
            old: super::eio3(app, handler),
        }
    }

    /// Answers one request.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Body>,
    ) -> Result<Response, Infallible> {
        let query = request.uri().query().unwrap_or_default();
        let is_old = query.split('&').any(|pair| pair == "EIO=3");
        let is_new = !query.split('&').any(|pair| pair.starts_with("sid="));
        if is_new && !self.handler.has_place() {
            return Ok(ApiError::TooManyNewcomers.into_response());
        }
        let has_body = request.method() == Method::POST;
        let transport = if is_old { &self.old } else { &self.today };
        let request = light(request);
        // Hyper drops this call when the client lets go of its request.
        let poll = Poll::of(&request, transport, is_old);
        let answer = transport.clone().oneshot(request);
        let answer = if has_body {
            // Whoever sends a byte at a time is no client.
            match tokio::time::timeout(self.app.config.periods.body_timeout, answer).await {
                Ok(answer) => answer,
                Err(_) => return Ok(ApiError::BodyTooSlow.into_response()),
            }
        } else {
            answer.await
        };
        if let Some(poll) = poll {
            poll.answered();
        }
        let mut answer = answer.into_response();
        if answer.status() == StatusCode::PAYLOAD_TOO_LARGE {
            answer.extensions_mut().insert(Limit::MessageSize);
        }
        Ok(answer)
    }
}
