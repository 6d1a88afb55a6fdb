//! Who does not want to see whom, and to be seen by: few people block anybody, so these are kept apart.
//!
//! Always true: lists are sorted and without duplicates, and both sides of a block know of it.

use hashbrown::HashMap;

use crate::principal::PrincipalKey;

use super::{insert_sorted, remove_sorted};

/// The blocks of everybody.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    blocked: HashMap<PrincipalKey, Vec<PrincipalKey>>,
    blocked_by: HashMap<PrincipalKey, Vec<PrincipalKey>>,
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
        let remove = |table: &mut HashMap<PrincipalKey, Vec<PrincipalKey>>, key, other| {
            let Some(list) = table.get_mut(&key) else {
                return false;
            };
            let was_there = remove_sorted(list, other);
            if list.is_empty() {
                table.remove(&key);
            }
            was_there
        };
        remove(&mut self.blocked_by, blocked, blocker);
        remove(&mut self.blocked, blocker, blocked)
    }
}
