//! Blocks, as the directory changes and knows them.
//!
//! Always true: two principals with a block between them both know that they have blocks, so that everybody else is seen without a look at them.

use crate::principal::{PrincipalId, PrincipalKey};

use super::Directory;

impl Directory {
    /// Hides two principals from each other, because `blocker` wants it so; says whether it is new.
    pub fn block(&mut self, blocker: PrincipalKey, blocked: PrincipalKey) -> bool {
        self.version += 1;
        for key in [blocker, blocked] {
            self.rows[key.index()].has_blocks = true;
        }
        self.blocks.add(blocker, blocked)
    }

    /// Ends a block; says whether there was one.
    pub fn unblock(&mut self, blocker: PrincipalKey, blocked: PrincipalKey) -> bool {
        self.version += 1;
        let was_blocked = self.blocks.remove(blocker, blocked);
        for key in [blocker, blocked] {
            let has_blocks =
                !self.blocks.blocked_by(key).is_empty() || !self.blocks.blockers_of(key).is_empty();
            self.rows[key.index()].has_blocks = has_blocks;
        }
        was_blocked
    }

    /// Whether one of two principals blocked the other.
    #[must_use]
    pub fn is_blocked_between(&self, one: PrincipalKey, other: PrincipalKey) -> bool {
        let has_blocks = |key: PrincipalKey| self.rows[key.index()].has_blocks;
        has_blocks(one) && has_blocks(other) && self.blocks.are_between(one, other)
    }

    /// Whom somebody blocked, and who blocked somebody, sorted by key.
    #[must_use]
    pub fn block_partners(&self, key: PrincipalKey) -> Vec<PrincipalKey> {
        let mut partners = self.blocks.blocked_by(key).to_vec();
        partners.extend(self.blocks.blockers_of(key));
        partners.sort_unstable();
        partners.dedup();
        partners
    }

    /// [`Self::block`] by id; whoever does not exist can be blocked as well.
    pub fn block_id(&mut self, blocker: PrincipalKey, blocked: &PrincipalId) -> bool {
        match self.existing(blocked) {
            Some(blocked) => self.block(blocker, blocked),
            None => self.blocks.await_id(blocker, blocked),
        }
    }

    /// Ends a block by id; says whether there was one.
    pub fn unblock_id(&mut self, blocker: PrincipalKey, blocked: &PrincipalId) -> bool {
        match self.existing(blocked) {
            Some(blocked) => self.unblock(blocker, blocked),
            None => self.blocks.await_no_more(blocker, blocked),
        }
    }

    /// Whom somebody blocked, sorted by id: whether they exist is not to be told from it.
    #[must_use]
    pub fn blocked_ids(&self, blocker: PrincipalKey) -> Vec<PrincipalId> {
        let known = self.member(blocker).blocked().iter();
        let known = known.map(|key| self.member(*key).id());
        let waiting = self.blocks.waiting_of(blocker);
        let mut ids: Vec<_> = known.chain(waiting).cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// The blocks that somebody has to be given to stand where another stood, as blocker and blocked: those by and against `from`.
    ///
    /// None is of oneself, and none that `to` has already; of those by `from` only as many as leave `to` with at most `most` of its own, in the order of ids.
    #[must_use]
    pub fn blocks_to_take_over(
        &self,
        from: PrincipalKey,
        to: PrincipalKey,
        most: usize,
    ) -> Vec<(PrincipalId, PrincipalId)> {
        let user = self.member(to).id();
        let own = self.blocked_ids(to);
        let room = most.saturating_sub(own.len());
        let blocked = self.blocked_ids(from).into_iter();
        let blocked = blocked.filter(|id| id != user && own.binary_search(id).is_err());
        let blocked = blocked.take(room).map(|id| (user.clone(), id));
        let known = self.blocks.blockers_of(to);
        let blockers = self.blocks.blockers_of(from).iter();
        let blockers = blockers.filter(|key| **key != to && known.binary_search(key).is_err());
        let blockers = blockers.map(|key| (self.member(*key).id().clone(), user.clone()));
        blocked.chain(blockers).collect()
    }

    fn existing(&self, id: &PrincipalId) -> Option<PrincipalKey> {
        let key = self.key(id)?;
        (!self.member(key).is_deleted()).then_some(key)
    }

    /// Somebody has an id that was blocked before.
    pub(super) fn take_up_blocks(&mut self, key: PrincipalKey, id: &PrincipalId) {
        for blocker in self.blocks.take_waiting(id) {
            self.block(blocker, key);
        }
    }

    pub(super) fn end_blocks(&mut self, key: PrincipalKey) {
        for id in self.blocks.waiting_of(key).to_vec() {
            self.blocks.await_no_more(key, &id);
        }
        for blocked in self.blocks.blocked_by(key).to_vec() {
            self.unblock(key, blocked);
        }
        for blocker in self.blocks.blockers_of(key).to_vec() {
            self.unblock(blocker, key);
        }
    }
}
