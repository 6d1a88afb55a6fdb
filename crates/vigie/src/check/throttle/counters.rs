//! The counters of `/maintenance/status-metrics`, and what moved between two looks at them.
//!
//! Always true: the parts of a reading add up to its total, or there is none.

use crate::check::finding::Fault;
use crate::check::site::Caller;

/// `/maintenance/status-metrics` at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::check) struct Counters {
    total: i64,
    throttled: i64,
    pub(super) successful: i64,
    pub(super) pending: i64,
}

impl Counters {
    pub(in crate::check) async fn read(operator: &Caller) -> Result<Self, Fault> {
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
    pub(in crate::check) fn is_below(&self, earlier: &Self) -> bool {
        self.total < earlier.total
    }

    fn accepted(&self) -> i64 {
        self.successful + self.pending
    }
}

/// What moved between two readings, ours and everybody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) total: i64,
    pub(super) throttled: i64,
    pub(super) accepted: i64,
}

impl Moved {
    pub(super) fn between(before: &Counters, after: &Counters) -> Self {
        Self {
            total: after.total - before.total,
            throttled: after.throttled - before.throttled,
            accepted: after.accepted() - before.accepted(),
        }
    }

    /// Somebody reset the counters meanwhile.
    pub(super) fn is_backwards(&self) -> bool {
        self.total < 0 || self.throttled < 0 || self.accepted < 0
    }
}
