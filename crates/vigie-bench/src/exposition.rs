//! What a measured server says of itself at `/metrics`, where nothing outside could tell.

use std::time::Duration;

use tokio::time::Instant;

use crate::people::fetch;
use crate::server::Server;
use crate::stage::operator;

/// The sum of a metric over its labels, as of now.
///
/// # Errors
/// When the server has no such metric.
pub(crate) async fn metric(server: &Server, name: &str) -> anyhow::Result<f64> {
    total(&fetch(&operator(server), "/metrics").await?.text(), name)
}

/// Reads a metric again and again until it satisfies; says when it did.
///
/// # Errors
/// When it does not within `patience`.
pub(crate) async fn wait_for_metric(
    server: &Server,
    name: &str,
    glance: Duration,
    patience: Duration,
    mut satisfies: impl FnMut(f64) -> bool,
) -> anyhow::Result<Instant> {
    let operator = operator(server);
    let began = Instant::now();
    loop {
        let value = total(&fetch(&operator, "/metrics").await?.text(), name)?;
        let now = Instant::now();
        if satisfies(value) {
            return Ok(now);
        }
        anyhow::ensure!(
            now - began < patience,
            "{name} was {value} after {patience:?}"
        );
        tokio::time::sleep(glance).await;
    }
}

fn total(text: &str, name: &str) -> anyhow::Result<f64> {
    let numbers: Vec<f64> = text
        .lines()
        .filter_map(|line| line.strip_prefix(name))
        .filter(|rest| rest.starts_with([' ', '{']))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse().ok())
        .collect();
    anyhow::ensure!(!numbers.is_empty(), "no metric {name}");
    Ok(numbers.iter().sum())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn labels_are_summed_and_longer_names_are_others() {
        let text = "# HELP a b\na{x=\"1\"} 2\na{x=\"2\"} 3\na_b 7\n";
        assert_eq!(total(text, "a").unwrap(), 5.0);
        assert_eq!(total(text, "a_b").unwrap(), 7.0);
        assert!(total(text, "c").is_err());
    }
}
