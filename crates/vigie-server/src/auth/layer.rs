//! `AuthLayer`: authentication and activity in front of any HTTP service, under the name that readers of the old system look for.
//!
//! In: requests with a JWT or a guest's session token.
//! Out: the same requests with an [`Identity`] among their extensions, or the answer that deployed clients know.
//! Always true: a known identity never waits for the store, and a refused request touched nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use http::Request;
use tower::{Layer, Service};
use vigie_core::Now;

use super::credentials;
use crate::admission::{Identity, Refusal};
use crate::app::App;
use crate::rest::ApiError;

/// Puts [`AuthService`] in front of a service.
#[derive(Debug, Clone)]
pub struct AuthLayer {
    app: Arc<App>,
    is_passive: bool,
    is_optional: bool,
}

impl AuthLayer {
    /// Admits users and guests only, and counts each request as an activity.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            is_passive: false,
            is_optional: false,
        }
    }

    /// Requests do not count as activity: for what a client does by itself, without its human.
    #[must_use]
    pub fn passive(mut self) -> Self {
        self.is_passive = true;
        self
    }

    /// Lets requests without any credential pass, without an [`Identity`]; a bad credential is refused all the same.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService {
            layer: self.clone(),
            inner,
        }
    }
}

/// What [`AuthLayer`] puts in front of a service.
#[derive(Debug, Clone)]
pub struct AuthService<S> {
    layer: AuthLayer,
    inner: S,
}

impl<S, B> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let began = self.layer.app.status.begin();
        let layer = self.layer.clone();
        // The service that was polled ready is the one to call; its clone waits for the next request.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match layer.admit(&parts.headers, began).await {
                Ok(Some(identity)) => {
                    if !layer.is_passive {
                        layer.app.status.record(identity.key, began);
                    }
                    parts.extensions.insert(identity);
                }
                Ok(None) => {}
                Err(refusal) => return Ok(ApiError::from(refusal).into_response()),
            }
            let answer = inner.call(Request::from_parts(parts, body)).await;
            answer.map(IntoResponse::into_response)
        })
    }
}

impl AuthLayer {
    async fn admit(
        &self,
        headers: &http::HeaderMap,
        began: Now,
    ) -> Result<Option<Identity>, Refusal> {
        match credentials::of_request(headers) {
            Some(credential) => self
                .app
                .admission
                .admit(&[credential], began)
                .await
                .map(Some),
            None if self.is_optional => Ok(None),
            None => Err(Refusal::Required),
        }
    }
}
