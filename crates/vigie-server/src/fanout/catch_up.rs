//! What a client missed: those who changed since its cursor, each once, in their newest state.
//!
//! In: a watcher, and the cursor it comes with. Out: a partial snapshot with a new cursor, or a whole one where the old cursor is of no use.
//! Always true: a cursor only selects among what its owner may see anyway, and catching up twice from one place gives the same view.

use serde_json::json;
use vigie_core::{PrincipalKey, Sight, Wall, followed_version};

use super::Fanout;
use super::link::Frame;
use super::positions::{Missed, Reached, fingerprint};
use super::restamp::latest_turn;
use super::visibility::Seen;
use super::watching::{Watched, add};
use super::wire::{Snapshot, event};
use crate::engine_host::Number;

/// A snapshot, and what follows it needs to know.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) snapshot: Snapshot,
    /// News before this number are in it, or were held already.
    pub(super) horizon: Number,
    /// Whom it shows with later news already, with the number before which all are in that.
    pub(super) ahead: Vec<(PrincipalKey, Number)>,
    pub(super) relations: u64,
}

impl Fanout {
    /// What a watcher lacks that comes with this cursor; everything when it comes with none.
    pub(crate) fn compose(
        &self,
        watcher: PrincipalKey,
        watched: &Watched,
        since: Option<&str>,
    ) -> Composed {
        // A stopping server tells nobody a part: what it might tell now is not durable any more.
        let since = since.filter(|_| !self.is_draining());
        let part = since.and_then(|since| self.compose_part(watcher, watched, since));
        part.unwrap_or_else(|| self.compose_whole(watcher, watched))
    }

    /// Those whom a watcher missed; `None` when a whole snapshot is needed, or is no larger.
    fn compose_part(
        &self,
        watcher: PrincipalKey,
        watched: &Watched,
        since: &str,
    ) -> Option<Composed> {
        // Read first: what is told from here on comes to the client by itself.
        let now = self.host.now().wall;
        let reached = self.positions.reached_at(now, || self.host.horizon());
        let mut audience = self.contacts(watcher);
        add(&mut audience, &watched.seen);
        let relations = self.relations_of(&audience);
        let missed = {
            let directory = self.people.directory();
            let whose = (watcher, directory.member(watcher).id());
            self.positions.missed(since, whose, relations, now)?
        };
        let relations = missed.relations;
        // A cursor that does not rest on this list says nothing of whoever is new in it, or is seen no more.
        if watched.is_named && relations == 0 {
            return None;
        }
        // No snapshot holds oneself; whoever follows news does.
        audience.push((watcher, Sight::Whole));
        let (people, horizon) =
            self.newer(&audience, missed, self.missed_stamps(watcher, missed, now));
        if people.len() > self.audience_limit + watched.seen.len() {
            return None;
        }
        let snapshot = Snapshot {
            cursor: self.cursor(watcher, reached, relations),
            total: people.len(),
            users: self.statuses(&people),
            truncated: false,
            partial: true,
        };
        // Taken and not told: what is on its way may be older than what is shown here.
        let is_ahead = horizon > reached.number;
        let ahead = people.iter().filter(|_| is_ahead);
        Some(Composed {
            snapshot,
            horizon: reached.number,
            ahead: ahead.map(|seen| (seen.key, horizon)).collect(),
            relations,
        })
    }

    /// Those of an audience who changed since for whoever may follow them, the watcher itself last, and with `stamps` whoever is shown as present: their times have moved; and the number before which all news are in that.
    fn newer(
        &self,
        audience: &[(PrincipalKey, Sight)],
        missed: Missed,
        stamps: bool,
    ) -> (Vec<Seen>, Number) {
        let followed = |of: &&(PrincipalKey, Sight)| of.1.follows();
        let followed: Vec<_> = audience.iter().filter(followed).copied().collect();
        let changed = self.changed_among(&followed, missed.number);
        if missed.version.is_none() && !stamps {
            return self.survey(&changed);
        }
        let now = self.host.now().wall;
        let (mut people, horizon) = self.survey(&followed);
        let mut changed = changed.into_iter().peekable();
        people.retain(|seen| {
            // Both lists are in one order.
            let is_changed = changed.next_if(|(key, _)| *key == seen.key).is_some();
            // Nobody is shown by a version what its face does not show.
            let version = followed_version(seen.sight, &seen.presence);
            let is_later = missed
                .version
                .is_some_and(|missed| version.is_some_and(|version| version >= missed));
            is_changed || is_later || stamps && seen.face(now).availability.is_online()
        });
        (people, horizon)
    }

    /// Those of whom something was told from there on, in their order: of oneself also what concerned nobody else.
    fn changed_among(
        &self,
        people: &[(PrincipalKey, Sight)],
        number: Number,
    ) -> Vec<(PrincipalKey, Sight)> {
        let keys: Vec<_> = people.iter().map(|(key, _)| *key).collect();
        let mut changed = self
            .positions
            .changed_since(&keys, number)
            .into_iter()
            .peekable();
        let is_changed = |(key, sight): &(PrincipalKey, Sight)| {
            let for_others = changed.next_if_eq(key).is_some();
            let is_oneself = *sight == Sight::Whole;
            for_others || is_oneself && self.positions.changed_itself_since(*key, number)
        };
        people.iter().copied().filter(is_changed).collect()
    }

    /// Whether the watcher's sockets were given fresh times after its cursor; over a restart nobody knows.
    fn missed_stamps(&self, watcher: PrincipalKey, missed: Missed, now: Wall) -> bool {
        let turn = latest_turn(watcher, now, self.restamp_interval);
        missed.version.is_some() || turn > missed.stamped_at
    }

    /// A cursor for a watcher's clients.
    pub(super) fn cursor(&self, watcher: PrincipalKey, reached: Reached, relations: u64) -> String {
        let directory = self.people.directory();
        let whose = directory.member(watcher).id();
        self.positions.cursor(reached, relations, whose)
    }

    /// `presence:cursor`.
    pub(super) fn cursor_frame(
        &self,
        watcher: PrincipalKey,
        reached: Reached,
        relations: u64,
    ) -> Frame {
        let cursor = self.cursor(watcher, reached, relations);
        event("presence:cursor", &json!({"cursor": cursor}))
    }

    /// The fingerprint of the relations to these contacts, and of how much of each may be seen.
    pub(super) fn relations_of(&self, contacts: &[(PrincipalKey, Sight)]) -> u64 {
        let directory = self.people.directory();
        let contacts = contacts.iter();
        fingerprint(contacts.map(|(contact, sight)| (directory.member(*contact).id(), *sight)))
    }
}
