//! The maintenance routes, the same under each of their five mounts; their French messages are part of the contract.
//!
//! One live service stands behind all of them: numbers read here are those that the requests moved.

mod access;
mod failure;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vigie_core::{PrincipalId, Signal};

use self::access::MaintenanceAccess;
use self::failure::{MaintenanceError, MaintenanceFailure, refuse_method};
use super::access::find;
use super::answer::{Said, Success};
use super::error::ApiError;
use super::gate::patiently;
use super::input::Payload;
use crate::app::App;
use crate::fanout::wire::iso;
use crate::maintenance::CleanUpError;

/// Where deployed scripts and dashboards look for these routes.
const MOUNTS: [&str; 5] = [
    "/maintenance",
    "/api",
    "/api/maintenance",
    "/api/v1",
    "/api/v1/maintenance",
];

/// The routes under all their mounts.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    let (routes, document) = OpenApiRouter::new()
        .routes(routes!(show_stats))
        .routes(routes!(show_status_metrics))
        .routes(routes!(reset_status_metrics))
        .routes(routes!(set_user_status))
        .routes(routes!(clean_up))
        .split_for_parts();
    let mut mounted = OpenApiRouter::from(routes.method_not_allowed_fallback(refuse_method));
    *mounted.get_openapi_mut() = document;
    MOUNTS
        .into_iter()
        .fold(OpenApiRouter::new(), |router, mount| {
            router.nest(mount, mounted.clone())
        })
}

/// Who is here, in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Stats {
    /// Users who are online or away.
    online_users: usize,
    /// Users who exist.
    total_users: usize,
    /// Guests who exist.
    anonymous_sessions: usize,
    /// Guests who are online or away.
    online_anonymous: usize,
    /// Somebody present by REST alone is offline after so many minutes of silence.
    #[schema(value_type = f64)]
    offline_threshold_minutes: serde_json::Number,
    /// Whether the jobs run.
    maintenance_active: bool,
    /// When the store was compared last.
    #[schema(format = DateTime)]
    last_run_at: Option<String>,
    /// What that comparison found wrong.
    last_findings: u64,
}

/// Show who is here, in numbers.
#[utoipa::path(
    get, path = "/stats", tag = "maintenance",
    responses(
        (status = 200, body = Success<Stats>),
        (status = 401, body = MaintenanceFailure), (status = 403, body = MaintenanceFailure),
    ),
    security(("jwt" = []), ("api_key" = [])),
)]
async fn show_stats(
    State(app): State<Arc<App>>,
    MaintenanceAccess: MaintenanceAccess,
) -> Json<Success<Stats>> {
    let present = app.host.present();
    let existing = app.people.directory().population();
    let latest = app.maintenance.latest();
    Success::of(Stats {
        online_users: present.users,
        total_users: existing.users,
        anonymous_sessions: existing.guests,
        online_anonymous: present.guests,
        offline_threshold_minutes: minutes(app.config.rules.offline_after),
        maintenance_active: app.maintenance.is_active(),
        last_run_at: latest.at.map(iso),
        last_findings: latest.findings,
    })
}

/// What became of activities since the latest reset.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StatusMetricsView {
    /// Activities offered to the throttle.
    total_requests: u64,
    /// Those it held back.
    throttled_requests: u64,
    /// Accepted ones that are durable.
    successful_updates: u64,
    /// Accepted ones whose first flush failed.
    failed_updates: u64,
    /// Live throttle entries, users and guests.
    cache_size: usize,
    /// The held-back share in percent, two decimals.
    #[schema(value_type = f64)]
    throttle_rate: serde_json::Number,
    /// Accepted ones that are not durable yet.
    pending_updates: u64,
    /// Writes that the throttle saved.
    writes_saved: u64,
}

/// Show what the throttle did.
#[utoipa::path(
    get, path = "/status-metrics", tag = "maintenance",
    responses(
        (status = 200, body = Success<StatusMetricsView>),
        (status = 401, body = MaintenanceFailure), (status = 403, body = MaintenanceFailure),
    ),
    security(("jwt" = []), ("api_key" = [])),
)]
async fn show_status_metrics(
    State(app): State<Arc<App>>,
    MaintenanceAccess: MaintenanceAccess,
) -> Json<Success<StatusMetricsView>> {
    let metrics = app.status.metrics();
    Success::of(StatusMetricsView {
        total_requests: metrics.total_requests,
        throttled_requests: metrics.throttled_requests,
        successful_updates: metrics.successful_updates,
        failed_updates: metrics.failed_updates,
        cache_size: metrics.cache_size,
        throttle_rate: short_number(metrics.throttle_rate()),
        pending_updates: metrics.pending_updates,
        writes_saved: metrics.throttled_requests,
    })
}

