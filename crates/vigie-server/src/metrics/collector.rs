//! The server's state as metrics, read once per scrape.

use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::app::App;
use crate::config::Config;

/// One metric: its name, its help, and a number for each value of its one label.
#[derive(Debug)]
struct Reading {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    /// Its label's name; empty when it has none.
    label: &'static str,
    numbers: Vec<(&'static str, u64)>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    /// A gauge of milliseconds, told in seconds.
    Period,
}

/// Everything that is read at a scrape.
#[derive(Debug, Default)]
pub(super) struct ServerState {
    readings: Vec<Reading>,
}

impl ServerState {
    pub(super) fn read(app: &App) -> Self {
        let mut state = Self::default();
        state.read_people(app);
        state.read_activities(app);
        state.read_store(app);
        state.read_webhooks(app);
        state.add_all(
            Kind::Counter,
            "limits_reached",
            "Times that a limit was reached, by limit",
            "limit",
            app.metrics.limits.counts(),
        );
        let version = env!("CARGO_PKG_VERSION");
        state.add_all(
            Kind::Gauge,
            "build",
            "The running version, always 1",
            "version",
            [(version, 1)],
        );
        let uptime = app.started.elapsed().as_secs();
        state.add(
            Kind::Gauge,
            "uptime_seconds",
            "Time since the start",
            uptime,
        );
        state.read_periods(&app.config);
        state
    }

    /// The periods by which people come and go: whoever watches from outside knows how long to wait.
    fn read_periods(&mut self, config: &Config) {
        let (rules, periods) = (&config.rules, &config.periods);
        let in_force = [
            ("away_after", rules.away_after),
            ("grace", rules.grace),
            ("offline_after", rules.offline_after),
            ("ping_interval", periods.ping_interval),
            ("ping_timeout", periods.ping_timeout),
            ("restart_grace", rules.restart_grace),
            ("throttle_interval", rules.throttle_interval),
        ];
        let millis = |period: Duration| u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
        let in_force = in_force.map(|(setting, period)| (setting, millis(period)));
        let help = "Periods in force, by setting";
        self.add_all(Kind::Period, "setting_seconds", help, "setting", in_force);
    }

    fn read_people(&mut self, app: &App) {
        let present = app.host.present();
        let people = [
            ("user", present.users as u64),
            ("guest", present.guests as u64),
        ];
        self.add_all(
            Kind::Gauge,
            "present",
            "Principals who are online or away",
            "kind",
            people,
        );
        let sockets = app.fanout.hub.len() as u64;
        self.add(
            Kind::Gauge,
            "connections",
            "Sockets of authenticated principals",
            sockets,
        );
        let open = app.places.taken() as u64;
        let help = "Connections that clients have open, HTTP ones included";
        self.add(Kind::Gauge, "open_connections", help, open);
        let places = app.places.limit() as u64;
        let help = "Connections that may be open at the same time";
        self.add(Kind::Gauge, "connection_places", help, places);
        let totals = app.host.totals();
        let sessions = [
            ("connected", totals.connected as u64),
            ("grace", totals.in_grace as u64),
        ];
        let help = "Sessions that count, by whether their connection is open";
        self.add_all(Kind::Gauge, "sessions", help, "state", sessions);
        let edges = app.host.edges();
        let edges = [
            ("online", edges.online),
            ("away", edges.away),
            ("busy", edges.busy),
            ("offline", edges.offline),
        ];
        let help = "Changes of availability, by the state after them";
        self.add_all(Kind::Counter, "edges", help, "to", edges);
    }

    fn read_activities(&mut self, app: &App) {
        let offered = app.host.offered();
        let accepted = offered.successful + offered.pending;
        let outcomes = [("throttled", offered.throttled), ("accepted", accepted)];
        let help = "Activities offered to the throttle, by what it did";
        self.add_all(Kind::Counter, "activities", help, "outcome", outcomes);
        let help = "Accepted activities that are durable";
        self.add(
            Kind::Counter,
            "activities_durable",
            help,
            offered.successful,
        );
        let help = "Accepted activities whose first flush failed";
        self.add(Kind::Counter, "updates_failed", help, offered.failed);
        let help = "Accepted activities that are not durable yet";
        self.add(Kind::Gauge, "updates_pending", help, offered.pending);
        let entries = app.host.cells().entries() as u64;
        self.add(
            Kind::Gauge,
            "throttle_entries",
            "Live throttle entries",
            entries,
        );
    }

    fn read_store(&mut self, app: &App) {
        let (rows, transactions) = app.flusher.written();
        self.add(
            Kind::Counter,
            "flush_rows",
            "Rows of presence written to the store",
            rows,
        );
        let help = "Transactions of presence made durable";
        self.add(Kind::Counter, "flush_transactions", help, transactions);
        let is_up = u64::from(app.flusher.is_store_up());
        self.add(
            Kind::Gauge,
            "store_up",
            "Whether the latest write succeeded",
            is_up,
        );
        let help = "Differences between memory and store, each written again";
        self.add(
            Kind::Counter,
            "maintenance_findings",
            help,
            app.maintenance.findings(),
        );
        let help = "Stored times of the future that were taken for the start";
        self.add(
            Kind::Gauge,
            "clamped_times",
            help,
            app.host.totals().clamped_times,
        );
    }

    fn read_webhooks(&mut self, app: &App) {
        let help = "Webhooks, by how they go";
        let states = app.webhooks.states();
        self.add_all(Kind::Gauge, "webhooks", help, "state", states);
        let delivered = app.webhooks.delivered();
        let outcomes = [("taken", delivered.taken), ("failed", delivered.failed)];
        let help = "Attempts to deliver a batch to a webhook, by what became of it";
        self.add_all(
            Kind::Counter,
            "webhook_deliveries",
            help,
            "outcome",
            outcomes,
        );
        let help = "Events that webhooks took";
        self.add(Kind::Counter, "webhook_events", help, delivered.events);
        let help = "Events that wait for webhooks, as far as they are known";
        self.add(Kind::Gauge, "webhook_waiting", help, app.webhooks.waiting());
    }

    fn add(&mut self, kind: Kind, name: &'static str, help: &'static str, number: u64) {
        self.add_all(kind, name, help, "", [("", number)]);
    }

    fn add_all<const N: usize>(
        &mut self,
        kind: Kind,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        numbers: [(&'static str, u64); N],
    ) {
        self.readings.push(Reading {
            name,
            help,
            kind,
            label,
            numbers: numbers.to_vec(),
        });
    }
}

impl Collector for ServerState {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for reading in &self.readings {
            let kind = match reading.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge | Kind::Period => MetricType::Gauge,
            };
            // The registry ends the help of its own metrics in the same way.
            let help = format!("{}.", reading.help);
            let mut metric = encoder.encode_descriptor(reading.name, &help, None, kind)?;
            for (value, number) in &reading.numbers {
                if reading.label.is_empty() {
                    reading.kind.encode(*number, &mut metric)?;
                } else {
                    let labels = [(reading.label, *value)];
                    reading
                        .kind
                        .encode(*number, &mut metric.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}

impl Kind {
    fn encode(self, number: u64, metric: &mut MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            Self::Counter => metric.encode_counter::<NoLabelSet, _, u64>(&number, None),
            Self::Gauge => metric.encode_gauge(&number),
            Self::Period => metric.encode_gauge(&Duration::from_millis(number).as_secs_f64()),
        }
    }
}
