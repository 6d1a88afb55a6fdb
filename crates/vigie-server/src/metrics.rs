//! What the server counts, for Prometheus: state read at each scrape, and requests counted as they are answered.
//!
//! In: the running server. Out: Prometheus text (0.0.4) or OpenMetrics (1.0).
//! Always true: labels come from short lists known at compile time, so the number of series is bounded.

mod collector;
mod requests;
mod text;

use std::fmt;
use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::limits::Reached;
use collector::ServerState;
use requests::RequestCounts;
pub(crate) use text::Format;

/// The counters that are kept between two scrapes.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests answered.
    pub(crate) requests: RequestCounts,
    /// Limits reached.
    pub(crate) limits: Arc<Reached>,
    /// Connections that the system could not give.
    pub(crate) accept_failures: Counter,
    /// Packets of sockets that meant nothing, or came too fast.
    pub(crate) ignored_packets: Counter,
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
            self.requests.family(),
        );
        registry.register(
            "ignored_packets",
            "Packets of sockets that meant nothing, or came too fast",
            self.ignored_packets.clone(),
        );
        registry.register(
            "accept_failures",
            "Connections that the system had no file for, and other failures to accept",
            self.accept_failures.clone(),
        );
        registry.register_collector(Box::new(ServerState::read(app)));
        text::write(&registry, format)
    }
}
