//! A conversation that somebody has open, or that is too large to be read member by member.
//!
//! In: devices and views that come and go, members who change. Out: which views are due, and what they see.
//! Always true: what is due has a time; a gathering that nobody looks at and that is small is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;
use vigie_core::{ConnectionId, Directory, PrincipalId, PrincipalKey};

use super::here::{Here, Metadata};
use super::index::{Index, Standing};
use super::ladder::{Ladder, Rung};
use super::view::View;

/// From so many times the limit of viewers on, those count as well whom nobody else may see.
const HIDDEN_VIEWERS: usize = 2;

/// One conversation's views and what they are made of.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    pub(super) here: Here,
    pub(super) views: BTreeMap<ConnectionId, View>,
    /// Who is present; kept while somebody looks, and always where there are many members.
    pub(super) index: Option<Index>,
    pub(super) rung: Option<Rung>,
    /// Members whose state may have changed since the latest round.
    dirty: BTreeSet<PrincipalKey>,
    /// Views that do not wait for the next round: new ones, and those that had no room.
    eager: BTreeSet<ConnectionId>,
    /// When the first round was, from which the others are reckoned.
    first_round: Option<Instant>,
    round_due: Option<Instant>,
    eager_due: Option<Instant>,
}

/// What is to be done for a conversation now.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) dirty: Vec<PrincipalKey>,
    pub(super) views: Vec<ConnectionId>,
}

impl Gathering {
    /// When something is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = [self.round_due, self.eager_due];
        due.into_iter().flatten().min()
    }

    /// Notes how a member stands now.
    pub(super) fn note(&mut self, id: &PrincipalId, key: PrincipalKey, standing: Standing) {
        if let Some(index) = &mut self.index {
            index.note(id, key, standing);
            self.here.note_standing(key, standing.is_public());
        }
    }

    /// Keeps from now on who is present.
    pub(super) fn keep_index(&mut self, index: Index, directory: &Directory) {
        let here: Vec<_> = self.here.people().collect();
        for key in here {
            let standing = index.standing(directory.member(key).id());
            self.here.note_standing(key, standing.is_public());
        }
        self.index = Some(index);
    }

    /// A member's device opens the conversation, or says something new of itself; says whether others see a difference.
    pub(super) fn open(
        &mut self,
        id: &PrincipalId,
        key: PrincipalKey,
        device: ConnectionId,
        metadata: Metadata,
    ) -> bool {
        let is_news = self.here.open(key, device, metadata);
        if let Some(index) = &self.index {
            let standing = index.standing(id);
            self.here.note_standing(key, standing.is_public());
        }
        is_news
    }

    /// A member's state may have changed.
    pub(super) fn mark(&mut self, principal: PrincipalKey, now: Instant) {
        if self.views.is_empty() {
            return;
        }
        self.dirty.insert(principal);
        let due = self.next_round(now);
        self.round_due.get_or_insert(due);
    }

    /// Rounds come at a beat of their own: were they reckoned from the latest, a change that is hidden from a viewer would put off the next one that is not.
    fn next_round(&self, now: Instant) -> Instant {
        let pause = self.rung.unwrap_or(Rung::Full).pause();
        let Some(first) = self.first_round.filter(|_| !pause.is_zero()) else {
            return now;
        };
        let since = now.saturating_duration_since(first).as_nanos();
        let rounds = since / pause.as_nanos() + 1;
        first + pause * u32::try_from(rounds).unwrap_or(u32::MAX)
    }

    /// A view is not to wait longer than this.
    pub(super) fn hurry(&mut self, view: ConnectionId, until: Instant) {
        self.eager.insert(view);
        self.eager_due = Some(self.eager_due.map_or(until, |due| due.min(until)));
    }

    /// What is due now; the rung is decided anew with each round.
    pub(super) fn take_work(&mut self, now: Instant, ladder: Ladder, members: usize) -> Work {
        let viewers = self.counted_viewers(ladder);
        let mut work = Work {
            dirty: Vec::new(),
            views: Vec::new(),
        };
        let is_new = self.rung.is_none();
        if self.round_due.is_some_and(|due| due <= now) || is_new {
            let rung = ladder.rung(self.rung, members, viewers);
            self.rung = Some(rung);
            self.round_due = None;
            self.first_round.get_or_insert(now);
            work.dirty = std::mem::take(&mut self.dirty).into_iter().collect();
            work.views = self.views.keys().copied().collect();
            self.eager.clear();
            self.eager_due = None;
        } else if self.eager_due.is_some_and(|due| due <= now) {
            self.eager_due = None;
            work.views = std::mem::take(&mut self.eager).into_iter().collect();
        }
        work
    }

    /// The viewers that the ladder goes by: those whom others may see as present, or all where they are far too many; a hidden one at the border must not change what the others are told.
    fn counted_viewers(&self, ladder: Ladder) -> usize {
        if self.views.len() > ladder.viewers.saturating_mul(HIDDEN_VIEWERS) {
            return self.views.len();
        }
        let is_public = |view: &&View| self.here.is_public(view.watcher());
        self.views.values().filter(is_public).count()
    }

    /// A socket is gone, or looks elsewhere.
    pub(super) fn leave(&mut self, principal: PrincipalKey, view: ConnectionId, now: Instant) {
        let had_view = self.views.remove(&view).is_some();
        self.eager.remove(&view);
        if self.here.close(principal, view) {
            self.mark(principal, now);
        }
        if had_view && self.rung == Some(Rung::Count) {
            // Fewer viewers may have it back from counts.
            self.mark(principal, now);
        }
    }

    /// Somebody is no member any more: is not here, and looks no longer; the views that ended.
    pub(super) fn end_views_of(&mut self, principal: PrincipalKey) -> Vec<View> {
        let devices = self.here.forget(principal).into_iter();
        devices
            .filter_map(|device| {
                self.eager.remove(&device);
                self.views.remove(&device)
            })
            .collect()
    }

    /// The conversation is gone; the views that ended.
    pub(super) fn end(&mut self) -> Vec<View> {
        let views = std::mem::take(self).views;
        views.into_values().collect()
    }

    /// Whether nothing of it has to be kept.
    pub(super) fn is_over(&self, is_large: bool) -> bool {
        let is_kept = is_large && self.index.is_some();
        self.here.is_empty() && self.views.is_empty() && !is_kept
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_change_is_due_at_the_same_beat_whatever_came_before_it() {
        let ladder = Ladder {
            full: 1,
            batched: 10,
            viewers: 10,
        };
        let first = Instant::now();
        let at = |millis| first + Duration::from_millis(millis);
        let begun = || {
            let mut gathering = Gathering::default();
            gathering.take_work(first, ladder, 5);
            assert_eq!(gathering.rung, Some(Rung::Batched));
            gathering
        };
        let quiet = begun();
        let mut busy = begun();
        for round in 1..=3 {
            // Something that a viewer may not see takes a round.
            busy.round_due = Some(at(round * 1_000));
            busy.take_work(at(round * 1_000), ladder, 5);
        }
        for now in [3_001, 3_250, 3_999] {
            assert_eq!(quiet.next_round(at(now)), at(4_000));
            assert_eq!(busy.next_round(at(now)), at(4_000));
        }
        assert_eq!(quiet.next_round(at(4_000)), at(5_000));
    }
}
