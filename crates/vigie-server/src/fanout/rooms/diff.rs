//! What one viewer holds of a conversation, and what it lacks: joins, updates and leaves between two states.
//!
//! In: what its client was told, and what it may be told now. Out: a difference, empty when the two are the same.
//! Always true: a snapshot and the differences after it make the newest state; a difference applied twice changes nothing more.

use std::collections::BTreeMap;

use vigie_core::{Availability, PrincipalKey};

/// What a viewer was told of one member that it may see as present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Told {
    /// The state shown.
    pub(super) availability: Availability,
    /// Whether a session of the member has the conversation open.
    pub(super) is_here: bool,
    /// Which metadata is shown; 0 for none.
    pub(super) metadata: u64,
}

/// How many there are, as one viewer may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Counts {
    /// Members.
    pub(crate) members: usize,
    /// Members who are shown as present.
    pub(crate) online: usize,
    /// Those of them who have the conversation open.
    pub(crate) here: usize,
}

/// What changed between two states.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Diff {
    pub(super) joins: Vec<(PrincipalKey, Told)>,
    pub(super) updates: Vec<(PrincipalKey, Told)>,
    pub(super) leaves: Vec<PrincipalKey>,
}

impl Diff {
    pub(super) fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.updates.is_empty() && self.leaves.is_empty()
    }
}

/// Whom a client holds, and as what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Held {
    members: BTreeMap<PrincipalKey, Told>,
    here: usize,
}

impl Held {
    /// How many are held.
    pub(super) fn online(&self) -> usize {
        self.members.len()
    }

    /// How many will be held after a difference, and how many of them here.
    pub(super) fn count_after(&self, diff: &Diff) -> (usize, usize) {
        let is_here = |key: &PrincipalKey| self.members.get(key).is_some_and(|told| told.is_here);
        let told = || diff.joins.iter().chain(&diff.updates);
        let came = told().filter(|(_, told)| told.is_here).count();
        let changed = told().map(|(key, _)| key).chain(&diff.leaves);
        let here = self.here + came - changed.filter(|key| is_here(key)).count();
        (self.online() + diff.joins.len() - diff.leaves.len(), here)
    }

    /// Whom it holds.
    pub(super) fn keys(&self) -> impl Iterator<Item = PrincipalKey> {
        self.members.keys().copied()
    }

    /// What changed of these members, each of whom may be named twice; who is no longer to be seen has `None`.
    pub(super) fn difference(
        &self,
        now: impl Iterator<Item = (PrincipalKey, Option<Told>)>,
    ) -> Diff {
        let now: BTreeMap<_, _> = now.collect();
        let mut diff = Diff::default();
        for (key, told) in now {
            match (self.members.get(&key), told) {
                (None, Some(told)) => diff.joins.push((key, told)),
                (Some(held), Some(told)) if *held != told => diff.updates.push((key, told)),
                (Some(_), None) => diff.leaves.push(key),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        diff
    }

    /// Takes up what its client was told.
    pub(super) fn apply(&mut self, diff: &Diff) {
        for (key, told) in diff.joins.iter().chain(&diff.updates) {
            let before = self.members.insert(*key, *told);
            self.forget(before);
            self.here += usize::from(told.is_here);
        }
        for key in &diff.leaves {
            let before = self.members.remove(key);
            self.forget(before);
        }
    }

    fn forget(&mut self, told: Option<Told>) {
        self.here -= usize::from(told.is_some_and(|told| told.is_here));
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    fn random(rng: &mut Rng) -> BTreeMap<PrincipalKey, Told> {
        let mut people = BTreeMap::new();
        for key in 0..8 {
            if rng.bool() {
                let told = Told {
                    availability: [Availability::Online, Availability::Away][rng.usize(..2)],
                    is_here: rng.bool(),
                    metadata: rng.u64(..2),
                };
                people.insert(PrincipalKey(key), told);
            }
        }
        people
    }

    #[test]
    fn differences_after_one_another_make_the_newest_state_and_twice_nothing_more() {
        for seed in 0..200 {
            let mut rng = Rng::with_seed(seed);
            let mut held = Held::default();
            for _ in 0..10 {
                let truth = random(&mut rng);
                let everybody = (0..8).map(PrincipalKey);
                let now = |key| (key, truth.get(&key).copied());
                let diff = held.difference(everybody.clone().map(now));
                let counted = held.count_after(&diff);
                held.apply(&diff);
                assert_eq!(held.members, truth, "seed {seed}");
                let here = truth.values().filter(|told| told.is_here).count();
                assert_eq!(counted, (truth.len(), here), "seed {seed}");
                assert_eq!((held.online(), held.here), counted, "seed {seed}");
                assert!(held.difference(everybody.map(now)).is_empty());
                let once = held.clone();
                held.apply(&diff);
                assert_eq!(held, once, "seed {seed}");
            }
        }
    }

    #[test]
    fn a_member_that_is_named_twice_is_told_of_once() {
        let held = Held::default();
        let told = Told {
            availability: Availability::Online,
            is_here: true,
            metadata: 0,
        };
        let twice = [(PrincipalKey(1), Some(told)); 2];
        let diff = held.difference(twice.into_iter());
        assert_eq!(diff.joins, [(PrincipalKey(1), told)]);
    }
}
