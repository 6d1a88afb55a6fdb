//! The throttle and its counters: ten requests of one person, of which one is accepted and nine are held back.
//!
//! The counters are those of the whole server, and others may be active at the same time.
//! They can only add: whatever part of a difference is ours is at most the difference.
//! So an attempt in which fewer than nine were held back in all proves that ours were not, and one in which at most one was accepted in all proves that nine of ours were held back, however busy the server is.
//! Between the two the best of several attempts counts, and where none is quiet enough, a batch of a thousand drowns the others.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vigie_client::Method;

use super::finding::{Fault, Seen, millis};
use super::site::Caller;

/// Requests of one attempt.
const REQUESTS: i64 = 10;

/// Between two requests: a throttle that lets one in every few milliseconds is none.
const PACE: Duration = Duration::from_millis(2);

/// Attempts, until one is quiet.
const ATTEMPTS: usize = 8;

/// Attempts between two looks at counters that stand still; so many of them must have moved too much before something is taken to be counted twice.
const DOUBTS: usize = 3;

/// Tries to find that many.
const DOUBTFUL_ATTEMPTS: usize = 6;

/// Activities of the batch that drowns the others.
const BATCH: i64 = 1_000;

/// At least this share of the batch must be held back, in percent.
const HELD_BACK_OF_BATCH: i64 = 90;

/// How often the counters are read while an update becomes durable.
const PAUSE: Duration = Duration::from_millis(20);

/// What both steps found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) counters: Result<Seen, Fault>,
    /// `None` when the counters are no use.
    pub(super) throttle: Option<Result<Seen, Fault>>,
}

/// `/maintenance/status-metrics` at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counters {
    total: i64,
    throttled: i64,
    successful: i64,
    pending: i64,
}

impl Counters {
    pub(super) async fn read(operator: &Caller) -> Result<Self, Fault> {
        let answer = operator.get("/maintenance/status-metrics").await?.json();
        let count = |field: &str| answer["data"][field].as_i64().unwrap_or_default();
        let counters = Self {
            total: count("totalRequests"),
            throttled: count("throttledRequests"),
            successful: count("successfulUpdates"),
            pending: count("pendingUpdates"),
        };
        if counters.total != counters.throttled + counters.accepted() {
            return Err(Fault::new(
                "totalRequests = throttledRequests + successfulUpdates + pendingUpdates",
                answer["data"].to_string(),
                "GET /maintenance/status-metrics: what changes answers between here and the server?",
            ));
        }
        Ok(counters)
    }

    /// Whether everything is 0 but what others did since.
    pub(super) fn is_below(&self, earlier: &Self) -> bool {
        self.total < earlier.total
    }

    fn accepted(&self) -> i64 {
        self.successful + self.pending
    }
}

/// What moved between two readings, ours and everybody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moved {
    total: i64,
    throttled: i64,
    accepted: i64,
}

impl Moved {
    fn between(before: &Counters, after: &Counters) -> Self {
        Self {
            total: after.total - before.total,
            throttled: after.throttled - before.throttled,
            accepted: after.accepted() - before.accepted(),
        }
    }

