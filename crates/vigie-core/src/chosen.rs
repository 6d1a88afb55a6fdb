//! What a person chose to be shown as, and what others are shown of one who is invisible.
//!
//! Plain values: the engine keeps them and ends them, [`crate::visibility`] decides who sees what of them.

use std::sync::Arc;

use crate::availability::{Availability, Version};
use crate::time::Wall;

/// A status that a person picked instead of the computed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChosenStatus {
    /// Away while present, whatever the person does.
    Away,
    /// Busy while present; idleness does not lower it.
    Busy,
    /// Seen by nobody else: others are shown a [`Veil`].
    Invisible,
}

impl ChosenStatus {
    /// The word of the wire: `away`, `busy` or `invisible`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Invisible => "invisible",
        }
    }

    /// The status of a word of the wire.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Away, Self::Busy, Self::Invisible];
        all.into_iter().find(|status| status.as_str() == word)
    }

    /// What somebody present is shown as, in place of the computed state.
    #[must_use]
    pub const fn over(self, computed: Availability) -> Availability {
        match (self, computed) {
            (_, Availability::Offline) => Availability::Offline,
            (Self::Away, _) => Availability::Away,
            (Self::Busy, _) => Availability::Busy,
            (Self::Invisible, computed) => computed,
        }
    }
}

/// Everything a person chose, as one value that a later choice replaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// Instead of the computed status; `None` leaves that one.
    pub status: Option<ChosenStatus>,
    /// A line of the person's own, shown while the person is shown as present.
    pub text: Option<Arc<str>>,
    /// When the choice ends by itself; `None` when it holds until the next one.
    pub until: Option<Wall>,
}

impl Chosen {
    /// Longest text in characters: it travels in every event about a person.
    pub const MAX_TEXT_CHARS: usize = 140;

    /// Whether nothing was chosen.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.status.is_none() && self.text.is_none()
    }
}

/// The frozen face of somebody invisible: offline, as of the switch.
///
/// It looks like a goodbye at that instant; whoever was offline already is left as they were.
/// It outlives the choice until the person is present and visible again, so that ending the choice tells nothing of the time in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Veil {
    /// The version of the change to offline.
    pub version: Version,
    /// Last activity before the switch.
    pub last_active_at: Option<Wall>,
    /// The switch itself, or the last time the person was seen before it.
    pub last_seen_at: Option<Wall>,
}

/// What is left of a veil that was lifted: the times that others are shown until what is real agrees with them.
///
/// The last absence lies behind the veil, and so may the last activity: others are shown what they would be of somebody who left when the veil was raised, and came when it was lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifted {
    /// Activity up to it lay behind the veil; the beginning of time when there was none.
    pub hidden_until: Wall,
    /// Shown until there is a later activity than that.
    pub last_active_at: Option<Wall>,
    /// Shown until the next goodbye that others see.
    pub last_seen_at: Option<Wall>,
}

impl Lifted {
    /// The last activity that others are shown, given the real one.
    #[must_use]
    pub fn active_at(&self, real: Option<Wall>) -> Option<Wall> {
        if real > Some(self.hidden_until) {
            real.max(self.last_active_at)
        } else {
            self.last_active_at
        }
    }
}
