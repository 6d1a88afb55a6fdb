//! Who does not want to see whom, and to be seen by: few people block anybody, so these are kept apart.
//!
//! Whoever does not exist can be blocked as well, for else a block would tell who exists; such a block waits for somebody to have the id.
//!
//! Always true: lists are sorted and without duplicates, and both sides of a block know of it.

use core::hash::Hash;

use hashbrown::HashMap;

use crate::principal::{PrincipalId, PrincipalKey};

use super::insert_sorted;

/// The blocks of everybody.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    blocked: HashMap<PrincipalKey, Vec<PrincipalKey>>,
    blocked_by: HashMap<PrincipalKey, Vec<PrincipalKey>>,
    /// By the id that nobody has: who blocked it.
    waiting: HashMap<PrincipalId, Vec<PrincipalKey>>,
    /// By blocker: the ids among the blocked that nobody has.
    waiting_of: HashMap<PrincipalKey, Vec<PrincipalId>>,
}

impl Blocks {
    /// Whom somebody blocked.
    pub(super) fn blocked_by(&self, blocker: PrincipalKey) -> &[PrincipalKey] {
        self.blocked.get(&blocker).map_or(&[], Vec::as_slice)
    }

    /// Who blocked somebody.
    pub(super) fn blockers_of(&self, blocked: PrincipalKey) -> &[PrincipalKey] {
        self.blocked_by.get(&blocked).map_or(&[], Vec::as_slice)
    }

    /// Whether one of the two blocked the other.
    pub(super) fn are_between(&self, one: PrincipalKey, other: PrincipalKey) -> bool {
        let has = |blocker, blocked| self.blocked_by(blocker).binary_search(&blocked).is_ok();
        has(one, other) || has(other, one)
    }

    /// Adds a block; says whether it is new.
    pub(super) fn add(&mut self, blocker: PrincipalKey, blocked: PrincipalKey) -> bool {
        insert_sorted(self.blocked_by.entry(blocked).or_default(), blocker);
        insert_sorted(self.blocked.entry(blocker).or_default(), blocked)
    }

    /// Ends a block; says whether there was one.
    pub(super) fn remove(&mut self, blocker: PrincipalKey, blocked: PrincipalKey) -> bool {
        remove_from(&mut self.blocked_by, &blocked, &blocker);
        remove_from(&mut self.blocked, &blocker, &blocked)
    }

    /// The ids that somebody blocked and nobody has.
    pub(super) fn waiting_of(&self, blocker: PrincipalKey) -> &[PrincipalId] {
        self.waiting_of.get(&blocker).map_or(&[], Vec::as_slice)
    }

    /// Adds a block of an id that nobody has; says whether it is new.
    pub(super) fn await_id(&mut self, blocker: PrincipalKey, id: &PrincipalId) -> bool {
        insert_sorted(self.waiting.entry(id.clone()).or_default(), blocker);
        insert_sorted(self.waiting_of.entry(blocker).or_default(), id.clone())
    }

    /// Ends a block of an id that nobody has; says whether there was one.
    pub(super) fn await_no_more(&mut self, blocker: PrincipalKey, id: &PrincipalId) -> bool {
        remove_from(&mut self.waiting, id, &blocker);
        remove_from(&mut self.waiting_of, &blocker, id)
    }

    /// Whoever blocked an id that somebody has from now on; they wait no more.
    pub(super) fn take_waiting(&mut self, id: &PrincipalId) -> Vec<PrincipalKey> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let blockers = self.waiting.remove(id).unwrap_or_default();
        for blocker in &blockers {
            remove_from(&mut self.waiting_of, blocker, id);
        }
        blockers
    }
}

/// Takes one of a key's list; says whether it was there.
fn remove_from<K: Hash + Eq, T: Ord>(table: &mut HashMap<K, Vec<T>>, key: &K, item: &T) -> bool {
    let Some(list) = table.get_mut(key) else {
        return false;
    };
    let was_there = match list.binary_search(item) {
        Ok(place) => {
            list.remove(place);
            true
        }
        Err(_) => false,
    };
    if list.is_empty() {
        table.remove(key);
    }
    was_there
}
