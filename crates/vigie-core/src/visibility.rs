//! Who may know: the one function that decides what one watcher is shown of one principal.
//!
//! In: the directory's facts (who shares a conversation, who blocked whom, what either lets others see) and a [`Presence`].
//! Out: a [`Sight`], and through it a [`Face`], the only form in which presence is to leave a process.
//! Always true: oneself and the operator's services see the whole; whoever may see nothing is shown what is shown of somebody who does not exist;
//! and what a face shows depends on nothing that is hidden, so that a hidden change changes no face.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::sync::Arc;

use crate::availability::{Availability, Presence, Version};
use crate::chosen::{Chosen, Veil};
use crate::directory::{Directory, Role};
use crate::principal::PrincipalKey;
use crate::time::Wall;

/// How far one fact about a person reaches, from the narrowest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reach {
    /// The person alone.
    Nobody,
    /// Whoever shares a conversation with the person.
    #[default]
    Contacts,
    /// Whoever asks by the person's id.
    Everyone,
}

impl Reach {
    /// The word of the wire: `nobody`, `contacts` or `everyone`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Contacts => "contacts",
            Self::Everyone => "everyone",
        }
    }

    /// Whether a fact with this reach is shown to somebody who is a contact, or is none.
    const fn covers(self, is_contact: bool) -> bool {
        match self {
            Self::Nobody => false,
            Self::Contacts => is_contact,
            Self::Everyone => true,
        }
    }
}

/// A word that names no reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownReach;

impl fmt::Display for UnknownReach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a reach is one of nobody, contacts, everyone")
    }
}

impl core::error::Error for UnknownReach {}

impl FromStr for Reach {
    type Err = UnknownReach;

    fn from_str(word: &str) -> Result<Self, UnknownReach> {
        match word {
            "nobody" => Ok(Self::Nobody),
            "contacts" => Ok(Self::Contacts),
            "everyone" => Ok(Self::Everyone),
            _ => Err(UnknownReach),
        }
    }
}

/// What a person lets others see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Privacy {
    /// Whether the person is there.
    pub availability: Reach,
    /// The exact times; they never reach farther than the availability, which they would betray.
    pub last_seen: Reach,
}

impl Privacy {
    /// The reach of the exact times in effect.
    #[must_use]
    pub fn effective_last_seen(self) -> Reach {
        self.last_seen.min(self.availability)
    }
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watcher {
    /// Somebody with presence of their own.
    Principal(PrincipalKey),
    /// A service of the operator, by its API key.
    Service,
}

/// What a watcher may know of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// Nothing: the principal looks like somebody who does not exist.
    Nothing,
    /// The name and the public face, as far as the person lets this watcher see it.
    Part {
        /// Whether the person is there.
        availability: bool,
        /// The exact times; never without the availability.
        last_seen: bool,
    },
    /// Everything, what is hidden from all others included.
    Whole,
}

impl Sight {
    /// The sight of a contact of somebody with the default privacy.
    pub const CONTACT: Self = Self::Part {
        availability: true,
        last_seen: true,
    };

    /// Whether a change of the public face changes what is shown.
    #[must_use]
    pub const fn follows(self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Part { availability, .. } => availability,
            Self::Whole => true,
        }
    }
}

/// How the operator lets people see each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SightRules {
    /// A fact is shown to those alone who would show the same fact to the person.
    pub reciprocal: bool,
}

impl Directory {
    /// What `watcher` may know of `principal`: the one function that decides it.
    #[must_use]
    pub fn sight(&self, watcher: Watcher, principal: PrincipalKey) -> Sight {
        let Watcher::Principal(watcher) = watcher else {
            return Sight::Whole;
        };
        if watcher == principal {
            return Sight::Whole;
        }
        let (looking, seen) = (self.member(watcher), self.member(principal));
        if seen.is_deleted() {
            return Sight::Nothing;
        }
        let moderates = looking.role().is_some_and(Role::may_moderate);
        if !moderates && self.is_blocked_between(watcher, principal) {
            return Sight::Nothing;
        }
        let is_contact = moderates || self.share_conversation(watcher, principal);
        let reciprocal = self.sight_rules().reciprocal;
        let sees = |reach_of: fn(Privacy) -> Reach| {
            let shows = reach_of(seen.privacy()).covers(is_contact);
            shows && (!reciprocal || reach_of(looking.privacy()).covers(is_contact))
        };
        let availability = sees(|privacy| privacy.availability);
        if !availability && !is_contact {
            return Sight::Nothing;
        }
        Sight::Part {
            availability,
            last_seen: availability && sees(Privacy::effective_last_seen),
        }
    }

