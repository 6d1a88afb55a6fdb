//! A poll that its client breaks off says that the client is gone.
//!
//! A client that polls has a request waiting at all times, and lets go of it only when its page closes or its network breaks; when it changes its transport it waits for the answer first.
//! The reference server of engine.io ends the session then; the transport below would wait for its ping to time out, 85 s for an old client.
//! In: the request of one poll, and the service that answers it. Out: the close packet that the client had no time for.
//! Always true: a poll that is answered says nothing, and a session that has left polling takes no packet by it, so it lives on.

use axum::body::Body;
use engineioxide::service::EngineIoService;
use http::{Method, Request, Uri};
use tokio::runtime::Handle;
use tower::ServiceExt;

use super::handler::Handler;

/// Closes a session unless its poll is [answered](Self::answered) before this is dropped.
pub(super) struct Poll {
    transport: Option<EngineIoService<Handler>>,
    address: Uri,
    close: &'static str,
}

impl Poll {
    /// The poll that this request is, if it is one.
    pub(super) fn of(
        request: &Request<Body>,
        transport: &EngineIoService<Handler>,
        is_old: bool,
    ) -> Option<Self> {
        let query = request.uri().query().unwrap_or_default();
        let has = |wanted: &str| query.split('&').any(|pair| pair.starts_with(wanted));
        let is_poll = request.method() == Method::GET && has("transport=polling") && has("sid=");
        is_poll.then(|| Self {
            transport: Some(transport.clone()),
            address: request.uri().clone(),
            close: if is_old { "1:1" } else { "1" },
        })
    }

    /// Its answer is on the way.
    pub(super) fn answered(mut self) {
        self.transport = None;
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        let Some(transport) = self.transport.take() else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut request = Request::new(Body::from(self.close));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = std::mem::take(&mut self.address);
        runtime.spawn(async move {
            let answer = transport.oneshot(request).await;
            let Ok(answer) = answer;
            tracing::debug!(status = %answer.status(), "a poll was broken off: its session was told to close");
        });
    }
}
