//! How far clients have been told, and what a client that comes back has missed.
//!
//! In: news as they are told, relations as they change, cursors that clients bring. Out: cursors, and which principals to tell of again; or that only a snapshot helps.
//! Always true: no log is kept. Of each principal the number of its latest change of this start is known; of earlier starts, the versions that the states carry.
//! What a client may have been told must not have been lost since: a start that crashed is answered by a snapshot.

mod service;

use std::collections::HashMap;
use std::hash::Hasher;
use std::time::Duration;

use parking_lot::Mutex;
use siphasher::sip::SipHasher13;
use vigie_core::{Concern, PrincipalId, PrincipalKey, Sight, Version, Wall};
use vigie_store::Start;

use super::restamp;
use crate::config::Periods;
use crate::cursor::{Cursor, Seals};
use crate::engine_host::{Number, Taken};
pub(super) use service::Since;

/// How far the wall clock may have been set back without a change of an earlier start being missed, and how far two readings of it may lie apart; people whose change lies so near are told of twice.
const SLACK: Duration = Duration::from_secs(10);

/// The positions of one start.
#[derive(Debug)]
pub(crate) struct Positions {
    seals: Seals,
    this: u64,
    earlier: Vec<Earlier>,
    max_age: Duration,
    /// A turn to be re-stamped is granted within this.
    stamps_take: Duration,
    reached: Mutex<Reached>,
    /// By principal: the number after its latest change of this start that concerned others; 0 without one.
    changed: Mutex<Vec<Number>>,
    /// The same of changes that concerned nobody but themselves, where there were any.
    changed_for_themselves: Mutex<HashMap<PrincipalKey, Number>>,
    /// By principal: the number after its latest change of privacy that services are to be told.
    shown_otherwise: Mutex<HashMap<PrincipalKey, Number>>,
    /// By watcher: the number at which the set of those it may see changed last.
    relations: Mutex<HashMap<PrincipalKey, Number>>,
}

/// A start before this one that ended gracefully.
#[derive(Debug)]
struct Earlier {
    id: u64,
    ended_at: Wall,
    /// The earliest beginning of a later start.
    followed_at: Wall,
    /// Whether every later start but this one ended gracefully, too.
    is_unbroken: bool,
}

/// How far news have been told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached {
    /// All before this number.
    pub(super) number: Number,
    /// An instant before which nothing happened that is not told.
    pub(super) at: Wall,
    /// An instant before which no turn to be re-stamped came that was not granted.
    pub(super) stamped_at: Wall,
}

/// What a client has missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missed {
    /// Whoever changed in this start from this number on.
    pub(super) number: Number,
    /// And whoever has a later version than this: the cursor is of an earlier start.
    pub(super) version: Option<Version>,
    /// A turn to be re-stamped was missed if it came later than this.
    pub(super) stamped_at: Wall,
    /// The fingerprint of the relations, when the cursor rests on those of now; else 0, for they may have changed without having been told yet.
    pub(super) relations: u64,
}

impl Positions {
    /// The positions of the last of `starts`.
    pub(crate) fn new(seals: Seals, starts: &[Start], periods: &Periods, now: Wall) -> Self {
        let mut earlier = Vec::new();
        let mut followed_at = now;
        let mut is_unbroken = true;
        for (age, start) in starts.iter().rev().enumerate() {
            if let Some(ended_at) = start.ended_at {
                let id = identity(start);
                earlier.push(Earlier {
                    id,
                    ended_at,
                    followed_at,
                    is_unbroken,
                });
            } else if age > 0 {
                is_unbroken = false;
            }
            followed_at = followed_at.min(start.started_at);
        }
        Self {
            seals,
            this: starts.last().map_or(0, identity),
            earlier,
            max_age: periods.cursor_max_age,
            stamps_take: restamp::takes(periods.restamp_interval),
            reached: Mutex::new(Reached {
                number: Number::default(),
                at: now,
                stamped_at: now,
            }),
            changed: Mutex::default(),
            changed_for_themselves: Mutex::default(),
            shown_otherwise: Mutex::default(),
            relations: Mutex::default(),
        }
    }

    /// What services are shown of a principal changed, though nothing happened to it.
    pub(super) fn note_shown_otherwise(&self, principal: PrincipalKey, number: Number) {
        let mut shown_otherwise = self.shown_otherwise.lock();
        shown_otherwise.insert(principal, number.next());
    }

    /// Those among `principals` of whom that happened from there on, in their order.
    pub(super) fn shown_otherwise_since(
        &self,
        principals: &[PrincipalKey],
        number: Number,
    ) -> Vec<PrincipalKey> {
        let shown_otherwise = self.shown_otherwise.lock();
        let is_since = |principal: &PrincipalKey| {
            let latest = shown_otherwise.get(principal);
            latest.is_some_and(|latest| *latest > number)
        };
        principals.iter().copied().filter(is_since).collect()
    }