    /// Somebody reset the counters meanwhile.
    fn is_backwards(&self) -> bool {
        self.total < 0 || self.throttled < 0 || self.accepted < 0
    }
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

fn is_exact(moved: Moved) -> bool {
    moved.total == REQUESTS && is_held_back(moved)
}

/// At most one of everybody's was accepted, so at most one of ours.
fn is_held_back(moved: Moved) -> bool {
    !moved.is_backwards() && moved.accepted <= 1 && moved.throttled >= REQUESTS - 1
}

fn frozen(moved: Moved) -> Fault {
    Fault::new(
        format!("{REQUESTS} authenticated requests move totalRequests by at least {REQUESTS}"),
        format!("it moved by {}", moved.total),
        "do requests and /maintenance/status-metrics reach the same instance? does something cache the answer?",
    )
}

/// `doubts` are the attempts before and after which the counters stood still.
fn judge_counters(attempts: &[Moved], doubts: &[Moved]) -> Result<Seen, Fault> {
    let is_right = |moved: &Moved| moved.total == REQUESTS;
    if attempts.iter().any(is_right) {
        return Ok(format!("{REQUESTS} requests moved totalRequests by exactly {REQUESTS}").into());
    }
    let least = attempts.iter().map(|moved| moved.total).min();
    let least = least.unwrap_or_default();
    if doubts.len() >= DOUBTS {
        return Err(Fault::new(
            format!("{REQUESTS} requests move totalRequests by exactly {REQUESTS}"),
            format!("by {least} at least, and it stands still before and after"),
            "what is counted twice? does a proxy repeat requests, or ask forward-auth about them as well?",
        ));
    }
    Ok(format!(
        "{REQUESTS} requests moved totalRequests by at least {REQUESTS} (others are active all the time; least seen: {least})"
    )
    .into())
}

fn judge_throttle(attempts: &[Moved], batch: Option<Moved>, took: Duration) -> Result<Seen, Fault> {
    let expected = format!(
        "of {REQUESTS} requests of one person one is accepted and {} are held back",
        REQUESTS - 1
    );
    let hint = "throttle_interval: what does `vigie config` show? every request may be writing to the store";
    let let_through = attempts
        .iter()
        .find(|moved| !moved.is_backwards() && moved.throttled < REQUESTS - 1);
    if let Some(moved) = let_through {
        let seen = format!("{} accepted, {} held back", moved.accepted, moved.throttled);
        return Err(Fault::new(expected, seen, hint));
    }
    if attempts.first().is_some_and(|first| first.accepted == 0) {
        return Err(Fault::new(
            expected,
            "none was accepted, though the person had never been active before",
            "does anything become durable? vigie_activities_total in /metrics",
        ));
    }
    if let Some(exact) = attempts.iter().find(|moved| is_exact(**moved)) {
        return Ok(format!(
            "of {REQUESTS} requests {} accepted, {} held back",
            exact.accepted, exact.throttled
        )
        .into());
    }
    if attempts.iter().any(|moved| is_held_back(*moved)) {
        return Ok(format!(
            "of {REQUESTS} requests at least {} held back (others are active, too)",
            REQUESTS - 1
        )
        .into());
    }
    let held_back = batch.map_or(0, |moved| BATCH - moved.accepted);
    if held_back * 100 >= BATCH * HELD_BACK_OF_BATCH {
        return Ok(format!(
            "of {BATCH} activities in a batch at least {held_back} held back (others are accepted all the time)"
        )
        .into());
    }
    let least = attempts.iter().map(|moved| moved.accepted).min();
    Err(Fault::new(
        expected,
        format!(
            "{} accepted at the least, in {} attempts of {:.0} ms; of {BATCH} in a batch at least {} held back",
            least.unwrap_or_default(),
            attempts.len(),
            millis(took),
            held_back.max(0)
        ),
        hint,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: Duration = Duration::from_millis(10);

    fn moved(total: i64, accepted: i64) -> Moved {
        Moved {
            total,
            throttled: total - accepted,
            accepted,
        }
    }

    #[test]
    fn ten_requests_are_judged_by_the_best_attempt() {
        let check = |attempts: &[Moved], batch: Option<Moved>, expected: bool| {
            let verdict = judge_throttle(attempts, batch, TOOK);
            assert_eq!(verdict.is_ok(), expected, "{attempts:?} {batch:?}");
        };
        check(&[moved(10, 1)], None, true);
        // Others pass by in the first attempt, and make many requests in all.
        check(&[moved(25, 3), moved(31, 0)], None, true);
        // No throttle: on a quiet server, for anybody on a busy one, for us alone.
        check(
            &[moved(10, 10), moved(10, 10)],
            Some(moved(1000, 1000)),
            false,
        );
        check(
            &[moved(300, 299), moved(310, 307)],
            Some(moved(1000, 2)),
            false,
        );
        check(
            &[moved(300, 11), moved(310, 12)],
            Some(moved(1000, 1000)),
            false,
        );
        // A throttle so short that it holds back a batch, not requests.
        check(&[moved(10, 6), moved(10, 7)], Some(moved(1000, 2)), false);
        // A server on which somebody is accepted all the time.
        check(
            &[moved(410, 31), moved(400, 30)],
            Some(moved(1400, 40)),
            true,
        );
        check(
            &[moved(410, 40), moved(400, 40)],
            Some(moved(1400, 1030)),
            false,
        );
        // Nobody is ever accepted.
        check(&[moved(10, 0)], None, false);
    }

    #[test]
    fn requests_counted_twice_are_told_from_other_peoples() {
        let check = |attempts: &[Moved], doubts: &[Moved], expected: bool| {
            assert_eq!(judge_counters(attempts, doubts).is_ok(), expected);
        };
        check(&[moved(12, 1), moved(10, 0)], &[], true);
        check(
            &[moved(20, 1), moved(20, 0)],
            &[moved(20, 0); DOUBTS],
            false,
        );
        check(&[moved(20, 1), moved(25, 0)], &[moved(25, 0)], true);
    }
}
