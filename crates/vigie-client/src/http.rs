//! JSON over plain HTTP/1.1, for the calls that tools and tests make beside their sockets.
//!
//! Connections are kept and reused. Every status is a [`Reply`]; only a broken transport fails.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::http::{HeaderMap, Request, StatusCode};

pub use tokio_tungstenite::tungstenite::http::Method;

/// A call may take this long, where nothing else is said.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection is used again within this: servers close idle ones after a minute or so, and a request that meets the close on its way would get no answer.
const IDLE: Duration = Duration::from_secs(15);

/// A caller of one server, with headers that go with every request. Clones share connections.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    headers: Vec<(String, String)>,
    patience: Duration,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; null when it is empty or not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why there is no [`Reply`].
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// URL, header name or header value that HTTP does not allow.
    #[error("not a usable request to {url}")]
    Request {
        /// The whole URL.
        url: String,
        /// What is wrong with it.
        #[source]
        source: tokio_tungstenite::tungstenite::http::Error,
    },
    /// The server cannot be reached, or hung up.
    #[error("no answer from {url}")]
    Transport {
        /// The whole URL.
        url: String,
        /// What the transport said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server took longer than the caller waits.
    #[error("no answer from {url} within {patience:?}")]
    Timeout {
        /// The whole URL.
        url: String,
        /// How long the caller waited.
        patience: Duration,
    },
}

impl Http {
    /// A caller of the server at `base` (`http://host:port`).
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into().trim_end_matches('/').to_owned(),
            headers: Vec::new(),
            patience: CALL_TIMEOUT,
            client: Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE)
                .pool_timer(TokioTimer::new())
                .build_http(),
        }
    }

    /// The server's address, as it was given.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends this header with every request.
    /// A value that HTTP does not allow fails each call.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Waits this long for each answer, instead of 30 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Calls `method` on `path` (which starts with `/`), with a JSON body when there is one.
    ///
    /// # Errors
    /// [`HttpError`] when no answer came; a refusal by the server is a [`Reply`].
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, HttpError> {
        let url = format!("{}{path}", self.base);
        let patience = self.patience;
        tokio::time::timeout(patience, Box::pin(self.exchange(method, &url, body)))
            .await
            .unwrap_or_else(|_| {
                let url = url.clone();
                Err(HttpError::Timeout { url, patience })
            })
    }

    async fn exchange(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Reply, HttpError> {
        let bytes = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request
            .body(Full::new(bytes))
            .map_err(|source| HttpError::Request {
                url: url.to_owned(),
                source,
            })?;
        let broken = |source: Box<dyn std::error::Error + Send + Sync>| HttpError::Transport {
            url: url.to_owned(),
            source,
        };
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| broken(error.into()))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| broken(error.into()))?;
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes().to_vec(),
        })
    }
}
