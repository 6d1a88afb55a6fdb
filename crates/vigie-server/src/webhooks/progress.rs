//! How far a webhook has been told, and how it goes.
//!
//! Always true: a number that was given to a batch is never given to another one, also after a crash, for numbers are reserved before they are used.

use std::time::Duration;

use vigie_core::{Id, Wall};
use vigie_store::WebhookProgress;

use crate::fanout::Place;

/// Numbers that are reserved at a time: many more than are used between two writes.
const RESERVED: u64 = 100_000;

/// An address is not given up before so many attempts in a row failed, however long ago the first one was.
const FEWEST_FAILURES: u32 = 3;

/// How a webhook goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The latest delivery succeeded, or none was needed yet.
    Active,
    /// The latest delivery failed; it is tried again.
    Failing,
    /// Nothing is tried any more until somebody resumes it.
    Parked,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [Self; 3] = [Self::Active, Self::Failing, Self::Parked];

    /// As the wire writes it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Parked => "parked",
        }
    }
}

/// Progress in memory.
#[derive(Debug)]
pub(super) struct Progress {
    /// Where the receiver stands.
    pub(super) place: Place,
    next_sequence: u64,
    /// Numbers below may be used.
    reserved: u64,
    failures: u32,
    failing_since: Option<Wall>,
    parked_at: Option<Wall>,
    last_error: Option<Box<str>>,
    /// Changed since it was written.
    pub(super) is_unsaved: bool,
}

impl Progress {
    /// As it was kept; reserves numbers, which count once this is written.
    pub(super) fn kept(kept: &WebhookProgress, place: Place) -> Self {
        Self {
            place,
            next_sequence: kept.sequence.max(1),
            reserved: 0,
            failures: 0,
            failing_since: kept.failing_since,
            parked_at: kept.parked_at,
            last_error: kept.last_error.clone(),
            is_unsaved: true,
        }
    }

    /// What is to be written, but for the cursor; for the last time, no number is reserved any more.
    pub(super) fn to_keep(
        &self,
        cursor: String,
        (changed_conversations, must_resync): (Vec<Id>, bool),
        is_last: bool,
    ) -> WebhookProgress {
        let ahead = if is_last { 0 } else { RESERVED };
        WebhookProgress {
            sequence: self.next_sequence + ahead,
            cursor: cursor.into(),
            changed_conversations,
            must_resync,
            failing_since: self.failing_since,
            parked_at: self.parked_at,
            last_error: self.last_error.clone(),
        }
    }

    /// What was to be written is.
    pub(super) fn saved(&mut self, kept: &WebhookProgress) {
        self.reserved = self.reserved.max(kept.sequence);
    }

    /// Whether a number can be drawn; else more are to be reserved first.
    pub(super) fn has_number(&self) -> bool {
        self.next_sequence < self.reserved
    }

    /// A number for a new batch; `None` until more are reserved.
    pub(super) fn draw_sequence(&mut self) -> Option<u64> {
        let sequence = self.next_sequence;
        self.is_unsaved = true;
        if !self.has_number() {
            return None;
        }
        self.next_sequence += 1;
        Some(sequence)
    }

    /// The number of the latest batch.
    pub(super) fn latest_sequence(&self) -> u64 {
        self.next_sequence - 1
    }

    /// The receiver took a batch.
    pub(super) fn taken(&mut self, place: Place) {
        self.place = place;
        self.failures = 0;
        self.failing_since = None;
        self.last_error = None;
        self.is_unsaved = true;
    }

    /// Nothing waits before this place, without a delivery.
    pub(super) fn stand(&mut self, place: &Place) {
        // A place of an earlier start is soon of no use; within a start, the next delivery says it as well.
        self.is_unsaved |= matches!(self.place, Place::Earlier(_));
        self.place = place.clone();
    }

    /// A delivery failed; how many did in a row, and whether the address is to be given up.
    pub(super) fn failed(&mut self, error: &str, now: Wall, park_after: Duration) -> (u32, bool) {
        self.failures += 1;
        let since = *self.failing_since.get_or_insert(now);
        self.last_error = Some(error.into());
        self.is_unsaved = true;
        let is_over = now.since(since) >= park_after && self.failures >= FEWEST_FAILURES;
        (self.failures, is_over)
    }

    pub(super) fn park(&mut self, now: Wall) {
        self.parked_at = Some(now);
        self.is_unsaved = true;
    }

    /// Whether it was parked.
    pub(super) fn resume(&mut self) -> bool {
        let was_parked = self.parked_at.take().is_some();
        if was_parked {
            self.failures = 0;
            self.failing_since = None;
            self.last_error = None;
            self.is_unsaved = true;
        }
        was_parked
    }

    pub(super) fn is_parked(&self) -> bool {
        self.parked_at.is_some()
    }

    /// How it goes, since when, and why.
    pub(super) fn state(&self) -> (State, Option<Wall>, Option<&str>) {
        let error = self.last_error.as_deref();
        match (self.parked_at, self.failing_since) {
            (Some(at), _) => (State::Parked, Some(at), error),
            (None, Some(since)) => (State::Failing, Some(since), error),
            (None, None) => (State::Active, None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn at(seconds: i64) -> Wall {
        Wall::from_millis(seconds * 1_000)
    }

    fn here() -> Place {
        Place::Earlier(Arc::from("here"))
    }

    #[test]
    fn numbers_are_reserved_before_they_are_used_and_never_used_twice() {
        let mut progress = Progress::kept(&WebhookProgress::default(), here());
        assert_eq!(progress.draw_sequence(), None);
        let kept = progress.to_keep(String::new(), (vec![], false), false);
        progress.saved(&kept);
        assert_eq!(progress.draw_sequence(), Some(1));
        assert_eq!(progress.draw_sequence(), Some(2));
        // A crash: the next start goes on behind everything that was reserved.
        let mut after_crash = Progress::kept(&kept, here());
        after_crash.saved(&after_crash.to_keep(String::new(), (vec![], false), false));
        assert_eq!(after_crash.draw_sequence(), Some(kept.sequence));
        assert!(kept.sequence > 2);
        // A graceful end: it goes on where this one stopped.
        let last = progress.to_keep(String::new(), (vec![], false), true);
        assert_eq!(last.sequence, 3);
    }

    #[test]
    fn an_address_is_given_up_after_a_time_and_some_attempts() {
        let mut progress = Progress::kept(&WebhookProgress::default(), here());
        let mut fail = |second| progress.failed("no", at(second), Duration::from_secs(60));
        assert_eq!(
            [fail(0), fail(61), fail(62)],
            [(1, false), (2, false), (3, true)]
        );
        assert_eq!(progress.state(), (State::Failing, Some(at(0)), Some("no")));
        progress.park(at(62));
        assert_eq!(progress.state().0, State::Parked);
        assert!(progress.resume() && !progress.resume());
        assert_eq!(progress.state(), (State::Active, None, None));
        let mut fail = |second| progress.failed("no", at(second), Duration::from_secs(60));
        assert_eq!(
            [fail(70), fail(71), fail(72)],
            [(1, false), (2, false), (3, false)]
        );
        progress.taken(here());
        assert_eq!(progress.state(), (State::Active, None, None));
    }
}
