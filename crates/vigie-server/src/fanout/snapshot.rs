//! `presence:snapshot`: everyone a socket may see, in one event.
//!
//! Always true: who is in it, in which order and how many there are goes by what the watcher is shown, never by what is hidden from it.

use std::cmp::Reverse;

use vigie_core::{Concern, Face, Presence, PrincipalKey, Sight, Watcher};

use super::catch_up::Composed;
use super::connection::{Connection, Delivery, Given};
use super::positions::Reached;
use super::visibility::{Seen, contact_sight, shown};
use super::watching::{Watched, add};
use super::wire::{Snapshot, Status, event};
use super::{Fanout, Wanted};
use crate::engine_host::Number;

/// People in one partial snapshot; far below any client's limit on a message.
pub(super) const PARTIAL: usize = 200;

impl Fanout {
    /// Sends a socket everyone it may see but its own principal, online first; news follow from there.
    ///
    /// A client that says since when gets those alone that it missed, when that can be told.
    pub(crate) fn give_snapshot(&self, connection: &Connection, since: Option<&str>) {
        // Neither its own principal nor whom it may no longer see.
        let holds = |principal| {
            let watcher = Watcher::Principal(connection.principal);
            let sight = self.people.directory().sight(watcher, principal);
            matches!(sight, Sight::Part { .. })
        };
        connection.give(holds, || {
            let watched = self.watched_by(connection);
            let composed = self.compose(connection.principal, &watched, since);
            Given {
                frame: event("presence:snapshot", &composed.snapshot),
                horizon: composed.horizon,
                ahead: composed.ahead,
                relations: composed.relations,
                is_whole: !composed.snapshot.partial,
            }
        });
    }

    /// What a watcher lacks, for a connection that is told what comes after it, and is not sent it.
    pub(crate) fn hold(&self, connection: &Connection, since: &str) -> Snapshot {
        connection.hold(|| {
            let watched = self.watched_by(connection);
            let composed = self.compose(connection.principal, &watched, Some(since));
            (composed.snapshot, composed.horizon)
        })
    }

    /// Everyone a watcher may see, as a snapshot and what follows it need it.
    pub(super) fn compose_whole(&self, watcher: PrincipalKey, watched: &Watched) -> Composed {
        let mut contacts = self.contacts(watcher);
        add(&mut contacts, &watched.seen);
        let relations = self.relations_of(&contacts);
        let at = self.host.now().wall;
        let (mut people, horizon) = self.survey(&contacts);
        let total = people.len();
        people.sort_by_cached_key(|seen| {
            let face = seen.face(at);
            Reverse((face.availability, face.last_proof_at))
        });
        people.truncate(self.audience_limit + watched.seen.len());
        let reached = Reached {
            number: horizon,
            at,
            stamped_at: at,
        };
        let snapshot = Snapshot {
            cursor: self.cursor(watcher, reached, relations),
            truncated: people.len() < total,
            users: self.statuses(&people),
            total,
            partial: false,
        };
        Composed {
            snapshot,
            horizon,
            ahead: Vec::new(),
            relations,
        }
    }

    /// Asks the announcer to tell something between two rounds of news.
    pub(super) fn want(&self, wish: Wanted) {
        self.wanted.lock().push(wish);
        self.is_wanted.notify_one();
    }

    /// What was asked for since the last time.
    pub(super) fn take_wishes(&self) -> Vec<Wanted> {
        std::mem::take(&mut *self.wanted.lock())
    }

    /// Tells what somebody asked for.
    pub(super) fn grant(&self, wish: &Wanted) {
        match wish {
            Wanted::Restamp(connection) => {
                let mut contacts = self.contacts(connection.principal);
                add(&mut contacts, &self.watched_by(connection).seen);
                let contacts: Vec<_> = contacts.into_iter().map(|(key, _)| key).collect();
                // Whoever is too slow for fresh times gets them the next time.
                let _ =
                    self.give_partial(connection, &contacts, |face| face.availability.is_online());
            }
            Wanted::Watched(connection, ids) => self.show_watched(connection, ids),
            Wanted::Members(change) => self.tell_members(change),
            Wanted::Sights(before) => self.tell_sights(before),
        }
    }

