//! What the attempts come to: is every request counted once, and is one of ten accepted?
//!
//! In: what moved in each attempt. Out: what is right, or what is wrong.

use std::time::Duration;

use super::counters::Moved;
use crate::check::finding::{Fault, Seen, millis};

/// Requests of one attempt.
pub(super) const REQUESTS: i64 = 10;

/// Attempts between two looks at counters that stand still; so many of them must have moved too much before something is taken to be counted twice.
const DOUBTS: usize = 3;

/// Activities of the batch that drowns the others.
pub(super) const BATCH: i64 = 1_000;

/// At least this share of the batch must be held back, in percent.
const HELD_BACK_OF_BATCH: i64 = 90;

pub(super) fn is_exact(moved: Moved) -> bool {
    moved.total == REQUESTS && is_held_back(moved)
}

/// At most one of everybody's was accepted, so at most one of ours.
pub(super) fn is_held_back(moved: Moved) -> bool {
    !moved.is_backwards() && moved.accepted <= 1 && moved.throttled >= REQUESTS - 1
}

pub(super) fn frozen(moved: Moved) -> Fault {
    Fault::new(
        format!("{REQUESTS} authenticated requests move totalRequests by at least {REQUESTS}"),
        format!("it moved by {}", moved.total),
        "do requests and /maintenance/status-metrics reach the same instance? does something cache the answer?",
    )
}

/// `doubts` are the attempts before and after which the counters stood still.
pub(super) fn judge_counters(attempts: &[Moved], doubts: &[Moved]) -> Result<Seen, Fault> {
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

pub(super) fn judge_throttle(
    attempts: &[Moved],
    batch: Option<Moved>,
    took: Duration,
) -> Result<Seen, Fault> {
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
