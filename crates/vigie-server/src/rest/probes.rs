//! `/health`, `/livez`, `/readyz`: is the server there, and can it work? Open to everyone, without detail.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::Wall;

use crate::app::App;
use crate::clock::Clock;
use crate::fanout::wire::iso;

/// The server's health, as the old system's scripts read it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
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

impl Health {
    fn new(is_store_up: bool, now: Wall, uptime: Duration) -> Self {
        Self {
            status: if is_store_up { "healthy" } else { "unhealthy" },
            timestamp: iso(now),
            version: env!("CARGO_PKG_VERSION"),
            uptime: (uptime.as_secs_f64() * 1_000.0).round() / 1_000.0,
            services: Services {
                database: ServiceState::of(is_store_up),
                websocket: ServiceState::of(true),
            },
        }
    }

    /// The answer of a server whose store has not answered yet.
    pub(crate) fn before_the_store(uptime: Duration) -> (StatusCode, Json<Self>) {
        let now = Clock::start().now().wall;
        let health = Self::new(false, now, uptime);
        (StatusCode::SERVICE_UNAVAILABLE, Json(health))
    }
}

/// Show the server's health.
#[utoipa::path(
    get, path = "/health", tag = "operations",
    responses((status = 200, body = Health), (status = 503, body = Health)),
)]
pub(super) async fn show_health(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let is_up = app.flusher.probe_store().await;
    let status = if is_up {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let health = Health::new(is_up, app.host.now().wall, app.started.elapsed());
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
    if app.flusher.probe_store().await {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}
