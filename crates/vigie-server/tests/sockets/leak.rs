//! Nobody can tell a hidden person from an absent one: two servers with the same history, but that in one of them somebody is there and hides.
//!
//! In one world `xeno` hides and goes on doing things, in the other xeno does what hiding looks like and is gone.
//! Whatever a watcher is told and answered from then on, by every transport, event and route, has to be the same in both.
//! Always true: what is compared is all that came, with nothing left out but random numbers, the server's own clock, and events whose number depends on how fast the machine is.

mod doings;
mod history;
mod plain;
mod routes;
mod watchers;

use std::time::Duration;

use history::{Way, live};
use plain::differences;

/// Long enough for a slow machine to lose no race, short enough to be seen within one.
const RESTAMP: Duration = Duration::from_millis(700);

async fn assert_same(way: Way) {
    let (present, absent) = tokio::join!(Box::pin(live(way, true)), Box::pin(live(way, false)));
    let found = differences(present, absent);
    assert!(found.is_empty(), "{way:?}:\n{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_invisible_looks_like_somebody_who_left() {
    assert_same(Way::Invisible).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_lets_nobody_see_them_looks_absent() {
    assert_same(Way::Privacy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_blocked_the_watchers_looks_unknown() {
    assert_same(Way::Blocks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_blocked_by_the_watchers_looks_unknown() {
    assert_same(Way::Blocked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hides_the_times_shows_no_activity() {
    assert_same(Way::LastSeen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hides_nothing_is_found_by_this_comparison() {
    let (present, absent) = tokio::join!(
        Box::pin(live(Way::Nothing, true)),
        Box::pin(live(Way::Nothing, false))
    );
    let found = differences(present, absent);
    // By each of the ways to know.
    for way in [
        "status",
        "snapshot",
        "online_stats",
        "typing",
        "/api/conversations",
        "/v1/presence",
        "/users/presence",
        "/v1/changes",
    ] {
        let is_found = found.iter().any(|line| line.contains(way));
        assert!(is_found, "{way} tells nothing:\n{}", found.join("\n"));
    }
}
