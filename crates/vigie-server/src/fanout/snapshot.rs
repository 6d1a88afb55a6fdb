//! `presence:snapshot`: everyone a socket may see, in one event.

use std::cmp::Reverse;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use vigie_core::{Presence, PrincipalKey};

use crate::engine_host::Number;

use super::connection::{Connection, Delivery};
use super::visibility::{Relation, relation, shown};
use super::wire::{Snapshot, Status, event};
use super::{Fanout, Wanted};

/// People in one partial snapshot; far below any client's limit on a message.
const PARTIAL: usize = 200;

impl Fanout {
    /// Sends a socket everyone it may see but its own principal, online first; news follow from there.
    pub(crate) fn give_snapshot(&self, connection: &Connection) {
        // Neither its own principal nor whom it may no longer see.
        let holds = |principal| {
            let relation = relation(&self.people.directory(), connection.principal, principal);
            relation == Relation::Contact
        };
        connection.give_snapshot(holds, || {
            let contacts = self.contacts(connection.principal);
            let (presences, horizon) = self.host.survey(&contacts);
            let mut people: Vec<_> = contacts.into_iter().zip(presences).collect();
            let total = people.len();
            people.sort_by_key(|(_, presence)| {
                Reverse((presence.availability, presence.last_proof_at))
            });
            people.truncate(self.audience_limit);
            let snapshot = Snapshot {
                truncated: people.len() < total,
                users: self.statuses(&people),
                cursor: cursor(horizon),
                total,
                partial: false,
            };
            (event("presence:snapshot", &snapshot), horizon)
        });
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
                let contacts = self.contacts(connection.principal);
                // Whoever is too slow for fresh times gets them the next time.
                let _ = self.give_partial(connection, &contacts, |presence| {
                    presence.availability.is_online()
                });
            }
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
        for batch in principals.chunks(PARTIAL) {
            let (mut people, horizon) = self.host.survey_settled(batch);
            people.retain(|(_, presence)| is_wanted(presence));
            if people.is_empty() {
                continue;
            }
            let snapshot = Snapshot {
                users: self.statuses(&people),
                cursor: cursor(horizon),
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

    fn statuses(&self, people: &[(PrincipalKey, Presence)]) -> Vec<Status> {
        let directory = self.people.directory();
        let status = |(key, presence): &(PrincipalKey, Presence)| {
            let member = directory.member(*key);
            let shown = shown(
                Relation::Contact,
                Some(member),
                member.id(),
                Some(*presence),
            );
            Status::from(shown)
        };
        people.iter().map(status).collect()
    }
}

/// A position that says nothing to whoever holds it: neither how much happened nor when.
fn cursor(horizon: Number) -> String {
    static KEY: OnceLock<std::hash::RandomState> = OnceLock::new();
    let key = KEY.get_or_init(std::hash::RandomState::new);
    format!("{:016x}", key.hash_one(horizon))
}
