//! A conversation that somebody has open, or that is too large to be read member by member.
//!
//! In: devices and views that come and go, members who change. Out: which views are due, and what they see.
//! Always true: what is due has a time; a gathering that nobody looks at and that is small is forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use vigie_core::{
    ConnectionId, ConversationKey, Directory, Mono, PrincipalId, PrincipalKey, Sight, Watcher,
};

use super::here::{Here, Metadata};
use super::index::{Index, Standing};
use super::ladder::{Ladder, ROUND_MILLIS, Rung};
use super::marks::{Concerns, Mark, Marks, Strangers, sees_others};
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
    /// Members whose state may have changed since the latest round, or turn of those who are told at once.
    dirty: Marks,
    /// Some views keep in mind what the next round has to tell them.
    is_owed: bool,
    /// Views that wait for no round, with the instant they wait until: new ones, and those that had no room.
    eager: BTreeMap<ConnectionId, Mono>,
    paces: Paces,
    /// How long after a whole second its rounds come, so that not all conversations have theirs at once.
    beat: Duration,
    /// When the views are due that are told each change as it comes.
    full_due: Option<Mono>,
    /// When the others are.
    round_due: Option<Mono>,
    eager_due: Option<Mono>,
}

/// At which paces the views are told, as far as that is known.
#[derive(Debug, Default, Clone, Copy)]
struct Paces {
    /// Some may be told each change as it comes.
    at_once: bool,
    /// Some may be told in rounds.
    in_rounds: bool,
}

/// What is to be done for a conversation now.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) dirty: Marks,
    pub(super) views: BTreeSet<ConnectionId>,
    /// How many viewers the ladder goes by, when any view is due.
    pub(super) viewers: Viewers,
}

/// How many viewers the ladder goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Viewers {
    /// All there are: far too many.
    All(usize),
    /// Those whom others may see as present, less whomever a watcher may not see.
    Shown(usize),
}

impl Default for Viewers {
    fn default() -> Self {
        Self::Shown(0)
    }
}

impl Gathering {
    /// A conversation that nobody has open.
    pub(super) fn of(conversation: ConversationKey) -> Self {
        // Neighbours, which were often made together, are far apart.
        let beat = u64::from(conversation.0) * 617 % 1_000;
        Self {
            beat: Duration::from_millis(beat),
            ..Self::default()
        }
    }

    /// When something is due.
    pub(super) fn due(&self) -> Option<Mono> {
        let due = [self.full_due, self.round_due, self.eager_due];
        due.into_iter().flatten().min()
    }