    /// News of a principal are about to be told.
    pub(super) fn note_change(&self, principal: PrincipalKey, number: Number, concern: Concern) {
        match concern {
            Concern::Oneself => {
                let mut own = self.changed_for_themselves.lock();
                own.insert(principal, number.next());
                return;
            }
            Concern::Watchers => {}
        }
        let mut changed = self.changed.lock();
        if changed.len() <= principal.index() {
            changed.resize(principal.index() + 1, Number::default());
        }
        changed[principal.index()] = number.next();
    }

    /// Whom these watchers may see is about to change for them.
    pub(super) fn note_relations(&self, watchers: &[PrincipalKey], number: Number) {
        let mut relations = self.relations.lock();
        relations.extend(watchers.iter().map(|watcher| (*watcher, number)));
    }

    /// These news have been told.
    pub(super) fn reach(&self, taken: Taken) {
        let mut reached = self.reached.lock();
        reached.number = taken.before;
        if let Some(at) = taken.all_at {
            reached.at = at;
            reached.stamped_at = at - self.stamps_take;
        }
    }

    /// How far news have been told, for whoever is told them as they come.
    pub(super) fn reached(&self) -> Reached {
        *self.reached.lock()
    }

    /// The same, for whoever is given fresh times at `now`; nothing waits to be told when all news to come have a number from `horizon` on.
    pub(super) fn reached_at(&self, now: Wall, horizon: impl FnOnce() -> Number) -> Reached {
        let reached = self.reached();
        let at = if horizon() == reached.number {
            now
        } else {
            reached.at
        };
        Reached {
            number: reached.number,
            at,
            stamped_at: now,
        }
    }

    /// A cursor for a client of `whose` that holds everything up to there.
    pub(super) fn cursor(&self, reached: Reached, relations: u64, whose: &PrincipalId) -> String {
        let cursor = Cursor {
            start: self.this,
            number: reached.number,
            at: reached.at,
            stamped_at: reached.stamped_at,
            relations,
        };
        self.seals.seal(&cursor, whose)
    }

    /// What a client has missed that comes with this text; `None` when only a snapshot helps.
    pub(super) fn missed(
        &self,
        text: &str,
        (watcher, whose): (PrincipalKey, &PrincipalId),
        relations: u64,
        now: Wall,
    ) -> Option<Missed> {
        let cursor = self.seals.open(text, whose)?;
        if cursor.at + self.max_age < now {
            return None;
        }
        let relations = if cursor.relations == relations {
            relations
        } else {
            0
        };
        if cursor.start == self.this {
            let changed = self.relations.lock().get(&watcher).copied();
            let is_since = changed.is_none_or(|changed| changed < cursor.number);
            return is_since.then_some(Missed {
                number: cursor.number,
                version: None,
                stamped_at: cursor.stamped_at,
                relations,
            });
        }
        let start = self.earlier.iter().find(|start| start.id == cursor.start)?;
        let earliest = cursor.at - SLACK;
        // A clock that was set back since may have given later changes earlier versions.
        let is_ordered = cursor.at <= start.ended_at && earliest <= start.followed_at;
        (is_ordered && relations != 0).then_some(Missed {
            number: Number::default(),
            version: Some(version_at(earliest)),
            stamped_at: cursor.stamped_at,
            relations,
        })
    }

    /// Whether something was told to somebody's own devices from there on.
    pub(super) fn changed_itself_since(&self, principal: PrincipalKey, number: Number) -> bool {
        let own = self.changed_for_themselves.lock().get(&principal).copied();
        own.is_some_and(|latest| latest > number)
            || !self.changed_since(&[principal], number).is_empty()
    }

    /// Those among `principals` of whom something was told to others from there on, in their order.
    pub(super) fn changed_since(
        &self,
        principals: &[PrincipalKey],
        number: Number,
    ) -> Vec<PrincipalKey> {
        let changed = self.changed.lock();
        let is_since = |principal: &PrincipalKey| {
            let latest = changed.get(principal.index());
            latest.is_some_and(|latest| *latest > number)
        };
        principals.iter().copied().filter(is_since).collect()
    }
}

/// Versions from there on are of changes after that instant.
fn version_at(instant: Wall) -> Version {
    Version(u64::try_from(instant.as_millis()).unwrap_or(0))
}

/// What tells one start from all others, also when a database was put back and counts its starts anew.
fn identity(start: &Start) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write_u64(start.number);
    hasher.write_i64(start.started_at.as_millis());
    hasher.finish()
}

/// A fingerprint of a set of people and of what may be seen of each, the same in any order and over restarts; never 0.
pub(super) fn fingerprint<'a>(people: impl Iterator<Item = (&'a PrincipalId, Sight)>) -> u64 {
    let one = |(id, sight): (&PrincipalId, Sight)| {
        let mut hasher = SipHasher13::new();
        hasher.write_u8(match sight {
            Sight::Nothing => 0,
            Sight::Part {
                availability,
                last_seen,
            } => 1 + u8::from(availability) + 2 * u8::from(last_seen),
            Sight::Whole => 5,
        });
        hasher.write_u8(u8::from(id.kind() == vigie_core::PrincipalKind::Guest));
        hasher.write(id.as_str().as_bytes());
        hasher.finish()
    };
    people.map(one).fold(0_u64, u64::wrapping_add).max(1)
}

#[cfg(test)]
mod tests;