    /// What all who share a conversation with `principal` may know of it, where that is the same for all of them: the case of nearly everybody.
    ///
    /// `None` where it depends on who looks.
    #[must_use]
    pub fn common_sight(&self, principal: PrincipalKey) -> Option<Sight> {
        let seen = self.member(principal);
        let depends = self.sight_rules().reciprocal || seen.has_blocks() || seen.is_deleted();
        (!depends).then(|| public_sight(seen.privacy()))
    }
}

/// What a contact without blocks or reciprocity would see: the face that the operator's own receivers are told.
#[must_use]
pub fn public_sight(privacy: Privacy) -> Sight {
    let availability = privacy.availability.covers(true);
    Sight::Part {
        availability,
        last_seen: availability && privacy.effective_last_seen().covers(true),
    }
}

/// The version of the state behind a face, also where the face does not show it: by it whoever follows the changes is found.
#[must_use]
pub fn followed_version(sight: Sight, presence: &Presence) -> Option<Version> {
    match sight {
        Sight::Nothing
        | Sight::Part {
            availability: false,
            ..
        } => None,
        Sight::Part { .. } => face(Sight::CONTACT, presence, Wall::from_millis(0)).version,
        Sight::Whole => Some(presence.version),
    }
}

/// About when somebody was there whose exact times are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Within three days.
    Recently,
    /// Within seven days.
    WithinWeek,
    /// Within thirty days.
    WithinMonth,
    /// Longer ago.
    LongAgo,
}

impl Bucket {
    /// The word of the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recently => "recently",
            Self::WithinWeek => "within_week",
            Self::WithinMonth => "within_month",
            Self::LongAgo => "long_ago",
        }
    }

    fn of(at: Wall, now: Wall) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let within = |days: u32| at + DAY * days >= now;
        if within(3) {
            Self::Recently
        } else if within(7) {
            Self::WithinWeek
        } else if within(30) {
            Self::WithinMonth
        } else {
            Self::LongAgo
        }
    }
}

/// A principal's presence as one watcher is shown it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Face {
    /// The state to show.
    pub availability: Availability,
    /// Grows with every change of this face; `None` of somebody whose times are hidden, which it would betray.
    pub version: Option<Version>,
    /// Last activity of the human.
    pub last_active_at: Option<Wall>,
    /// Last proof that the person was there.
    pub last_proof_at: Option<Wall>,
    /// Last instant at which any lease was proved.
    pub last_seen_at: Option<Wall>,
    /// In place of the exact times, where those are hidden.
    pub bucket: Option<Bucket>,
    /// The person's own line, and when it ends; only of somebody shown as present.
    pub text: Option<Arc<str>>,
    /// When the text or the chosen status ends.
    pub until: Option<Wall>,
    /// The whole choice; for the person itself and services.
    pub chosen: Option<Arc<Chosen>>,
}

/// The presence as a watcher with this sight is shown it at `now`.
#[must_use]
pub fn face(sight: Sight, presence: &Presence, now: Wall) -> Face {
    match sight {
        Sight::Nothing
        | Sight::Part {
            availability: false,
            ..
        } => Face::default(),
        Sight::Whole => Face {
            chosen: presence.chosen.clone(),
            ..of_presence(presence)
        },
        Sight::Part { last_seen, .. } => {
            let face = match (presence.veil, presence.times_shown) {
                (Some(veil), _) => of_veil(veil),
                (None, Some(times)) => Face {
                    last_active_at: times.last_active_at,
                    last_proof_at: times.last_proof_at,
                    last_seen_at: times.last_seen_at,
                    ..of_presence(presence)
                },
                (None, None) => of_presence(presence),
            };
            if last_seen {
                face
            } else {
                without_times(face, now)
            }
        }
    }
}

fn of_presence(presence: &Presence) -> Face {
    let chosen = presence.chosen.as_deref();
    let shown = chosen.filter(|_| presence.availability.is_online());
    Face {
        availability: presence.availability,
        version: Some(presence.version),
        last_active_at: presence.last_active_at,
        last_proof_at: presence.last_proof_at,
        last_seen_at: presence.last_seen_at,
        bucket: None,
        text: shown.and_then(|chosen| chosen.text.clone()),
        until: shown.and_then(|chosen| chosen.until),
        chosen: None,
    }
}

fn of_veil(veil: Veil) -> Face {
    Face {
        version: Some(veil.version),
        last_active_at: veil.last_active_at,
        last_proof_at: veil.last_active_at.max(veil.last_seen_at),
        last_seen_at: veil.last_seen_at,
        ..Face::default()
    }
}

fn without_times(face: Face, now: Wall) -> Face {
    let known = if face.availability.is_online() {
        Some(Bucket::Recently)
    } else {
        face.last_proof_at.map(|at| Bucket::of(at, now))
    };
    Face {
        // A version is the wall time of a change: it would tell when.
        version: None,
        last_active_at: None,
        last_proof_at: None,
        last_seen_at: None,
        bucket: known,
        ..face
    }
}

#[cfg(test)]
mod tests;
