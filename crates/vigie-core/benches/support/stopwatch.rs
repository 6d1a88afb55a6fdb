//! How long something took: on a processor where the kernel tells (Linux), else by the clock.
//!
//! So a busy machine, which takes the processor away now and then, does not spoil a comparison.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures real time; the core is given virtual time here too"
)]

use std::time::{Duration, Instant};

/// Time spent on a processor, or passed on the clock.
pub(crate) struct Stopwatch {
    on_processor: Option<Duration>,
    began: Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            on_processor: Self::on_processor(),
            began: Instant::now(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        match (self.on_processor, Self::on_processor()) {
            (Some(then), Some(now)) => now - then,
            (Some(_), None) | (None, _) => self.began.elapsed(),
        }
    }

    fn on_processor() -> Option<Duration> {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanoseconds = stat.split(' ').next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }
}
