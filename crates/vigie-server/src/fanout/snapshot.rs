//! `presence:snapshot`: everyone a socket may see, in one event.

use std::cmp::Reverse;

use vigie_core::{Presence, PrincipalKey, Sight, Watcher};

use super::catch_up::Composed;
use super::connection::{Connection, Delivery, Given};
use super::positions::Reached;
use super::visibility::shown;
use super::watching::add;
use super::wire::{Snapshot, Status, event};
use super::{Fanout, Wanted};

/// People in one partial snapshot; far below any client's limit on a message.
const PARTIAL: usize = 200;

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
    pub(super) fn compose_whole(
        &self,
        watcher: PrincipalKey,
        watched: &[PrincipalKey],
    ) -> Composed {
        let mut contacts = self.contacts(watcher);
        add(&mut contacts, watched);
        let relations = self.relations_of(&contacts);
        let at = self.host.now().wall;
        let (presences, horizon) = self.host.survey(&contacts);
        let mut people: Vec<_> = contacts.into_iter().zip(presences).collect();
        let total = people.len();
        people
            .sort_by_key(|(_, presence)| Reverse((presence.availability, presence.last_proof_at)));
        people.truncate(self.audience_limit + watched.len());
        let reached = Reached {
            number: horizon,
            at,
            stamped_at: at,
        };
        let snapshot = Snapshot {
            cursor: self.cursor(watcher, reached, relations),
            truncated: people.len() < total,
            users: self.statuses(watcher, &people),
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

    /// Tells what somebody asked for.
    pub(super) fn grant(&self, wish: &Wanted) {
        match wish {
            Wanted::Restamp(connection) => {
                let mut contacts = self.contacts(connection.principal);
                add(&mut contacts, &self.watched_by(connection));
                // Whoever is too slow for fresh times gets them the next time.
                let _ = self.give_partial(connection, &contacts, |presence| {
                    presence.availability.is_online()
                });
            }
            Wanted::Watched(connection, ids) => self.show_watched(connection, ids),
            Wanted::Moved {
                conversation,
                came,
                left,
            } => self.tell_moves(*conversation, came, left),
            Wanted::Members {
                conversation,
                before,
            } => self.tell_membership(*conversation, before),
        }
    }

    /// Sends the people among `principals` that `is_wanted` picks, in batches; whoever has news waiting is told by those.
    pub(super) fn give_partial(
        &self,
        connection: &Connection,
        principals: &[PrincipalKey],
        is_wanted: impl Fn(&Presence) -> bool,
    ) -> Delivery {
        let mut delivery = Delivery::Done;
        self.tell_at_once(connection);
        // No news are being told meanwhile, and none wait for a socket that takes a partial snapshot.
        let reached = self.positions.reached();
        for batch in principals.chunks(PARTIAL) {
            let mut people = self.host.survey_settled(batch);
            people.retain(|(_, presence)| is_wanted(presence));
            if people.is_empty() {
                continue;
            }
            let relations = connection.relations();
            let snapshot = Snapshot {
                cursor: self.cursor(connection.principal, reached, relations),
                users: self.statuses(connection.principal, &people),
                total: people.len(),
                truncated: false,
                partial: true,
            };
            if connection.restamp(event("presence:snapshot", &snapshot)) == Delivery::NoRoom {
                delivery = Delivery::NoRoom;
            }
        }
        delivery
    }

    /// Whom a principal is subscribed to, itself left out.
    pub(super) fn contacts(&self, principal: PrincipalKey) -> Vec<PrincipalKey> {
        let directory = self.people.directory();
        let mut audience = directory.audience(principal, self.audience_limit);
        audience.retain(|other| *other != principal);
        audience
    }

    /// The statuses of people that a watcher is subscribed to, or is.
    pub(super) fn statuses(
        &self,
        watcher: PrincipalKey,
        people: &[(PrincipalKey, Presence)],
    ) -> Vec<Status> {
        let now = self.host.now().wall;
        let directory = self.people.directory();
        let status = |(key, presence): &(PrincipalKey, Presence)| {
            let member = directory.member(*key);
            let sight = directory.sight(Watcher::Principal(watcher), *key);
            let shown = shown(sight, Some(member), member.id(), Some(presence), now);
            Status::from(shown)
        };
        people.iter().map(status).collect()
    }
}
