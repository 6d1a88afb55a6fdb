//! `StatusService`: the throttle and its metrics, under the name that readers of the old system look for.
//!
//! In: "this principal did something".
//! Out: times in memory at once, durable writes at most once per `throttle_interval`, edges when there are any.
//! Always true: total = throttled + successful + pending, also right after a reset.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use vigie_core::{Now, PrincipalKey, Signal, Wall};

use crate::engine_host::{EngineHost, Offered};

/// Records activity; the one live instance of a server stands behind every route.
#[derive(Debug)]
pub struct StatusService {
    host: Arc<EngineHost>,
    /// What was counted before the latest reset.
    before_reset: Mutex<Offered>,
}

/// What `/maintenance/status-metrics` shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatusMetrics {
    /// Activities offered to the throttle.
    pub total_requests: u64,
    /// Those it held back.
    pub throttled_requests: u64,
    /// Accepted ones that are durable.
    pub successful_updates: u64,
    /// Accepted ones whose first flush failed.
    pub failed_updates: u64,
    /// Accepted ones that are not durable yet.
    pub pending_updates: u64,
    /// Live throttle entries, users and guests.
    pub cache_size: usize,
}

impl StatusMetrics {
    /// The held-back share in percent, rounded to two decimals; 0 when nothing was asked.
    #[must_use]
    pub fn throttle_rate(&self) -> f64 {
        if self.total_requests == 0 {
            return 0.0;
        }
        let rate = self.throttled_requests as f64 / self.total_requests as f64;
        (rate * 10_000.0).round() / 100.0
    }
}

impl StatusService {
    /// A service over one engine.
    #[must_use]
    pub fn new(host: Arc<EngineHost>) -> Self {
        Self {
            host,
            before_reset: Mutex::default(),
        }
    }

    /// A request that begins now; give it to [`Self::record`] once its sender is known.
    #[must_use]
    pub fn begin(&self) -> Now {
        self.host.now()
    }

    /// An authenticated request was served, which began at `began`.
    pub fn record(&self, principal: PrincipalKey, began: Now) {
        self.host.request(principal, began);
    }

    /// Another service reports an activity of the past; a time in the future counts as now.
    pub fn record_at(&self, principal: PrincipalKey, at: Wall) {
        let now = self.host.now();
        let ago: Duration = now.wall.since(at);
        let at: Now = now.earlier(ago);
        self.host.activity(principal, at, at.mono);
    }

    /// An activity on a socket.
    pub fn record_on_socket(&self, signal: Signal) {
        self.host.signal(signal);
    }

    /// The counters since the latest reset.
    #[must_use]
    pub fn metrics(&self) -> StatusMetrics {
        let before = *self.before_reset.lock();
        let offered = self.host.offered();
        let accepted_before = before.successful + before.pending;
        let accepted = offered.successful + offered.pending - accepted_before;
        // What was pending at the reset becomes durable first, and belongs to the time before.
        let successful = offered.successful.saturating_sub(accepted_before);
        let throttled = offered.throttled - before.throttled;
        StatusMetrics {
            total_requests: throttled + accepted,
            throttled_requests: throttled,
            successful_updates: successful,
            failed_updates: offered.failed - before.failed,
            pending_updates: accepted - successful,
            cache_size: self.host.cells().entries(),
        }
    }

    /// Counts anew from here; cache, throttle entries and Prometheus stay untouched.
    pub fn reset_metrics(&self) {
        *self.before_reset.lock() = self.host.offered();
    }

    /// Drops the throttle entries of the first `principals` that are past `cache_max_age`; how many went.
    pub fn clean_cache(&self, principals: usize) -> usize {
        self.host
            .cells()
            .drop_silent(principals, self.host.now().mono)
    }
}

#[cfg(test)]
mod tests {
    use vigie_core::Rules;

    use super::*;
    use crate::clock::Clock;

    const ALICE: PrincipalKey = PrincipalKey(0);

    fn service() -> (Arc<EngineHost>, StatusService) {
        let host = Arc::new(EngineHost::new(Rules::default(), Clock::start()));
        (Arc::clone(&host), StatusService::new(host))
    }

    fn counted(service: &StatusService) -> (u64, u64, u64, u64) {
        let metrics = service.metrics();
        (
            metrics.total_requests,
            metrics.throttled_requests,
            metrics.successful_updates,
            metrics.pending_updates,
        )
    }

    #[test]
    fn ten_requests_make_one_write_and_a_reset_starts_anew() {
        let (host, service) = service();
        for _ in 0..10 {
            service.record(ALICE, service.begin());
        }
        assert_eq!(counted(&service), (10, 9, 0, 1));
        assert_eq!(service.metrics().throttle_rate(), 90.0);
        assert_eq!(service.metrics().cache_size, 1);
        service.reset_metrics();
        assert_eq!(counted(&service), (0, 0, 0, 0));
        assert_eq!(host.take_slice(10).len(), 1);
        host.settle_writes(true);
        assert_eq!(counted(&service), (0, 0, 0, 0));
        for _ in 0..10 {
            service.record(ALICE, service.begin());
        }
        assert_eq!(counted(&service), (10, 10, 0, 0));
        assert_eq!(service.metrics().throttle_rate(), 100.0);
    }
}
