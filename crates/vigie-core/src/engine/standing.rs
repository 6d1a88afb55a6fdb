//! What the engine remembers of one principal besides its sessions and its activity cell.

use crate::availability::{Availability, Version};
use crate::time::{Mono, Now, Wall};

use super::sessions::Slot;

/// One principal's row in the engine's dense table.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// The latest edge.
    pub(super) version: Version,
    /// What was announced last.
    pub(super) shown: Availability,
    /// Last proof of any lease, as of the latest edge to offline.
    pub(super) seen_at: Option<Wall>,
    /// Latest proof among the sessions that ended.
    pub(super) ended_proof: Option<Wall>,
    /// The latest clean leave.
    pub(super) left: Option<Now>,
    /// Whether a session started since that leave: then it guards nothing any more.
    pub(super) started_since_leave: bool,
    /// Since when an operator's "offline" holds.
    pub(super) forced_offline: Option<Now>,
    /// Set while a REST lease is open: it ends no earlier than this.
    pub(super) rest_floor: Option<Now>,
    /// The first of its sessions; they form a list.
    pub(super) first_session: Option<Slot>,
    /// How many of its sessions have an open connection.
    pub(super) connected: u32,
}

impl Standing {
    /// A principal the engine never heard of.
    pub(super) const UNKNOWN: Self = Self {
        version: Version(0),
        shown: Availability::Offline,
        seen_at: None,
        ended_proof: None,
        left: None,
        started_since_leave: false,
        forced_offline: None,
        rest_floor: None,
        first_session: None,
        connected: 0,
    };

    /// Whether a REST activity whose request began at `began` may open a lease at `now`.
    pub(super) fn may_open_rest_lease(
        &self,
        began: Mono,
        now: Mono,
        leave_guard: core::time::Duration,
    ) -> bool {
        let guarded = self.left.is_some_and(|left| {
            let in_guard = !self.started_since_leave && now < left.mono + leave_guard;
            in_guard || began <= left.mono
        });
        self.connected == 0 && self.forced_offline.is_none() && !guarded
    }
}