    /// Sends the people among `principals` whose face `is_wanted` picks, in batches; of whom the watcher is about to be told news, it is told by those.
    pub(super) fn give_partial(
        &self,
        connection: &Connection,
        principals: &[PrincipalKey],
        is_wanted: impl Fn(&Face) -> bool,
    ) -> Delivery {
        let mut delivery = Delivery::Done;
        self.tell_at_once(connection);
        // No news are being told meanwhile, and none wait for a socket that takes a partial snapshot.
        let reached = self.positions.reached();
        for batch in principals.chunks(PARTIAL) {
            let people = self.settled(connection.principal, batch, &is_wanted);
            if people.is_empty() {
                continue;
            }
            let users = self.statuses(&people);
            if self.give_batch(connection, reached, users) == Delivery::NoRoom {
                delivery = Delivery::NoRoom;
            }
        }
        delivery
    }

    /// Sends one partial snapshot, of at most [`PARTIAL`] people.
    pub(super) fn give_batch(
        &self,
        connection: &Connection,
        reached: Reached,
        users: Vec<Status>,
    ) -> Delivery {
        let snapshot = Snapshot {
            cursor: self.cursor(connection.principal, reached, connection.relations()),
            total: users.len(),
            users,
            truncated: false,
            partial: true,
        };
        connection.restamp(event("presence:snapshot", &snapshot))
    }

    /// Those of a batch whose face is wanted and of whom the watcher is not about to be told anyhow.
    fn settled(
        &self,
        watcher: PrincipalKey,
        batch: &[PrincipalKey],
        is_wanted: impl Fn(&Face) -> bool,
    ) -> Vec<Seen> {
        let states = self.host.survey_with_news(batch);
        let now = self.host.now().wall;
        let directory = self.people.directory();
        let mut people = Vec::new();
        for (key, (presence, news)) in batch.iter().copied().zip(states) {
            let sight = directory.sight(Watcher::Principal(watcher), key);
            let is_known = match sight {
                Sight::Nothing => false,
                Sight::Part { .. } | Sight::Whole => true,
            };
            // News that do not reach the watcher must not be noticed by who is missing here.
            let is_told = news == Some(Concern::Watchers) && sight.follows();
            let seen = Seen {
                key,
                sight,
                presence,
            };
            if is_known && !is_told && is_wanted(&seen.face(now)) {
                people.push(seen);
            }
        }
        people
    }

    /// Whom a principal is subscribed to and may know of, itself left out; and how much of each.
    pub(super) fn contacts(&self, principal: PrincipalKey) -> Vec<(PrincipalKey, Sight)> {
        let directory = self.people.directory();
        let audience = directory.audience(principal, self.audience_limit);
        let others = audience.into_iter().filter(|other| *other != principal);
        others
            .map(|other| (other, contact_sight(&directory, principal, other)))
            .filter(|(_, sight)| *sight != Sight::Nothing)
            .collect()
    }

    /// The states of people, and the number before which all news are in them.
    pub(super) fn survey(&self, people: &[(PrincipalKey, Sight)]) -> (Vec<Seen>, Number) {
        let keys: Vec<_> = people.iter().map(|(key, _)| *key).collect();
        let (presences, horizon) = self.host.survey(&keys);
        let seen = |((key, sight), presence): (&(PrincipalKey, Sight), Presence)| Seen {
            key: *key,
            sight: *sight,
            presence,
        };
        (people.iter().zip(presences).map(seen).collect(), horizon)
    }

    /// The statuses of people, as their watcher is shown them.
    pub(super) fn statuses(&self, people: &[Seen]) -> Vec<Status> {
        let now = self.host.now().wall;
        let directory = self.people.directory();
        let status = |seen: &Seen| {
            let member = directory.member(seen.key);
            let presence = Some(&seen.presence);
            Status::from(shown(seen.sight, Some(member), member.id(), presence, now))
        };
        people.iter().map(status).collect()
    }
}
