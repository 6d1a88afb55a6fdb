//! The two text formats of metrics.
//!
//! The registry writes OpenMetrics, where a counter's family lacks the `_total` of its samples; Prometheus text names both alike.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus text, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The media type.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Writes a registry.
pub(super) fn write(registry: &Registry, format: Format) -> Result<String, fmt::Error> {
    let mut open_metrics = String::new();
    encode(&mut open_metrics, registry)?;
    Ok(match format {
        Format::OpenMetrics => open_metrics,
        Format::Prometheus => to_prometheus(&open_metrics),
    })
}

fn to_prometheus(open_metrics: &str) -> String {
    let mut lines = open_metrics.lines().peekable();
    let mut text = String::with_capacity(open_metrics.len());
    let mut line_of = |words: &[&str]| {
        text.push_str(&words.concat());
        text.push('\n');
    };
    while let Some(line) = lines.next() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        if let Some(family) = counter_of(line) {
            line_of(&["# TYPE ", family, "_total counter"]);
            continue;
        }
        let help = line
            .strip_prefix("# HELP ")
            .and_then(|rest| rest.split_once(' '));
        let next_counter = lines.peek().and_then(|next| counter_of(next));
        match help {
            Some((family, words)) if next_counter == Some(family) => {
                line_of(&["# HELP ", family, "_total ", words]);
            }
            Some(_) | None => line_of(&[line]),
        }
    }
    text
}

/// The counter whose type a line declares.
fn counter_of(line: &str) -> Option<&str> {
    line.strip_prefix("# TYPE ")?.strip_suffix(" counter")
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::gauge::Gauge;

    use super::*;

    #[test]
    fn counters_have_one_name_in_prometheus_text() {
        let mut registry = Registry::with_prefix("vigie");
        let counter: Counter = Counter::default();
        counter.inc_by(3);
        registry.register("edges", "Changes", counter);
        registry.register("present", "People", Gauge::<i64>::default());
        let check = |format, expected: &str| {
            assert_eq!(write(&registry, format).as_deref(), Ok(expected));
        };
        check(
            Format::OpenMetrics,
            "# HELP vigie_edges Changes.\n# TYPE vigie_edges counter\nvigie_edges_total 3\n# HELP vigie_present People.\n# TYPE vigie_present gauge\nvigie_present 0\n# EOF\n",
        );
        check(
            Format::Prometheus,
            "# HELP vigie_edges_total Changes.\n# TYPE vigie_edges_total counter\nvigie_edges_total 3\n# HELP vigie_present People.\n# TYPE vigie_present gauge\nvigie_present 0\n",
        );
    }
}
