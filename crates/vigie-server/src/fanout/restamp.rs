//! Fresh times for people who are present and passive.
//!
//! Deployed clients fade a dot whose time is older than five minutes, and a passive person causes no edge.
//! So every socket gets, once per `restamp_interval`, a partial snapshot of the people it holds that are present.
//! When that is depends on the wall clock and on whose socket it is alone, so that whoever comes back is known to have missed it or not.

use std::time::Duration;

use vigie_core::{PrincipalKey, Wall};

use super::{Fanout, Wanted};

/// Sockets are spread over the interval in this many steps, so that their turns do not come all at once.
const STEPS: u32 = 50;

/// A turn that was noticed is granted within this, also while many are.
const GRANTED_WITHIN: Duration = Duration::from_secs(1);

/// Re-stamps until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    let step = step(fanout.restamp_interval);
    let mut ticker = tokio::time::interval(step);
    let mut done = steps_until(fanout.host.now().wall, step);
    loop {
        ticker.tick().await;
        let now = steps_until(fanout.host.now().wall, step);
        // A clock that was set back gives turns twice.
        if now != done {
            for connection in fanout.hub.all() {
                if turn(connection.principal, now) > done.min(now - 1) {
                    fanout.want(Wanted::Restamp(connection));
                }
            }
        }
        done = now;
    }
}

/// When the sockets of a principal had their turn last.
pub(super) fn latest_turn(principal: PrincipalKey, now: Wall, interval: Duration) -> Wall {
    let step = step(interval);
    let turn = turn(principal, steps_until(now, step));
    Wall::from_millis(turn.saturating_mul(millis(step)))
}

/// Within this a turn is granted that came.
pub(super) fn takes(interval: Duration) -> Duration {
    step(interval) + GRANTED_WITHIN
}

fn step(interval: Duration) -> Duration {
    (interval / STEPS).max(Duration::from_millis(1))
}

fn millis(step: Duration) -> i64 {
    i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1)
}

fn steps_until(now: Wall, step: Duration) -> i64 {
    now.as_millis().div_euclid(millis(step))
}

/// The latest step up to `now` that is this principal's.
fn turn(principal: PrincipalKey, now: i64) -> i64 {
    now - (now - i64::from(principal.0)).rem_euclid(i64::from(STEPS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_one_turn_in_an_interval() {
        let interval = Duration::from_secs(50);
        for principal in [0, 1, 49, 50, 1_234].map(PrincipalKey) {
            let at = |second| latest_turn(principal, Wall::from_millis(second * 1_000), interval);
            let turns = (1_000_i64..1_050).filter(|second| at(*second) != at(second - 1));
            assert_eq!(turns.count(), 1, "{principal:?}");
            assert!(at(1_000) <= Wall::from_millis(1_000_000));
            assert!(at(1_000) > Wall::from_millis(950_000));
        }
    }
}