/// Count anew from here; cache, throttle entries and Prometheus stay untouched.
#[utoipa::path(
    post, path = "/status-metrics/reset", tag = "maintenance",
    responses(
        (status = 200, body = Said),
        (status = 401, body = MaintenanceFailure), (status = 403, body = MaintenanceFailure),
    ),
    security(("jwt" = []), ("api_key" = [])),
)]
async fn reset_status_metrics(
    State(app): State<Arc<App>>,
    MaintenanceAccess: MaintenanceAccess,
) -> Json<Said> {
    app.status.reset_metrics();
    Said::that("Métriques de statut réinitialisées avec succès")
}

/// A status to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusRequest {
    /// A user's or guest's id, without its type.
    user_id: String,
    /// Online by a REST lease from now, or offline until they come again.
    is_online: bool,
}

impl StatusRequest {
    /// Whose status it is.
    pub(super) fn whose(&self) -> Result<PrincipalId, ApiError> {
        Ok(PrincipalId::from_wire(&self.user_id)?)
    }
}

/// Say that somebody is online or offline; watchers are told.
#[utoipa::path(
    post, path = "/user-status", tag = "maintenance",
    request_body(content = StatusRequest),
    responses(
        (status = 200, body = Said), (status = 400, body = MaintenanceFailure),
        (status = 401, body = MaintenanceFailure), (status = 403, body = MaintenanceFailure),
        (status = 404, body = MaintenanceFailure), (status = 413, body = MaintenanceFailure),
    ),
    security(("jwt" = []), ("api_key" = [])),
)]
async fn set_user_status(
    State(app): State<Arc<App>>,
    MaintenanceAccess: MaintenanceAccess,
    payload: Result<Payload<StatusRequest>, ApiError>,
) -> Result<Json<Said>, MaintenanceError> {
    let Payload(request) = payload?;
    let principal = find(&app, &request.whose()?)?;
    let StatusRequest { user_id, is_online } = request;
    app.host.signal(Signal::StatusForced {
        principal,
        online: is_online,
    });
    let state = if is_online { "en ligne" } else { "hors ligne" };
    Ok(Said::that(format!(
        "Statut utilisateur {user_id} mis à jour: {state}"
    )))
}

/// Remove what has expired now: guests whose time is over, throttle entries of the silent.
#[utoipa::path(
    post, path = "/cleanup", tag = "maintenance",
    responses(
        (status = 200, body = Said), (status = 401, body = MaintenanceFailure),
        (status = 403, body = MaintenanceFailure), (status = 503, body = MaintenanceFailure),
    ),
    security(("jwt" = []), ("api_key" = [])),
)]
async fn clean_up(
    State(app): State<Arc<App>>,
    MaintenanceAccess: MaintenanceAccess,
) -> Result<Json<Said>, MaintenanceError> {
    let cleaning = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.maintenance.clean_up(&app).await }
    });
    let cleaned = patiently(&app, cleaning).await?;
    cleaned.map_err(|_| ApiError::Internal)?.map_err(failed)?;
    Ok(Said::that("Nettoyage des données expirées terminé"))
}

fn failed(error: CleanUpError) -> ApiError {
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        "the clean-up was not finished"
    );
    ApiError::StoreAway
}

/// A duration in minutes: a whole number where it is one.
fn minutes(duration: Duration) -> serde_json::Number {
    short_number(duration.as_secs_f64() / 60.0)
}

/// `90` rather than `90.0`.
fn short_number(number: f64) -> serde_json::Number {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number of this size is exact in both types"
    )]
    let whole = number as i64;
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return whole.into();
    }
    serde_json::Number::from_f64(number).unwrap_or_else(|| 0.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_decimals() {
        let check = |number: f64, expected: &str| {
            assert_eq!(short_number(number).to_string(), expected);
        };
        check(90.0, "90");
        check(0.0, "0");
        check(66.67, "66.67");
        check(100.0, "100");
        assert_eq!(minutes(Duration::from_secs(300)).to_string(), "5");
        assert_eq!(minutes(Duration::from_secs(3)).to_string(), "0.05");
    }
}
