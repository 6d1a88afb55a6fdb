//! What the server counts, for Prometheus: state read at each scrape, and requests counted as they are answered.
//!
//! In: the running server. Out: Prometheus text (0.0.4) or OpenMetrics (1.0).
//! Always true: labels come from short lists known at compile time, so the number of series is bounded.

mod collector;
mod text;

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::app::App;
use collector::ServerState;
pub(crate) use text::Format;

/// The counters that are kept between two scrapes.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    /// Packets of sockets that meant nothing, or came too fast.
    pub(crate) ignored_packets: Counter,
}

/// What tells requests apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    /// The route as it is registered, ids not filled in.
    route: String,
    status: u16,
}

impl Metrics {
    /// Everything there is to say of a server now.
    ///
    /// # Errors
    /// Never in practice: the text is written to memory.
    pub(crate) fn expose(&self, app: &App, format: Format) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("vigie");
        registry.register(
            "http_requests",
            "Requests answered, by method, route and status",
            self.requests.clone(),
        );
        registry.register(
            "ignored_packets",
            "Packets of sockets that meant nothing, or came too fast",
            self.ignored_packets.clone(),
        );
        registry.register_collector(Box::new(ServerState::read(app)));
        text::write(&registry, format)
    }
}

/// Counts a request once it is answered.
pub(crate) async fn count_request(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let labels = RequestLabels {
        method,
        route,
        status: response.status().as_u16(),
    };
    app.metrics.requests.get_or_create(&labels).inc();
    response
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
