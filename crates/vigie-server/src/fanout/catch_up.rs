//! What a client missed: those who changed since its cursor, each once, in their newest state.
//!
//! In: a watcher, and the cursor it comes with. Out: a partial snapshot with a new cursor, or a whole one where the old cursor is of no use.
//! Always true: a cursor only selects among what its owner may see anyway, and catching up twice from one place gives the same view.

use serde_json::json;
use vigie_core::{Presence, PrincipalKey, Wall};

use super::Fanout;
use super::link::Frame;
use super::positions::{Missed, Reached, fingerprint};
use super::restamp::latest_turn;
use super::watching::add;
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
        watched: &[PrincipalKey],
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
        watched: &[PrincipalKey],
        since: &str,
    ) -> Option<Composed> {
        // Read first: what is told from here on comes to the client by itself.
        let now = self.host.now().wall;
        let reached = self.positions.reached_at(now, || self.host.horizon());
        let mut audience = self.contacts(watcher);
        add(&mut audience, watched);
        let relations = self.relations_of(&audience);
        let missed = {
            let directory = self.people.directory();
            let whose = (watcher, directory.member(watcher).id());
            self.positions.missed(since, whose, relations, now)?
        };
        let relations = missed.relations;
        // A cursor that does not rest on this list says nothing of whoever is new in it.
        if !watched.is_empty() && relations == 0 {
            return None;
        }
        // No snapshot holds oneself; whoever follows news does.
        audience.push(watcher);
        let (people, horizon) =
            self.newer(&audience, missed, self.missed_stamps(watcher, missed, now));
        if people.len() > self.audience_limit + watched.len() {
            return None;
        }
        let snapshot = Snapshot {
            cursor: self.cursor(watcher, reached, relations),
            total: people.len(),
            users: self.statuses(watcher, &people),
            truncated: false,
            partial: true,
        };
        // Taken and not told: what is on its way may be older than what is shown here.
        let is_ahead = horizon > reached.number;
        let ahead = people.iter().filter(|_| is_ahead);
        Some(Composed {
            snapshot,
            horizon: reached.number,
            ahead: ahead.map(|(principal, _)| (*principal, horizon)).collect(),
            relations,
        })
    }

    /// Those of an audience who changed since, and with `stamps` whoever is present: their times have moved; and the number before which all news are in that.
    fn newer(
        &self,
        audience: &[PrincipalKey],
        missed: Missed,
        stamps: bool,
    ) -> (Vec<(PrincipalKey, Presence)>, Number) {
        let changed = self.positions.changed_since(audience, missed.number);
        if missed.version.is_none() && !stamps {
            let (presences, horizon) = self.host.survey(&changed);
            return (changed.into_iter().zip(presences).collect(), horizon);
        }
        let (presences, horizon) = self.host.survey(audience);
        let mut changed = changed.into_iter().peekable();
        let mut people: Vec<_> = audience.iter().copied().zip(presences).collect();
        people.retain(|(principal, presence)| {
            // Both lists are in one order.
            let is_changed = changed.next_if_eq(principal).is_some();
            let is_later = missed
                .version
                .is_some_and(|version| presence.version >= version);
            is_changed || is_later || stamps && presence.availability.is_online()
        });
        (people, horizon)
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

    /// The fingerprint of the relations to these contacts.
    pub(super) fn relations_of(&self, contacts: &[PrincipalKey]) -> u64 {
        let directory = self.people.directory();
        fingerprint(
            contacts
                .iter()
                .map(|contact| directory.member(*contact).id()),
        )
    }
}
