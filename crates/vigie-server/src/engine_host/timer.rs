//! Wakes the engine at its next deadline.
//!
//! It sleeps until the engine's next deadline, or until an earlier one is set; it never looks at who is online.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::EngineHost;

/// Steps of the engine in one go, under its lock: a few milliseconds at most, so that requests get their turn while a million deadlines come.
const STEPS: usize = 2_000;

/// Longest sleep, so that a deadline is never later than this whatever else goes wrong.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// Decides some of what is due; says whether more is.
pub(crate) fn decide_due(host: &EngineHost) -> bool {
    let now = host.now();
    let (more_due, _) = host.with_engine(now, |engine| engine.handle_timeout(now, STEPS));
    more_due
}

/// Runs until it is dropped.
pub(crate) async fn run(host: &EngineHost) {
    loop {
        if decide_due(host) {
            tokio::task::yield_now().await;
            continue;
        }
        let now = host.now();
        let longest = now.mono + LONGEST_SLEEP;
        let next = host.inner.lock().engine.poll_timeout();
        let wakes = next.map_or(longest, |next| next.min(longest));
        host.timer_wakes.store(wakes.as_millis(), Ordering::Relaxed);
        tokio::select! {
            () = tokio::time::sleep(wakes.since(host.now().mono)) => {}
            () = host.timer_moved.notified() => {}
        }
    }
}
