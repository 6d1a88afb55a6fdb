//! Members who may have changed, and whom each of them concerns.
//!
//! In: a member, and what of it may be another than before. Out: for one watcher, the members to look at.
//! Always true: what a watcher may not see is not among them, so that no view has its turn by it.
//! Else a hidden change would hurry what waits beside it: a number of members that changed a moment ago would come in a message of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use vigie_core::{Directory, PrincipalId, PrincipalKey, Reach, Role};

/// What of a member may be another than before, from what the fewest see to what the most do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// What the member itself sees and no other member.
    Hidden,
    /// What others are shown.
    Shown,
    /// Whether it is a member.
    Moved,
}

impl Mark {
    /// Of something that others are shown, or not.
    pub(super) const fn shown_if(is_shown: bool) -> Self {
        if is_shown { Self::Shown } else { Self::Hidden }
    }
}

/// Members who may have changed since somebody looked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Marks(BTreeMap<PrincipalKey, Mark>);

impl Marks {
    pub(super) fn note(&mut self, principal: PrincipalKey, mark: Mark) {
        let noted = self.0.entry(principal).or_insert(mark);
        *noted = mark.max(*noted);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Members to look at for one watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Concern<'d> {
    /// Sorted.
    pub(super) keys: Vec<PrincipalKey>,
    /// The first of their ids.
    pub(super) first: Option<&'d PrincipalId>,
}

impl<'d> Concern<'d> {
    pub(super) fn of(directory: &'d Directory, keys: Vec<PrincipalKey>) -> Self {
        let first = keys.iter().map(|key| directory.member(*key).id()).min();
        Self { keys, first }
    }
}

/// Whom the marks concern.
#[derive(Debug)]
pub(super) struct Concerns<'d> {
    directory: &'d Directory,
    marks: &'d Marks,
    /// What concerns whoever has no blocks and hides from nobody.
    common: Concern<'d>,
}

impl<'d> Concerns<'d> {
    pub(super) fn new(directory: &'d Directory, marks: &'d Marks) -> Self {
        let others = marks.0.iter().filter(|(_, mark)| **mark > Mark::Hidden);
        let keys = others.map(|(key, _)| *key).collect();
        Self {
            directory,
            marks,
            common: Concern::of(directory, keys),
        }
    }

    /// What concerns a watcher.
    pub(super) fn of(&self, watcher: PrincipalKey) -> Cow<'_, Concern<'d>> {
        let member = self.directory.member(watcher);
        let sees_others = sees_others(self.directory, watcher);
        let is_hidden = self.marks.0.get(&watcher) == Some(&Mark::Hidden);
        if sees_others && !member.has_blocks() && !is_hidden {
            return Cow::Borrowed(&self.common);
        }
        let moderates = member.role().is_some_and(Role::may_moderate);
        let is_seen = |key: PrincipalKey, mark: Mark| match mark {
            Mark::Hidden => false,
            Mark::Shown if !sees_others => false,
            Mark::Shown | Mark::Moved => {
                moderates || !self.directory.is_blocked_between(watcher, key)
            }
        };
        let marks = self.marks.0.iter();
        let seen = marks.filter(|(key, mark)| **key == watcher || is_seen(**key, **mark));
        let keys = seen.map(|(key, _)| *key).collect();
        Cow::Owned(Concern::of(self.directory, keys))
    }
}

/// Whether somebody may see anybody else as present.
pub(super) fn sees_others(directory: &Directory, watcher: PrincipalKey) -> bool {
    let hides = directory.member(watcher).privacy().availability == Reach::Nobody;
    !(hides && directory.sight_rules().reciprocal)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use vigie_core::{Privacy, Profile, SightRules};

    use super::*;

    #[test]
    fn a_mark_concerns_those_alone_who_may_see_what_changed() {
        let mut directory = Directory::default();
        directory.set_sight_rules(SightRules { reciprocal: true });
        let mut put = |name: &str, role: Option<Role>| {
            let profile = Profile {
                role,
                ..Profile::default()
            };
            directory.put(PrincipalId::user(name).unwrap(), &profile, None)
        };
        let (ann, ben, cem) = (put("ann", None), put("ben", None), put("cem", None));
        let (mod_, eva) = (put("mod", Some(Role::Moderator)), put("eva", None));
        let nobody = Privacy {
            availability: Reach::Nobody,
            last_seen: Reach::Nobody,
        };
        directory.set_privacy(cem, nobody);
        directory.block(ben, eva);
        directory.block(eva, mod_);
        let watchers = [ann, ben, cem, mod_, eva];
        let check = |mark: Mark, expected: &[PrincipalKey]| {
            let mut marks = Marks::default();
            marks.note(eva, mark);
            marks.note(eva, Mark::Hidden);
            let concerns = Concerns::new(&directory, &marks);
            for watcher in watchers {
                let concern = concerns.of(watcher);
                let is_concerned = concern.keys == [eva];
                assert_eq!(
                    is_concerned,
                    expected.contains(&watcher),
                    "{watcher:?} {mark:?}"
                );
                assert_eq!(concern.first.is_some(), is_concerned);
            }
        };
        check(Mark::Hidden, &[eva]);
        check(Mark::Shown, &[ann, mod_, eva]);
        check(Mark::Moved, &[ann, cem, mod_, eva]);
    }
}
