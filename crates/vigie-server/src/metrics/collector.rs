//! The server's state as metrics, read once per scrape.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::app::App;

/// One metric: its name, its help, and a value for each value of its one label.
#[derive(Debug)]
struct Reading {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    /// Its label's name; empty when it has none.
    label: &'static str,
    values: Vec<(&'static str, f64)>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

/// Everything that is read at a scrape.
#[derive(Debug)]
pub(super) struct ServerState {
    readings: Vec<Reading>,
}

impl ServerState {
    pub(super) fn read(app: &App) -> Self {
        let present = app.host.present();
        let totals = app.host.totals();
        let edges = app.host.edges();
        let offered = app.host.offered();
        let (rows, flushes) = app.flusher.written();
        let findings = app.maintenance.findings();
        let count = |number: u64| number as f64;
        let size = |number: usize| number as f64;
        let uptime = app.started.elapsed().as_secs_f64();
        let readings = vec![
            gauge(
                "build",
                "The running version, always 1",
                "version",
                vec![(env!("CARGO_PKG_VERSION"), 1.0)],
            ),
            gauge(
                "uptime_seconds",
                "Time since the start",
                "",
                vec![("", uptime)],
            ),
            gauge(
                "present",
                "Principals who are online or away",
                "kind",
                vec![
                    ("user", size(present.users)),
                    ("guest", size(present.guests)),
                ],
            ),
            gauge(
                "connections",
                "Sockets of authenticated principals",
                "",
                vec![("", size(app.fanout.hub.len()))],
            ),
            gauge(
                "sessions",
                "Sessions that count, by whether their connection is open",
                "state",
                vec![
                    ("connected", size(totals.connected)),
                    ("grace", size(totals.in_grace)),
                ],
            ),
            counter(
                "edges",
                "Changes of availability, by the state after them",
                "to",
                vec![
                    ("online", count(edges.online)),
                    ("away", count(edges.away)),
                    ("offline", count(edges.offline)),
                ],
            ),
            counter(
                "activities",
                "Activities offered to the throttle, by what it did",
                "outcome",
                vec![
                    ("throttled", count(offered.throttled)),
                    ("accepted", count(offered.successful + offered.pending)),
                ],
            ),
            counter(
                "activities_durable",
                "Accepted activities that are durable",
                "",
                vec![("", count(offered.successful))],
            ),
            counter(
                "updates_failed",
                "Accepted activities whose first flush failed",
                "",
                vec![("", count(offered.failed))],
            ),
            gauge(
                "updates_pending",
                "Accepted activities that are not durable yet",
                "",
                vec![("", count(offered.pending))],
            ),
            gauge(
                "throttle_entries",
                "Live throttle entries",
                "",
                vec![("", size(app.host.cells().entries()))],
            ),
            counter(
                "flush_rows",
                "Rows of presence written to the store",
                "",
                vec![("", count(rows))],
            ),
            counter(
                "flush_transactions",
                "Transactions of presence made durable",
                "",
                vec![("", count(flushes))],
            ),
            gauge(
                "store_up",
                "Whether the latest write succeeded",
                "",
                vec![("", f64::from(app.flusher.is_store_up()))],
            ),
            counter(
                "maintenance_findings",
                "Differences between memory and store, each written again",
                "",
                vec![("", count(findings))],
            ),
            gauge(
                "clamped_times",
                "Stored times of the future that were taken for the start",
                "",
                vec![("", count(totals.clamped_times))],
            ),
        ];
        Self { readings }
    }
}

fn counter(
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: Vec<(&'static str, f64)>,
) -> Reading {
    Reading {
        name,
        help,
        kind: Kind::Counter,
        label,
        values,
    }
}

fn gauge(
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: Vec<(&'static str, f64)>,
) -> Reading {
    Reading {
        name,
        help,
        kind: Kind::Gauge,
        label,
        values,
    }
}

impl Collector for ServerState {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for reading in &self.readings {
            let kind = match reading.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            let mut metric = encoder.encode_descriptor(reading.name, reading.help, None, kind)?;
            for (value, number) in &reading.values {
                let labels = [(reading.label, *value)];
                let metric = if reading.label.is_empty() {
                    metric.encode_family(&NO_LABELS)?
                } else {
                    metric.encode_family(&labels)?
                };
                match reading.kind {
                    Kind::Counter => ConstCounter::new(*number).encode(metric)?,
                    Kind::Gauge => ConstGauge::new(*number).encode(metric)?,
                }
            }
        }
        Ok(())
    }
}

const NO_LABELS: [(&str, &str); 0] = [];
