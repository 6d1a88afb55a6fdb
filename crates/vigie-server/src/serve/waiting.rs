//! A server whose store is away: it tries again, says so in its log, and answers for itself meanwhile.
//!
//! Always true: the process is alive, but not ready, and everything else is told to come back (503 with `Retry-After`);
//! each of these answers ends its connection, so that the next request finds the whole server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{Listening, ServeError, Vigie};
use crate::config::Config;
use crate::rest::{ApiError, Health};

/// The pause after the first attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// A store that comes back is noticed within this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Connections that are answered at the same time; others wait in the system's queue.
const ANSWERED_AT_ONCE: usize = 128;

/// How long a connection may take for its request and the answer; whoever says nothing until then is cut, and does not outlive the waiting by more.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long nobody is let in after the system had no file for another connection.
const PAUSE: Duration = Duration::from_millis(100);

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
        sleep(pause).await;
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
    let places = Arc::new(Semaphore::new(ANSWERED_AT_ONCE));
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let routes = routes.clone();
                tokio::spawn(async move {
                    answer(stream, routes).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

/// One request and its answer, which ends the connection.
async fn answer(stream: TcpStream, routes: Router) {
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let answered = timeout(PATIENCE, connection).await;
    tracing::trace!(?answered, "somebody was told to come back");
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
