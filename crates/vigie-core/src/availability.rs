//! What presence looks like from outside: availability, its version, and the times that go with it.

use std::sync::Arc;

use crate::chosen::{Chosen, Veil};
use crate::time::Wall;

/// The computed state of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Availability {
    /// No lease counts.
    #[default]
    Offline,
    /// Present, but every session is idle; or chosen.
    Away,
    /// Present, and chosen: idleness does not lower it.
    Busy,
    /// Present and not idle.
    Online,
}

impl Availability {
    /// The word of the wire: `offline`, `away`, `busy` or `online`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Online => "online",
        }
    }

    /// Away and busy people are present too.
    #[must_use]
    pub const fn is_online(self) -> bool {
        match self {
            Self::Offline => false,
            Self::Away | Self::Busy | Self::Online => true,
        }
    }
}

/// The number of a principal's latest edge; a later edge has a larger one.
///
/// It is the wall time of the edge in milliseconds, or one more than its predecessor where that is larger.
/// So it keeps growing over a restart without a counter that could be reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub u64);

impl Version {
    /// The version of an edge at `wall` that follows this one.
    #[must_use]
    pub fn next(self, wall: Wall) -> Self {
        let wall = u64::try_from(wall.as_millis()).unwrap_or(0);
        Self(wall.max(self.0 + 1))
    }
}

/// The state of one principal at one instant, before anybody's visibility is applied.
///
/// Nothing of it is to be shown but through [`crate::face`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Computed state, with a chosen one in its place.
    pub availability: Availability,
    /// Grows with every edge.
    pub version: Version,
    /// Last activity of the human; `None` when there never was one.
    pub last_active_at: Option<Wall>,
    /// Last proof that the person was there: activity, or a sign of life of a session.
    pub last_proof_at: Option<Wall>,
    /// Last instant at which any lease was proved, as of the latest change to offline.
    pub last_seen_at: Option<Wall>,
    /// What the person chose, if anything.
    pub chosen: Option<Arc<Chosen>>,
    /// What others are shown instead, while the person is invisible and until it is seen again.
    pub veil: Option<Veil>,
    /// What others are shown instead of the three times, after a veil was lifted.
    pub times_shown: Option<Times>,
}

/// The times of a presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// As [`Presence::last_active_at`].
    pub last_active_at: Option<Wall>,
    /// As [`Presence::last_proof_at`].
    pub last_proof_at: Option<Wall>,
    /// As [`Presence::last_seen_at`].
    pub last_seen_at: Option<Wall>,
}
