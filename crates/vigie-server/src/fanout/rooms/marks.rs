//! Members who may have changed, and whom each of them concerns.
//!
//! In: a member, and what of it may be another than before. Out: for one watcher, the members to look at.
//! Always true: what a watcher may not see is not among them, so that no view has its turn by it.
//! Else a hidden change would hurry what waits beside it: a number of members that changed a moment ago would come in a message of its own.

use std::collections::{BTreeMap, BTreeSet};

use vigie_core::{Directory, PrincipalId, PrincipalKey, Reach, Role};

/// What of a member may be another than before, from what the fewest see to what the most do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// What the member itself sees and no other member.
    Hidden,
    /// What others are shown.
    Shown,
    /// It is a member and may have been none.
    Came,
}

impl Mark {
    /// Of something that others are shown, or not.
    pub(super) const fn shown_if(is_shown: bool) -> Self {
        if is_shown { Self::Shown } else { Self::Hidden }
    }
}

/// Those to whom somebody who left looked like nobody when it did.
pub(super) type Strangers = BTreeSet<PrincipalKey>;

/// Those to whom somebody who may have left before, too, looked like nobody each time: whoever was no stranger once knew of the member.
pub(super) fn strangers_of_all(before: Option<Strangers>, strangers: Strangers) -> Strangers {
    match before {
        Some(before) => &before & &strangers,
        None => strangers,
    }
}

/// Members who may have changed since somebody looked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Marks {
    members: BTreeMap<PrincipalKey, Mark>,
    /// Whoever left; a block since then is no reason to be silent of it.
    left: BTreeMap<PrincipalKey, Strangers>,
}

impl Marks {
    pub(super) fn note(&mut self, principal: PrincipalKey, mark: Mark) {
        let noted = self.members.entry(principal).or_insert(mark);
        *noted = mark.max(*noted);
    }

    pub(super) fn note_left(&mut self, principal: PrincipalKey, strangers: Strangers) {
        self.note(principal, Mark::Hidden);
        let before = self.left.remove(&principal);
        let strangers = strangers_of_all(before, strangers);
        self.left.insert(principal, strangers);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// Members, sorted, and the first of their ids.
#[derive(Debug)]
struct Named<'d> {
    keys: Vec<PrincipalKey>,
    first: Option<(&'d PrincipalId, PrincipalKey)>,
}

impl<'d> Named<'d> {
    fn new(directory: &'d Directory, keys: impl Iterator<Item = PrincipalKey>) -> Self {
        let keys: Vec<_> = keys.collect();
        let first = first_of(directory, keys.iter().copied());
        Self { keys, first }
    }
}

fn first_of(
    directory: &Directory,
    keys: impl Iterator<Item = PrincipalKey>,
) -> Option<(&PrincipalId, PrincipalKey)> {
    keys.map(|key| (directory.member(key).id(), key)).min()
}

/// Whom the marks concern.
#[derive(Debug)]
pub(super) struct Concerns<'d> {
    directory: &'d Directory,
    marks: &'d Marks,
    /// What concerns whoever has no blocks and sees others.
    of_many: Named<'d>,
    /// What concerns whoever has no blocks and sees nobody.
    of_blind: Named<'d>,
    /// Whoever left and looked like nobody to some.
    strange: Vec<(PrincipalKey, &'d Strangers)>,
}

/// Members to look at for one watcher.
#[derive(Debug)]
pub(super) struct Concern<'c> {
    keys: &'c [PrincipalKey],
    /// Those of them who are none of this watcher's business; sorted.
    without: Vec<PrincipalKey>,
    /// The watcher, where it is not among them.
    own: Option<PrincipalKey>,
    /// The first of their ids.
    pub(super) first: Option<&'c PrincipalId>,
}

impl<'d> Concerns<'d> {
    pub(super) fn new(directory: &'d Directory, marks: &'d Marks) -> Self {
        let at_least = |least: Mark| {
            let members = marks.members.iter();
            let seen =
                members.filter(move |(key, mark)| **mark >= least || marks.left.contains_key(key));
            seen.map(|(key, _)| *key)
        };
        let left = marks.left.iter();
        let strange = left.filter(|(_, strangers)| !strangers.is_empty());
        Self {
            directory,
            marks,
            of_many: Named::new(directory, at_least(Mark::Shown)),
            of_blind: Named::new(directory, at_least(Mark::Came)),
            strange: strange.map(|(key, strangers)| (*key, strangers)).collect(),
        }
    }

    /// What concerns a watcher.
    pub(super) fn of(&self, watcher: PrincipalKey) -> Concern<'_> {
        let seen = if sees_others(self.directory, watcher) {
            &self.of_many
        } else {
            &self.of_blind
        };
        let without = self.without(watcher, &seen.keys);
        let is_marked = self.marks.members.contains_key(&watcher);
        let own = (is_marked && seen.keys.binary_search(&watcher).is_err()).then_some(watcher);
        let is_left_out = |key: &PrincipalKey| without.binary_search(key).is_ok();
        let first = seen.first.and_then(|(_, key)| {
            if is_left_out(&key) {
                let others = seen.keys.iter().copied().filter(|key| !is_left_out(key));
                first_of(self.directory, others)
            } else {
                seen.first
            }
        });
        let first = first.map(|(id, _)| id);
        let own_id = own.map(|key| self.directory.member(key).id());
        Concern {
            keys: &seen.keys,
            without,
            own,
            first: first.into_iter().chain(own_id).min(),
        }
    }

    /// Whom a watcher does not see for a block, or did not when they left.
    fn without(&self, watcher: PrincipalKey, keys: &[PrincipalKey]) -> Vec<PrincipalKey> {
        let member = self.directory.member(watcher);
        let moderates = member.role().is_some_and(Role::may_moderate);
        let mut without = Vec::new();
        if member.has_blocks() && !moderates {
            let mut unseen = self.directory.block_partners(watcher);
            unseen.retain(|key| {
                // One who left was known to whoever was no stranger then.
                let left = self.marks.left.get(key);
                let was_unseen = left.is_none_or(|strangers| strangers.contains(&watcher));
                was_unseen && keys.binary_search(key).is_ok()
            });
            without = unseen;
        }
        for (key, strangers) in &self.strange {
            let came_too = self.marks.members.get(key) == Some(&Mark::Came);
            if strangers.contains(&watcher) && !came_too && keys.binary_search(key).is_ok() {
                without.push(*key);
            }
        }
        without.sort_unstable();
        without.dedup();
        without
    }
}

impl<'c> Concern<'c> {
    /// Whom it names.
    pub(super) fn keys(&self) -> impl Iterator<Item = PrincipalKey> {
        let keys = self.keys.iter().copied();
        keys.filter(|key| self.without.binary_search(key).is_err())
            .chain(self.own)
    }

    pub(super) fn names(&self, key: PrincipalKey) -> bool {
        self.own == Some(key)
            || self.keys.binary_search(&key).is_ok() && self.without.binary_search(&key).is_err()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.len() == self.without.len() && self.own.is_none()
    }
}

/// Whether somebody may see anybody else as present.
pub(super) fn sees_others(directory: &Directory, watcher: PrincipalKey) -> bool {
    let hides = directory.member(watcher).privacy().availability == Reach::Nobody;
    !(hides && directory.sight_rules().reciprocal)
}

#[cfg(test)]
mod tests;
