//! What the store has to do while 1,000 people make a request a second each.
//!
//! They start evenly over the first minute, so that their refreshes never share more than chance gives them: the worst case for transactions.
//! The minutes after it are counted, one by one, by the server's own count of what it wrote.

use std::time::Duration;

use tokio::time::Instant;
use vigie_client::Http;

use crate::finding::Finding;
use crate::people::{callers, converse, fetch};
use crate::row::RUNS;
use crate::server::Server;
use crate::stage::{Stage, operator};

const PEOPLE: usize = 1_000;
const MINUTE: Duration = Duration::from_secs(60);
const BETWEEN_REQUESTS: Duration = Duration::from_secs(1);

/// Most rows in a minute: one of each person, and the node's own.
const ROWS_BUDGET: f64 = 1_010.0;

/// Most transactions in a minute.
const TRANSACTIONS_BUDGET: f64 = 300.0;

/// What a server has done for its store since its start.
#[derive(Debug, Clone, Copy)]
struct Work {
    rows: f64,
    transactions: f64,
    activities: f64,
}

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Vec<Finding>> {
    let vigie = stage.vigie()?;
    let server = &vigie.server;
    // Everybody exists before: what is counted is presence alone.
    converse(server, 0, 0..PEOPLE).await?;
    let began = Instant::now();
    let people: Vec<_> = callers(server, PEOPLE)?
        .into_iter()
        .zip(0_u32..)
        .map(|(caller, number)| {
            let first = began + MINUTE / u32::try_from(PEOPLE).unwrap_or(u32::MAX) * number;
            tokio::spawn(ask_for_ever(caller, first))
        })
        .collect();
    let (mut rows, mut transactions, mut activities) = (Vec::new(), Vec::new(), Vec::new());
    tokio::time::sleep_until(began + MINUTE).await;
    let mut before = Work::of(server).await?;
    for minute in (2_u32..).take(RUNS) {
        tokio::time::sleep_until(began + MINUTE * minute).await;
        let after = Work::of(server).await?;
        rows.push(after.rows - before.rows);
        transactions.push(after.transactions - before.transactions);
        activities.push(after.activities - before.activities);
        before = after;
    }
    for person in people {
        if person.is_finished() {
            return Err(person.await?.context("a request failed"));
        }
        person.abort();
    }
    Ok(vec![
        Finding::new("activities a minute, 1,000 people", "", activities)?,
        Finding::new("… rows written a minute", "", rows)?.at_most(ROWS_BUDGET),
        Finding::new("… transactions a minute", "", transactions)?.at_most(TRANSACTIONS_BUDGET),
    ])
}

/// Returns only what went wrong.
async fn ask_for_ever(caller: Http, first: Instant) -> anyhow::Error {
    let mut seconds = tokio::time::interval_at(first, BETWEEN_REQUESTS);
    loop {
        seconds.tick().await;
        if let Err(error) = fetch(&caller, "/v1/auth/forward").await {
            return error;
        }
    }
}

impl Work {
    async fn of(server: &Server) -> anyhow::Result<Self> {
        let text = fetch(&operator(server), "/metrics").await?.text();
        Ok(Self {
            rows: total(&text, "vigie_flush_rows_total")?,
            transactions: total(&text, "vigie_flush_transactions_total")?,
            activities: total(&text, "vigie_activities_total")?,
        })
    }
}

/// The sum of a metric over its labels.
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