    /// Notes how a member stands now; how it stood before, where that is known.
    pub(super) fn note(
        &mut self,
        id: &PrincipalId,
        key: PrincipalKey,
        standing: Standing,
    ) -> Option<Standing> {
        let index = self.index.as_mut()?;
        let before = index.standing(id);
        index.note(id, key, standing);
        self.here.note_standing(key, standing.is_public());
        Some(before)
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

    /// A member's device opens the conversation, or says something new of itself; says whether anything of the member is another than before.
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

    /// A member may have changed.
    pub(super) fn mark(&mut self, principal: PrincipalKey, mark: Mark, now: Mono) {
        if self.views.is_empty() {
            return;
        }
        self.dirty.note(principal, mark);
        self.arm_full(now);
    }

    /// Somebody is no member any more.
    pub(super) fn mark_left(&mut self, principal: PrincipalKey, strangers: Strangers, now: Mono) {
        if self.views.is_empty() {
            return;
        }
        self.dirty.note_left(principal, strangers);
        self.arm_full(now);
    }

    fn arm_full(&mut self, now: Mono) {
        if self.paces.at_once || !self.paces.in_rounds {
            self.full_due.get_or_insert(now);
        }
    }

    /// Rounds come at a beat of the clock's: were they reckoned from anything that happened, a viewer could see by it that something hidden did.
    fn next_round(&self, now: Mono) -> Mono {
        let latest = (now - self.beat).as_millis() / ROUND_MILLIS * ROUND_MILLIS;
        Mono::from_millis(latest + ROUND_MILLIS) + self.beat
    }

    /// A view is not to wait longer than this.
    pub(super) fn hurry(&mut self, view: ConnectionId, until: Mono) {
        let waits = self.eager.entry(view).or_insert(until);
        *waits = until.min(*waits);
        self.eager_due = Some(self.eager_due.map_or(until, |due| due.min(until)));
    }

    /// These views had no room for what there was to say: they keep it in mind until then.
    pub(super) fn put_off(&mut self, views: &[ConnectionId], concerns: &Concerns<'_>, until: Mono) {
        for id in views {
            if let Some(view) = self.views.get_mut(id) {
                view.want(&concerns.of(view.watcher()));
                self.hurry(*id, until);
            }
        }
    }

    /// A view was told, and is on this rung now.
    pub(super) fn note_rung(&mut self, rung: Option<Rung>, now: Mono) {
        match rung {
            Some(Rung::Full) => self.paces.at_once = true,
            Some(Rung::Batched | Rung::Window | Rung::Count) => {
                self.paces.in_rounds = true;
                self.arm_round(now);
            }
            None => {}
        }
    }

    /// Rounds come whether or not anything happened: one that comes late takes in what happened after its beat, and would show by that what it was due for.
    fn arm_round(&mut self, now: Mono) {
        if self.paces.in_rounds && !self.views.is_empty() {
            let due = self.next_round(now);
            self.round_due.get_or_insert(due);
        }
    }

    /// What is due now.
    ///
    /// A view has its turns by what it was told itself, and never because another one has: that one may be somebody's who hides.
    pub(super) fn take_work(&mut self, now: Mono, ladder: Ladder, directory: &Directory) -> Work {
        let is_due = |due: &mut Option<Mono>| due.take_if(|due| *due <= now).is_some();
        let is_full_due = is_due(&mut self.full_due);
        let is_round_due = is_due(&mut self.round_due) && (self.is_owed || !self.dirty.is_empty());
        let mut work = Work::default();
        if is_due(&mut self.eager_due) {
            let eager = self.eager.extract_if(.., |_, until| *until <= now);
            work.views.extend(eager.map(|(id, _)| id));
            self.eager_due = self.eager.values().min().copied();
        }
        if is_full_due || is_round_due {
            work.dirty = std::mem::take(&mut self.dirty);
            let concerns = Concerns::new(directory, &work.dirty);
            self.share_turns(&mut work.views, &concerns, is_full_due, is_round_due);
        } else if !work.views.is_empty() {
            // What they are told now says nothing of who else is told when.
            work.dirty.clone_from(&self.dirty);
        }
        self.arm_round(now);
        if !work.views.is_empty() {
            work.viewers = self.counted_viewers(ladder);
        }
        work
    }

    /// Gives those views a turn whose pace has one; the others keep in mind what they will have to be told.
    fn share_turns(
        &mut self,
        turns: &mut BTreeSet<ConnectionId>,
        concerns: &Concerns<'_>,
        is_full_due: bool,
        is_round_due: bool,
    ) {
        self.paces = Paces::default();
        self.is_owed &= !is_round_due;
        for (id, view) in &mut self.views {
            let has_turn = match view.rung() {
                Some(Rung::Full) => {
                    self.paces.at_once = true;
                    is_full_due
                }
                Some(Rung::Batched | Rung::Window | Rung::Count) => {
                    self.paces.in_rounds = true;
                    is_round_due
                }
                // A new one waits for no other's turn; one whose watcher was no member for an instant has its own when that one is back.
                None => !concerns.of(view.watcher()).is_empty(),
            };
            // Whoever waits for room is told when that is over.
            if has_turn && !self.eager.contains_key(id) {
                turns.insert(*id);
                continue;
            }
            let concern = concerns.of(view.watcher());
            view.want(&concern);
            self.is_owed |= !concern.is_empty() && view.rung() != Some(Rung::Full);
        }
    }

    /// The viewers that the ladder goes by: those whom others may see as present, or all where they are far too many; a hidden one at the border must not change what the others are told.
    fn counted_viewers(&self, ladder: Ladder) -> Viewers {
        if self.views.len() > ladder.viewers.saturating_mul(HIDDEN_VIEWERS) {
            return Viewers::All(self.views.len());
        }
        let is_public = |view: &&View| self.here.is_public(view.watcher());
        Viewers::Shown(self.views.values().filter(is_public).count())
    }

    /// How many viewers a watcher's rung goes by.
    pub(super) fn viewers_for(
        &self,
        all: Viewers,
        directory: &Directory,
        own: PrincipalKey,
    ) -> usize {
        let shown = match all {
            Viewers::All(count) => return count,
            Viewers::Shown(count) => count,
        };
        let views_of = |key: PrincipalKey| {
            if self.here.is_public(key) {
                self.views_of(key).count()
            } else {
                0
            }
        };
        let watcher = Watcher::Principal(own);
        if !sees_others(directory, own) {
            return views_of(own);
        }
        let partners = directory.block_partners(own).into_iter();
        let unseen = partners.filter(|key| directory.sight(watcher, *key) == Sight::Nothing);
        shown - unseen.map(views_of).sum::<usize>()
    }

    /// What the clients of somebody hold may differ anywhere; their views.
    pub(super) fn compare_views_of(&mut self, principal: PrincipalKey) -> Vec<ConnectionId> {
        let views: Vec<_> = self.views_of(principal).collect();
        for id in &views {
            if let Some(view) = self.views.get_mut(id) {
                view.compare_all();
            }
        }
        views
    }

    /// The views of one person.
    pub(super) fn views_of(&self, principal: PrincipalKey) -> impl Iterator<Item = ConnectionId> {
        let devices = self.here.devices(principal);
        devices.filter(|device| self.views.contains_key(device))
    }

    /// A socket is gone, or looks elsewhere.
    pub(super) fn leave(&mut self, principal: PrincipalKey, view: ConnectionId, now: Mono) {
        let had_view = self.views.remove(&view).is_some();
        self.eager.remove(&view);
        let was_shown = self.here.is_public(principal);
        // Fewer viewers that count may have more than counts again.
        if self.here.close(principal, view) || had_view {
            self.mark(principal, Mark::shown_if(was_shown), now);
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
        let anew = Self {
            beat: self.beat,
            ..Self::default()
        };
        let views = std::mem::replace(self, anew).views;
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
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono::from_millis(1_000_000 + millis)
    }

    #[test]
    fn a_change_is_due_at_the_same_beat_whatever_came_before_it() {
        let gathering = Gathering::of(ConversationKey(2));
        let check = |now, due| assert_eq!(gathering.next_round(at(now)), at(due), "{now}");
        check(0, 234);
        check(233, 234);
        check(234, 1_234);
        check(1_233, 1_234);
    }

    #[test]
    fn one_that_waits_is_not_told_sooner_because_another_is() {
        let ladder = Ladder {
            full: 1,
            batched: 10,
            viewers: 10,
        };
        let (patient, hurried) = (ConnectionId(1), ConnectionId(2));
        let mut gathering = Gathering::of(ConversationKey(0));
        gathering.hurry(patient, at(50));
        gathering.hurry(hurried, at(10));
        let directory = Directory::default();
        let mut turns = |now| gathering.take_work(at(now), ladder, &directory).views;
        assert_eq!(turns(9), BTreeSet::new());
        assert_eq!(turns(10), BTreeSet::from([hurried]));
        assert_eq!(turns(49), BTreeSet::new());
        assert_eq!(turns(50), BTreeSet::from([patient]));
    }
}
