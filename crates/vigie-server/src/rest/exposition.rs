//! `/metrics`: what the server counts, for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::access::Service;
use super::error::{ApiError, CredentialFailure, Problem};
use crate::app::App;
use crate::metrics::Format;

/// Show the metrics: Prometheus text, or OpenMetrics when `Accept` asks for it.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 401, body = CredentialFailure), (status = 403, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn show_metrics(
    State(app): State<Arc<App>>,
    Service: Service,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    expose(&app, &headers)
}

/// The same without a key, on the operators' own listener.
pub(super) async fn show_metrics_openly(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    expose(&app, &headers)
}

fn expose(app: &App, headers: &HeaderMap) -> Result<Response, ApiError> {
    let asks_for_open_metrics = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|accept| accept.to_str().ok())
        .any(|accept| accept.contains("application/openmetrics-text"));
    let format = if asks_for_open_metrics {
        Format::OpenMetrics
    } else {
        Format::Prometheus
    };
    let text = app.metrics.expose(app, format).map_err(|error| {
        tracing::error!(%error, "the metrics could not be written");
        ApiError::Internal
    })?;
    let kind = HeaderValue::from_static(format.content_type());
    let vary = HeaderValue::from_static("accept");
    Ok(([(CONTENT_TYPE, kind), (VARY, vary)], text).into_response())
}
