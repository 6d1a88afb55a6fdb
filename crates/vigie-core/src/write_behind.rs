//! Which principals wait to be written, and what became of the activities that the throttle let pass.
//!
//! In: "this principal changed", and the store's answers.
//! Out: batches of principals, one batch at a time; the caller asks the engine for their newest records when it writes.
//! Always true: a principal waits at most once, so a store that is away costs memory for principals, never for changes;
//! and accepted activities are pending until a write that began after them succeeded.

use std::collections::VecDeque;

use crate::principal::PrincipalKey;

/// The principals whose records are to be written next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Each at most once, longest waiting first.
    pub principals: Vec<PrincipalKey>,
}

/// How far the newest record of a principal is on its way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits to be taken.
    Waiting,
    /// It is part of the batch in flight, and nothing changed since.
    InFlight,
    /// Nothing of it waits.
    Durable,
}

/// Coalesces changes between the engine and the store.
#[derive(Debug, Default)]
pub struct WriteBehind {
    order: VecDeque<PrincipalKey>,
    /// By principal; `None` for who does not wait.
    /// A table by position and not by hash: noting a million of them under the engine's lock must never stop to move a million entries.
    waiting: Vec<Option<Accepted>>,
    in_flight: Vec<(PrincipalKey, Accepted)>,
    successful: u64,
    failed: u64,
    pending: u64,
}

/// Accepted activities of one principal that are not durable yet.
#[derive(Debug, Clone, Copy, Default)]
struct Accepted {
    /// Never part of a failed flush.
    fresh: u32,
    /// Part of at least one.
    failed: u32,
}

impl WriteBehind {
    /// A principal changed; `accepted` when an activity that the throttle let pass is among the reasons.
    pub fn note(&mut self, principal: PrincipalKey, accepted: bool) {
        let entry = self.entry(principal);
        if accepted {
            entry.fresh += 1;
            self.pending += 1;
        }
    }

    /// The next batch of at most `most` principals; `None` when nothing waits or a batch is in flight.
    pub fn take_batch(&mut self, most: usize) -> Option<Batch> {
        if !self.in_flight.is_empty() || self.order.is_empty() {
            return None;
        }
        Some(self.take_more(most))
    }

    /// Adds at most `most` of those who wait to the batch in flight; these come out.
    ///
    /// So a large batch can be taken in slices, and nobody waits for long while one is taken.
    /// All slices together must not be more than waited when the batch was begun: who changes meanwhile waits again, behind those.
    pub fn take_more(&mut self, most: usize) -> Batch {
        let take = self.order.len().min(most);
        let before = self.in_flight.len();
        for principal in self.order.drain(..take) {
            let accepted = self.waiting[principal.index()].take().unwrap_or_default();
            self.in_flight.push((principal, accepted));
        }
        let taken = &self.in_flight[before..];
        Batch {
            principals: taken.iter().map(|(key, _)| *key).collect(),
        }
    }

    /// The store made the batch in flight durable.
    pub fn stored(&mut self) {
        for (_, accepted) in self.in_flight.drain(..) {
            let durable = u64::from(accepted.fresh) + u64::from(accepted.failed);
            self.successful += durable;
            self.pending -= durable;
        }
    }

    /// The store refused the batch in flight: its principals wait again.
    pub fn failed(&mut self) {
        for (principal, accepted) in core::mem::take(&mut self.in_flight) {
            self.failed += u64::from(accepted.fresh);
            let entry = self.entry(principal);
            entry.failed += accepted.fresh + accepted.failed;
        }
    }

    /// Where the newest record of a principal is.
    #[must_use]
    pub fn stage(&self, principal: PrincipalKey) -> Stage {
        let waits = self
            .waiting
            .get(principal.index())
            .is_some_and(Option::is_some);
        if waits {
            Stage::Waiting
        } else if self.in_flight.iter().any(|(key, _)| *key == principal) {
            Stage::InFlight
        } else {
            Stage::Durable
        }
    }

    /// Principals that wait, those in flight included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.order.len() + self.in_flight.len()
    }

    /// Accepted activities that are durable.
    #[must_use]
    pub fn successful(&self) -> u64 {
        self.successful
    }

    /// Accepted activities whose first flush failed; each counts once.
    #[must_use]
    pub fn failed_updates(&self) -> u64 {
        self.failed
    }

    /// Accepted activities that are not durable yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.pending
    }

    fn entry(&mut self, principal: PrincipalKey) -> &mut Accepted {
        if self.waiting.len() <= principal.index() {
            self.waiting.resize(principal.index() + 1, None);
        }
        self.waiting[principal.index()].get_or_insert_with(|| {
            self.order.push_back(principal);
            Accepted::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: PrincipalKey = PrincipalKey(1);
    const BOB: PrincipalKey = PrincipalKey(2);

    fn counters(queue: &WriteBehind) -> (u64, u64, u64) {
        (queue.successful(), queue.failed_updates(), queue.pending())
    }

    #[test]
    fn changes_of_one_principal_are_written_once() {
        let mut queue = WriteBehind::default();
        queue.note(ALICE, true);
        queue.note(BOB, false);
        queue.note(ALICE, true);
        let batch = queue.take_batch(10).map(|batch| batch.principals);
        assert_eq!(batch, Some(vec![ALICE, BOB]));
        assert_eq!(queue.take_batch(10), None);
        queue.stored();
        assert_eq!(counters(&queue), (2, 0, 0));
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn an_update_fails_once_however_often_its_flush_does() {
        let mut queue = WriteBehind::default();
        queue.note(ALICE, true);
        for _ in 0..3 {
            queue.take_batch(10);
            queue.failed();
        }
        assert_eq!(counters(&queue), (0, 1, 1));
        queue.note(ALICE, true);
        queue.take_batch(10);
        queue.stored();
        assert_eq!(counters(&queue), (2, 1, 0));
    }

    #[test]
    fn a_batch_in_slices_is_stored_or_fails_as_one() {
        let mut queue = WriteBehind::default();
        queue.note(ALICE, true);
        queue.note(BOB, true);
        let first = queue.take_batch(1).map(|batch| batch.principals);
        assert_eq!(first, Some(vec![ALICE]));
        queue.note(ALICE, true);
        assert_eq!(queue.take_more(1).principals, [BOB]);
        queue.failed();
        assert_eq!(counters(&queue), (0, 2, 3));
        let again = queue.take_batch(10).map(|batch| batch.principals);
        assert_eq!(again, Some(vec![ALICE, BOB]));
        queue.stored();
        assert_eq!(counters(&queue), (3, 2, 0));
    }

    #[test]
    fn a_change_during_a_flush_waits_for_the_next() {
        let mut queue = WriteBehind::default();
        queue.note(ALICE, true);
        assert_eq!(queue.stage(ALICE), Stage::Waiting);
        queue.take_batch(10);
        assert_eq!(queue.stage(ALICE), Stage::InFlight);
        queue.note(ALICE, true);
        assert_eq!(queue.stage(ALICE), Stage::Waiting);
        queue.stored();
        assert_eq!(queue.stage(BOB), Stage::Durable);
        assert_eq!(counters(&queue), (1, 0, 1));
        let batch = queue.take_batch(10).map(|batch| batch.principals);
        assert_eq!(batch, Some(vec![ALICE]));
    }
}
