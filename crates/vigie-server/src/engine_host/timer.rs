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

/// Runs until it is dropped.
pub(crate) async fn run(host: &EngineHost) {
    loop {
        let now = host.now();
        let (more_due, _) = host.with_engine(now, |engine| engine.handle_timeout(now, STEPS));
        if more_due {
            tokio::task::yield_now().await;
            continue;
        }
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
