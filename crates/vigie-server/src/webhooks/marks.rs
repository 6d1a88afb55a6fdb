//! People who wait to be told to one webhook: who, and in which order they began to wait.
//!
//! In: whoever changed. Out: people in the order of their first change, each once.
//! Always true: it is bounded; beyond, it forgets everybody and says so, and whoever takes next walks over all who changed since it knew them.

use std::collections::{HashSet, VecDeque};

use vigie_core::PrincipalKey;

/// People who wait for one webhook at most: about 2 MB; with more, it is cheaper to look who changed.
const MOST: usize = 100_000;

/// Who waits.
#[derive(Debug)]
pub(super) struct Marks {
    order: VecDeque<PrincipalKey>,
    waiting: HashSet<PrincipalKey>,
    /// Nobody is noted any more: a walk will find them all.
    is_lost: bool,
    most: usize,
}

impl Default for Marks {
    /// One that knows nobody yet, so that whoever takes first walks.
    fn default() -> Self {
        Self {
            order: VecDeque::new(),
            waiting: HashSet::new(),
            is_lost: true,
            most: MOST,
        }
    }
}

impl Marks {
    /// These changed; their change can be found by a walk that begins later.
    pub(super) fn mark(&mut self, people: &[PrincipalKey]) {
        if self.is_lost {
            return;
        }
        if self.order.len() + people.len() > self.most {
            self.lose();
            return;
        }
        for principal in people {
            if self.waiting.insert(*principal) {
                self.order.push_back(*principal);
            }
        }
    }

    /// Forgets everybody, to be found by a walk.
    pub(super) fn lose(&mut self) {
        *self = Self {
            most: self.most,
            ..Self::default()
        };
    }

    /// Whether a walk has to find them; from now on whoever changes is noted again.
    pub(super) fn begin_anew(&mut self) -> bool {
        std::mem::replace(&mut self.is_lost, false)
    }

    /// At most `most` of those who waited longest.
    pub(super) fn take(&mut self, most: usize) -> Vec<PrincipalKey> {
        let taken: Vec<_> = self.order.drain(..most.min(self.order.len())).collect();
        for principal in &taken {
            self.waiting.remove(principal);
        }
        taken
    }

    /// How many wait, as far as they are known.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys<const N: usize>(numbers: [u32; N]) -> [PrincipalKey; N] {
        numbers.map(PrincipalKey)
    }

    #[test]
    fn who_changes_again_keeps_the_place_and_waits_once() {
        let mut marks = Marks::default();
        assert!(marks.begin_anew());
        marks.mark(&keys([3, 1]));
        marks.mark(&keys([1, 2, 3]));
        assert_eq!(marks.take(2), keys([3, 1]));
        marks.mark(&keys([3]));
        assert_eq!(marks.take(9), keys([2, 3]));
        assert_eq!((marks.take(9), marks.begin_anew()), (vec![], false));
    }

    #[test]
    fn too_many_are_forgotten_and_left_to_a_walk() {
        let mut marks = Marks {
            most: 3,
            ..Marks::default()
        };
        marks.mark(&keys([1]));
        assert_eq!(marks.len(), 0);
        assert!(marks.begin_anew());
        marks.mark(&keys([1, 2, 3]));
        marks.mark(&keys([4]));
        assert_eq!(marks.len(), 0);
        marks.mark(&keys([5]));
        assert_eq!(marks.len(), 0);
        assert!(marks.begin_anew());
        marks.mark(&keys([6]));
        assert_eq!(marks.take(9), keys([6]));
    }
}
