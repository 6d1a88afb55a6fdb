//! A server whose store is away: it tries again, says so in its log, and answers for itself meanwhile.
//!
//! Always true: the process is alive, but not ready, and everything else is told to come back (503 with `Retry-After`);
//! each of these answers ends its connection, so that the next request finds the whole server.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Listening, ServeError, Vigie};
use crate::config::Config;
use crate::rest::{ApiError, Health};

/// The pause after the first attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// A store that comes back is noticed within this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Opens the store, again and again while waiting may heal what is wrong.
pub(super) async fn open(config: &Config) -> Result<Vigie, ServeError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match Vigie::open(config.clone()).await {
            Err(error) if error.heals_by_waiting() => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    retry_in = ?pause,
                    "the store is away; clients are told to come back until it answers"
                );
            }
            opened => return opened,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Answers on the server's addresses until the value is dropped.
pub(super) fn serve(listening: &Listening) -> Result<JoinSet<()>, ServeError> {
    let started = Instant::now();
    let mut serving = JoinSet::new();
    let listeners = [Some(&listening.listener), listening.ops_listener.as_ref()];
    for listener in listeners.into_iter().flatten() {
        let address = super::local_address(listener, listening.config.listen);
        let shared = share(listener).map_err(|source| ServeError::Listen { address, source })?;
        serving.spawn(accept(shared, routes(started)));
    }
    Ok(serving)
}

/// Another handle to a listener; it stays open when this one is closed.
fn share(listener: &TcpListener) -> std::io::Result<TcpListener> {
    let descriptor = socket2::SockRef::from(listener).try_clone()?;
    TcpListener::from_std(descriptor.into())
}

async fn accept(listener: TcpListener, routes: Router) {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).await {
        tracing::error!(%error, "nobody can be told that the store is away");
    }
}

fn routes(started: Instant) -> Router {
    Router::new()
        .route("/livez", get(|| closing(StatusCode::OK)))
        .route("/readyz", get(|| closing(StatusCode::SERVICE_UNAVAILABLE)))
        .route(
            "/health",
            get(move || closing(Health::before_the_store(started.elapsed()))),
        )
        .fallback(|| closing(ApiError::StoreAway))
}

async fn closing(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
