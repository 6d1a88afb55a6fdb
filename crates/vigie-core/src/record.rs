//! What must survive a restart of one principal's presence, in terms any store can keep.

use std::sync::Arc;

use crate::availability::{Availability, Version};
use crate::chosen::{Chosen, Lifted, Veil};
use crate::signal::SessionId;
use crate::time::Wall;

/// The sum of one principal's presence on one node.
///
/// A record without leases, force or leave is fully described by its times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PresenceRecord {
    /// The latest edge.
    pub version: Version,
    /// What the leases folded to; a chosen status is beside it.
    pub availability: Availability,
    /// Last activity; the store merges it by maximum.
    pub last_active_at: Option<Wall>,
    /// Last proof of any lease, as of the latest change to offline; the store merges it by maximum.
    pub last_seen_at: Option<Wall>,
    /// When the last clean leave was.
    pub left_at: Option<Wall>,
    /// When an operator said "offline", while that holds.
    pub forced_offline_at: Option<Wall>,
    /// Set while a REST lease is open, which then ends at this instant or `offline_after` past `last_active_at`, whichever is later.
    /// It stays as it is when activity prolongs the lease, so that a refresh moves `last_active_at` alone.
    pub rest_floor: Option<Wall>,
    /// Latest proof of life of the sessions that ended while another lease counted on; it becomes part of `last_seen_at` when that one ends too.
    pub ended_proof_at: Option<Wall>,
    /// Sessions that count, those in grace included.
    pub sessions: Vec<StoredSession>,
    /// What the person chose; `None` of whoever chose nothing since the start and had nothing chosen before it.
    pub choice: Option<StoredChoice>,
}

impl PresenceRecord {
    /// Whether anything in it makes the principal present.
    #[must_use]
    pub fn has_lease(&self) -> bool {
        self.rest_floor.is_some() || !self.sessions.is_empty()
    }

    /// Whether it says more than times: a lease or a force, which belong to the start that wrote them, and which its successor has to write anew.
    #[must_use]
    pub fn has_state(&self) -> bool {
        self.has_lease() || self.forced_offline_at.is_some()
    }
}

/// What a person chose, with the veil of whoever hides.
///
/// It is the person's, not a start's: whoever writes it later, by its own version, wins on every node.
/// With nothing chosen, no veil and nothing left of one it says that what is kept is to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredChoice {
    /// Grows with every change of the others below; watchers are never shown it.
    pub version: Version,
    /// Set while something is chosen.
    pub chosen: Option<Arc<Chosen>>,
    /// Set while others are shown something else than what is.
    pub veil: Option<Veil>,
    /// Set while others are shown other times than what is, after a veil was lifted.
    pub lifted: Option<Lifted>,
}

impl StoredChoice {
    /// Whether there is anything that a start has to know.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.chosen.is_some() || self.veil.is_some() || self.lifted.is_some()
    }
}

/// One session as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Lets its device take it up again after a restart.
    pub id: SessionId,
    /// Last activity of the session.
    pub active_at: Wall,
    /// Its application is in the background.
    pub backgrounded: bool,
    /// Last proof of life, when its connection was already lost; an open session is proved by its node's `alive_at`.
    pub lost_alive_at: Option<Wall>,
}
