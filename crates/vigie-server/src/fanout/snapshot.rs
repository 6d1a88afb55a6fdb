//! `presence:snapshot`: everyone a socket may see, in one event.

use std::cmp::Reverse;
use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};

use vigie_core::{ConversationKey, Presence, PrincipalKey};

use crate::engine_host::Number;

use super::Fanout;
use super::connection::Connection;
use super::link::Frame;
use super::visibility::{Relation, shown};
use super::wire::{Snapshot, Status, event};

impl Fanout {
    /// Sends a socket everyone it may see but its own principal, online first; news follow from there.
    pub(crate) fn give_snapshot(&self, connection: &Connection) {
        connection.give_snapshot(|| {
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

    /// A partial snapshot of the people among `principals` that are present; `None` when nobody is.
    pub(super) fn partial_snapshot(&self, principals: &[PrincipalKey]) -> Option<Frame> {
        let (presences, horizon) = self.host.survey(principals);
        let present: Vec<_> = principals
            .iter()
            .copied()
            .zip(presences)
            .filter(|(_, presence)| presence.availability.is_online())
            .collect();
        self.partial(&present, horizon)
    }

    /// Tells the sockets of a conversation's members whom they may see since its membership changed.
    pub(crate) fn members_changed(&self, conversation: ConversationKey) {
        let members = {
            let directory = self.people.directory();
            match directory.conversation(conversation) {
                Some(group) if group.members().len() <= self.audience_limit => {
                    group.members().to_vec()
                }
                Some(_) | None => return,
            }
        };
        let mut sockets: Vec<Arc<Connection>> = Vec::new();
        self.hub
            .for_sockets_of(&members, |socket| sockets.push(Arc::clone(socket)));
        for socket in sockets {
            let others: Vec<_> = members
                .iter()
                .copied()
                .filter(|member| *member != socket.principal)
                .collect();
            let (presences, horizon) = self.host.survey(&others);
            let people: Vec<_> = others.into_iter().zip(presences).collect();
            if let Some(frame) = self.partial(&people, horizon) {
                socket.emit_if_room(&frame);
            }
        }
    }

    /// Whom a principal is subscribed to, itself left out.
    pub(super) fn contacts(&self, principal: PrincipalKey) -> Vec<PrincipalKey> {
        let directory = self.people.directory();
        let mut audience = directory.audience(principal, self.audience_limit);
        audience.retain(|other| *other != principal);
        audience
    }

    fn partial(&self, people: &[(PrincipalKey, Presence)], horizon: Number) -> Option<Frame> {
        if people.is_empty() {
            return None;
        }
        let snapshot = Snapshot {
            users: self.statuses(people),
            cursor: cursor(horizon),
            total: people.len(),
            truncated: false,
            partial: true,
        };
        Some(event("presence:snapshot", &snapshot))
    }

    fn statuses(&self, people: &[(PrincipalKey, Presence)]) -> Vec<Status> {
        let directory = self.people.directory();
        let status = |(key, presence): &(PrincipalKey, Presence)| {
            let member = directory.member(*key);
            let shown = shown(Relation::Contact, Some(member), &member.id, Some(*presence));
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
