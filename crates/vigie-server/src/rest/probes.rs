//! `/health`, `/livez`, `/readyz`: is the server there, and can it work? Open to everyone, without detail.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::fanout::wire::iso;

/// A probe waits this long for the store: a balancer's own patience is about a second.
const PATIENCE: Duration = Duration::from_millis(500);

/// The server's health, as the old system's scripts read it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `healthy`, or `unhealthy` while the store is away.
    status: &'static str,
    /// This instant.
    #[schema(format = DateTime)]
    timestamp: String,
    /// The server's version.
    version: &'static str,
    /// Seconds since its start.
    uptime: f64,
    services: Services,
}

/// What the server is made of.
#[derive(Debug, Serialize, ToSchema)]
struct Services {
    database: ServiceState,
    websocket: ServiceState,
}

/// One part of the server.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceState {
    /// `up` or `down`.
    status: &'static str,
}

impl ServiceState {
    fn of(is_up: bool) -> Self {
        Self {
            status: if is_up { "up" } else { "down" },
        }
    }
}

/// Show the server's health.
#[utoipa::path(
    get, path = "/health", tag = "operations",
    responses((status = 200, body = Health), (status = 503, body = Health)),
)]
pub(super) async fn show_health(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let is_up = is_store_up(&app).await;
    let (status, word) = if is_up {
        (StatusCode::OK, "healthy")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unhealthy")
    };
    let uptime = app.started.elapsed().as_secs_f64();
    let health = Health {
        status: word,
        timestamp: iso(app.host.now().wall),
        version: env!("CARGO_PKG_VERSION"),
        uptime: (uptime * 1_000.0).round() / 1_000.0,
        services: Services {
            database: ServiceState::of(is_up),
            websocket: ServiceState::of(true),
        },
    };
    (status, Json(health))
}

/// Say that the process answers.
#[utoipa::path(get, path = "/livez", tag = "operations", responses((status = 200)))]
pub(super) async fn show_liveness() -> StatusCode {
    StatusCode::OK
}

/// Say whether the server can do its work.
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses((status = 200), (status = 503)),
)]
pub(super) async fn show_readiness(State(app): State<Arc<App>>) -> StatusCode {
    if is_store_up(&app).await {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Whether the latest write succeeded and the store answers now.
async fn is_store_up(app: &App) -> bool {
    let answer = tokio::time::timeout(PATIENCE, app.store.health());
    app.flusher.is_store_up() && matches!(answer.await, Ok(Ok(())))
}
