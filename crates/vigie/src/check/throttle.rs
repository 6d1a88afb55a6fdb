//! The throttle and its counters: ten requests of one person, of which one is accepted and nine are held back.
//!
//! The counters are those of the whole server, and others may be active at the same time.
//! They can only add: whatever part of a difference is ours is at most the difference.
//! So an attempt in which fewer than nine were held back in all proves that ours were not, and one in which at most one was accepted in all proves that nine of ours were held back, however busy the server is.
//! Between the two the best of several attempts counts, and where none is quiet enough, a batch of a thousand drowns the others.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vigie_client::Method;

use super::finding::{Fault, Seen};
use super::site::Caller;

mod counters;
mod verdict;

pub(super) use counters::Counters;
use counters::Moved;
use verdict::{BATCH, REQUESTS, frozen, is_exact, is_held_back, judge_counters, judge_throttle};

/// Between two requests: a throttle that lets one in every few milliseconds is none.
const PACE: Duration = Duration::from_millis(2);

/// Attempts, until one is quiet.
const ATTEMPTS: usize = 8;

/// Tries to find as many as the verdict asks for between two quiet looks.
const DOUBTFUL_ATTEMPTS: usize = 6;

/// How often the counters are read while an update becomes durable.
const PAUSE: Duration = Duration::from_millis(20);

/// What both steps found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) counters: Result<Seen, Fault>,
    /// `None` when the counters are no use.
    pub(super) throttle: Option<Result<Seen, Fault>>,
}

/// Makes ten requests as `person`, several times, and looks at the counters around them.
///
/// `person` must not have been active before.
pub(super) async fn try_out(
    operator: &Caller,
    service: &Caller,
    person: &Caller,
    id: &str,
    patience: Duration,
) -> Found {
    match measure(operator, service, person, id, patience).await {
        Ok(found) => found,
        Err(fault) => Found {
            counters: Err(fault),
            throttle: None,
        },
    }
}

async fn measure(
    operator: &Caller,
    service: &Caller,
    person: &Caller,
    id: &str,
    patience: Duration,
) -> Result<Found, Fault> {
    let start = Counters::read(operator).await?;
    let mut attempts: Vec<Moved> = Vec::new();
    let mut took = Duration::ZERO;
    while attempts.len() < ATTEMPTS && !attempts.iter().any(|moved| is_exact(*moved)) {
        let began = Instant::now();
        let moved = attempt(operator, person).await?;
        took = began.elapsed();
        if moved.total < REQUESTS && !moved.is_backwards() {
            return Ok(Found {
                counters: Err(frozen(moved)),
                throttle: None,
            });
        }
        attempts.push(moved);
    }
    let mut doubts = Vec::new();
    if !attempts.iter().any(|moved| moved.total == REQUESTS) {
        for _ in 0..DOUBTFUL_ATTEMPTS {
            let was_still = stands_still(operator, took).await?;
            let moved = attempt(operator, person).await?;
            if was_still && stands_still(operator, took).await? {
                doubts.push(moved);
            }
            attempts.push(moved);
        }
    }
    let batch = if attempts.iter().any(|moved| is_held_back(*moved)) {
        None
    } else {
        Some(drown(operator, service, id).await?)
    };
    let durable = become_durable(operator, &start, patience).await;
    let counters = match durable {
        Ok(durable) => {
            judge_counters(&attempts, &doubts).map(|seen| seen.timed("durable", durable))
        }
        Err(fault) => Err(fault),
    };
    Ok(Found {
        counters,
        throttle: Some(judge_throttle(&attempts, batch, took)),
    })
}

/// Ten requests.
async fn attempt(operator: &Caller, person: &Caller) -> Result<Moved, Fault> {
    let before = Counters::read(operator).await?;
    for _ in 0..REQUESTS {
        person.get("/api/conversations").await?;
        tokio::time::sleep(PACE).await;
    }
    Ok(Moved::between(&before, &Counters::read(operator).await?))
}

/// Whether nobody is active while we are not.
async fn stands_still(operator: &Caller, during: Duration) -> Result<bool, Fault> {
    let before = Counters::read(operator).await?;
    tokio::time::sleep(during).await;
    Ok(Moved::between(&before, &Counters::read(operator).await?).total == 0)
}

/// A thousand activities at once.
async fn drown(operator: &Caller, service: &Caller, id: &str) -> Result<Moved, Fault> {
    let batch: Value = (0..BATCH).map(|_| json!({ "userId": id })).collect();
    let before = Counters::read(operator).await?;
    service
        .expect(&[200], Method::POST, "/v1/activity", Some(&batch))
        .await?;
    Ok(Moved::between(&before, &Counters::read(operator).await?))
}

/// Waits until an accepted activity is in the store.
async fn become_durable(
    operator: &Caller,
    start: &Counters,
    patience: Duration,
) -> Result<Duration, Fault> {
    let began = Instant::now();
    loop {
        let now = Counters::read(operator).await?;
        if now.successful > start.successful || now.is_below(start) {
            return Ok(began.elapsed());
        }
        if began.elapsed() > patience {
            return Err(Fault::new(
                format!("an accepted activity is durable within {patience:?}"),
                format!(
                    "successfulUpdates stays {}, pendingUpdates is {}",
                    now.successful, now.pending
                ),
                "is the store writable? vigie_store_up and vigie_updates_failed_total in /metrics, the server's log",
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
