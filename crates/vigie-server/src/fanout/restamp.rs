//! Fresh times for people who are present and passive.
//!
//! Deployed clients fade a dot whose time is older than five minutes, and a passive person causes no edge.
//! So every socket gets, once per `restamp_interval`, a partial snapshot of the people it holds that are present.

use std::time::Duration;

use super::{Fanout, Wanted};

/// Sockets are spread over the interval in this many steps, so that their turns do not come all at once.
const STEPS: u32 = 50;

/// Re-stamps until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    let step = (fanout.restamp_interval / STEPS).max(Duration::from_millis(1));
    let mut ticker = tokio::time::interval(step);
    let mut turn = 0;
    loop {
        ticker.tick().await;
        for connection in fanout.hub.all() {
            if connection.id.0 % u64::from(STEPS) != turn {
                continue;
            }
            fanout.want(Wanted::Restamp(connection));
        }
        turn = (turn + 1) % u64::from(STEPS);
    }
}
