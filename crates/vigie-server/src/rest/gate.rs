//! What stands in front of every route: a limit of URLs, the carrying of changes to their end, and the counting of answers.
//!
//! One layer in place of three, with a future that is a plain state: what it adds to a read is one look at the address and one counter.
//! Always true: a request that changes something is carried to its end, also when its client is gone or has been told that the store is away, so that the store and memory do not part half-way.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;
use tower::{Layer, Service};

use super::error::ApiError;
use crate::app::App;
use crate::limits::Limit;

/// How long a change may take before the store is asked whether it is there; with what that takes, whoever asks waits about 2 s.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Puts a [`Gate`] in front of a route.
#[derive(Debug, Clone)]
pub(crate) struct GateLayer {
    app: Arc<App>,
    gives_up: bool,
}

impl GateLayer {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self {
            app,
            gives_up: false,
        }
    }

    /// A gate that tells whoever waits for a change that the store is away.
    pub(crate) fn that_gives_up(app: Arc<App>) -> Self {
        Self {
            app,
            gives_up: true,
        }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate {
            app: Arc::clone(&self.app),
            gives_up: self.gives_up,
            inner,
        }
    }
}

/// A route with its gate.
#[derive(Debug, Clone)]
pub(crate) struct Gate<S> {
    app: Arc<App>,
    gives_up: bool,
    inner: S,
}

impl<S> Service<Request> for Gate<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answering<S::Future> {
        let limit = self.app.config.limits.url.0;
        let url = request.uri().path_and_query();
        let is_too_long = url.is_some_and(|url| url.as_str().len() > limit);
        let method = known_method(request.method());
        let is_read = request.method().is_safe();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let way = if is_too_long {
            let refusal = ApiError::UrlTooLong { limit }.into_response();
            Way::Refused {
                refusal: Some(refusal),
            }
        } else if is_read {
            Way::Served {
                inner: self.inner.call(request),
            }
        } else {
            let task = tokio::spawn(self.inner.call(request));
            let store = self.gives_up.then(|| Arc::clone(&self.app));
            Way::Carried {
                answer: Box::pin(carried(task, store)),
            }
        };
        Answering {
            way,
            app: Arc::clone(&self.app),
            method,
            route,
        }
    }
}

pin_project! {
    /// A request on its way through a route.
    pub(crate) struct Answering<F> {
        #[pin]
        way: Way<F>,
        app: Arc<App>,
        method: &'static str,
        route: Option<MatchedPath>,
    }
}

pin_project! {
    #[project = WayProjection]
    enum Way<F> {
        Refused { refusal: Option<Response> },
        Served { #[pin] inner: F },
        Carried { answer: Pin<Box<dyn Future<Output = Response> + Send>> },
    }
}

impl<F> Future for Answering<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = match this.way.project() {
            WayProjection::Refused { refusal } => Ok(refusal
                .take()
                .unwrap_or_else(|| ApiError::Internal.into_response())),
            WayProjection::Served { inner } => ready!(inner.poll(context)),
            WayProjection::Carried { answer } => Ok(ready!(answer.as_mut().poll(context))),
        };
        if let Some(limit) = response.extensions().get::<Limit>() {
            this.app.metrics.limits.note(*limit);
        }
        let route = this.route.as_ref().map_or("none", MatchedPath::as_str);
        let status = response.status().as_u16();
        this.app.metrics.requests.count(this.method, route, status);
        Poll::Ready(Ok(response))
    }
}

/// The answer of a request that runs to its end; without a look at the store, however long that takes.
async fn carried(
    task: JoinHandle<Result<Response, Infallible>>,
    store: Option<Arc<App>>,
) -> Response {
    let ended = match store {
        Some(app) => match patiently(&app, task).await {
            Ok(ended) => ended,
            Err(error) => return error.into_response(),
        },
        None => task.await,
    };
    match ended {
        Ok(Ok(response)) => response,
        Err(error) => broken_off(error),
    }
}

/// Waits for a task for as long as the store answers; a task that is given up runs to its end all the same.
///
/// # Errors
/// [`ApiError::StoreAway`].
pub(super) async fn patiently<T>(
    app: &App,
    mut task: JoinHandle<T>,
) -> Result<Result<T, JoinError>, ApiError> {
    loop {
        match timeout(PATIENCE, &mut task).await {
            Ok(ended) => return Ok(ended),
            // It has much to do, or the client is slow to send it.
            Err(_) if app.flusher.probe_store().await => {}
            Err(_) => return Err(ApiError::StoreAway),
        }
    }
}

/// A carried request that did not come to its end: it panics here as it would have without being carried, or the server stops.
fn broken_off(error: JoinError) -> Response {
    if error.is_panic() {
        std::panic::resume_unwind(error.into_panic());
    }
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// Anybody can invent methods; they share one name.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
