//! Who is typing where: which starts and stops the others are told.
//!
//! Always true: only whoever is shown the person as present is told that it types;
//! a stop retracts exactly what was shown, and waits for the last typing device of the person, unless the person may not be seen any more;
//! starts are shown at most once per [`SHOWN_FOR`] and person, and a stop resets that.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use vigie_core::{ConnectionId, ConversationKey, PrincipalKey, Sight, face};

use super::Fanout;
use super::connection::Connection;
use super::link::Frame;
use super::visibility::contact_sight;
use super::wire::event;

/// A further start within this time tells nobody anything new.
const SHOWN_FOR: Duration = Duration::from_secs(2);

/// Everyone who types.
#[derive(Debug, Default)]
pub(super) struct Typing {
    typists: HashMap<(ConversationKey, PrincipalKey), Typist>,
}

#[derive(Debug)]
struct Typist {
    devices: Vec<ConnectionId>,
    shown_at: Instant,
    shown: Shown,
}

/// What was told of somebody who types, and is taken back when they stop.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    /// The name in the latest start; at the stop the person may have none any more.
    name: Box<str>,
    /// The sockets that were told.
    to: HashSet<ConnectionId>,
}

impl Typing {
    /// A device starts; says whether the others are to be told.
    fn start(
        &mut self,
        conversation: ConversationKey,
        principal: PrincipalKey,
        device: ConnectionId,
        now: Instant,
    ) -> bool {
        let mut is_news = false;
        let typist = self
            .typists
            .entry((conversation, principal))
            .or_insert_with(|| {
                is_news = true;
                Typist {
                    devices: Vec::new(),
                    shown_at: now,
                    shown: Shown::default(),
                }
            });
        if !typist.devices.contains(&device) {
            typist.devices.push(device);
        }
        if now.duration_since(typist.shown_at) >= SHOWN_FOR {
            typist.shown_at = now;
            is_news = true;
        }
        is_news
    }

    /// A start was told to these sockets, under this name.
    fn note_shown(
        &mut self,
        conversation: ConversationKey,
        principal: PrincipalKey,
        name: Box<str>,
        to: impl Iterator<Item = ConnectionId>,
    ) {
        if let Some(typist) = self.typists.get_mut(&(conversation, principal)) {
            typist.shown.name = name;
            typist.shown.to.extend(to);
        }
    }

    /// A device stops; when it was the last one, what is to be taken back.
    fn stop(
        &mut self,
        conversation: ConversationKey,
        principal: PrincipalKey,
        device: ConnectionId,
    ) -> Option<Shown> {
        let typist = self.typists.get_mut(&(conversation, principal))?;
        typist.devices.retain(|other| *other != device);
        if typist.devices.is_empty() {
            self.end(conversation, principal)
        } else {
            None
        }
    }

    /// A person types in a conversation no more, on no device; what is to be taken back.
    fn end(&mut self, conversation: ConversationKey, principal: PrincipalKey) -> Option<Shown> {
        let typist = self.typists.remove(&(conversation, principal))?;
        Some(typist.shown)
    }

    /// The conversations where a device types.
    fn of_device(&self, principal: PrincipalKey, device: ConnectionId) -> Vec<ConversationKey> {
        let typists = self.typists.iter();
        typists
            .filter(|((_, of), typist)| *of == principal && typist.devices.contains(&device))
            .map(|((conversation, _), _)| *conversation)
            .collect()
    }

    /// What is to be taken back from those who may not see it any more; they are forgotten.
    fn retract(
        &mut self,
        conversation: ConversationKey,
        principal: PrincipalKey,
        sees: impl Fn(ConnectionId) -> bool,
    ) -> Option<Shown> {
        let shown = &mut self.typists.get_mut(&(conversation, principal))?.shown;
        Some(Shown {
            name: shown.name.clone(),
            to: shown.to.extract_if(|socket| !sees(*socket)).collect(),
        })
    }
}

impl Fanout {
    /// A member starts to type.
    pub(crate) fn start_typing(&self, connection: &Connection, conversation: ConversationKey) {
        let principal = connection.principal;
        let name: Box<str> = self.people.directory().member(principal).name().into();
        {
            // Held until all are told, so that nobody is told of a start after its stop.
            let mut typing = self.typing.lock();
            if typing.start(conversation, principal, connection.id, Instant::now())
                && let Some(frame) =
                    self.typing_frame("typing:start", conversation, principal, &name)
            {
                let viewers = self.who_see_present(conversation, principal);
                let viewers = viewers.iter().filter(|viewer| viewer.id != connection.id);
                for viewer in viewers.clone() {
                    viewer.emit_if_room(frame.copy());
                }
                let told = viewers.map(|viewer| viewer.id);
                typing.note_shown(conversation, principal, name, told);
            }
        }
        // The socket may have been forgotten while it started.
        if self.hub.connection(connection.id).is_none() {
            self.stop_typing(connection, conversation);
        }
    }

    /// A member stops, or is gone.
    pub(crate) fn stop_typing(&self, connection: &Connection, conversation: ConversationKey) {
        let mut typing = self.typing.lock();
        if let Some(mut shown) = typing.stop(conversation, connection.principal, connection.id) {
            shown.to.remove(&connection.id);
            self.tell_stop(conversation, connection.principal, &shown);
        }
    }

    /// A person is no longer a member, and types there no more.
    pub(super) fn end_typing(&self, conversation: ConversationKey, principal: PrincipalKey) {
        let mut typing = self.typing.lock();
        if let Some(shown) = typing.end(conversation, principal) {
            self.tell_stop(conversation, principal, &shown);
        }
    }

    /// A person may be shown as absent to some who were told that it types: they are told that it stopped.
    pub(super) fn retract_typing(&self, principal: PrincipalKey) {
        let mut typing = self.typing.lock();
        if typing.typists.is_empty() {
            return;
        }
        let conversations = self
            .people
            .directory()
            .member(principal)
            .conversations()
            .to_vec();
        for conversation in conversations {
            if !typing.typists.contains_key(&(conversation, principal)) {
                continue;
            }
            let viewers = self.who_see_present(conversation, principal);
            let see: HashSet<_> = viewers.iter().map(|viewer| viewer.id).collect();
            let retracted = typing.retract(conversation, principal, |socket| see.contains(&socket));
            self.tell_stop(conversation, principal, &retracted.unwrap_or_default());
        }
    }

    /// A socket opens its view of a conversation.
    pub(crate) fn join(&self, connection: &Arc<Connection>, conversation: ConversationKey) {
        self.hub.open_view(conversation, connection);
    }

    /// A socket closes its view of a conversation.
    pub(crate) fn leave(&self, connection: &Connection, conversation: ConversationKey) {
        self.stop_typing(connection, conversation);
        self.hub.close_view(conversation, connection);
        let mut stats = self.online_stats.lock();
        stats.forget(conversation, connection.id);
        self.stop_attending(connection, conversation);
    }

    /// A socket is gone.
    pub(crate) fn forget(&self, connection: &Connection) {
        self.hub.remove(connection);
        for conversation in connection.joined() {
            self.stop_attending(connection, conversation);
        }
        self.stop_watching(connection);
        self.never_expire(connection);
        let typed_in = self
            .typing
            .lock()
            .of_device(connection.principal, connection.id);
        for conversation in typed_in {
            self.stop_typing(connection, conversation);
        }
        let mut stats = self.online_stats.lock();
        for conversation in connection.joined() {
            stats.forget(conversation, connection.id);
        }
    }

    /// The sockets that look at a conversation, of members who are shown this one as present.
    fn who_see_present(
        &self,
        conversation: ConversationKey,
        principal: PrincipalKey,
    ) -> Vec<Arc<Connection>> {
        let presence = self.host.presence(principal);
        let now = self.host.now().wall;
        let mut viewers = self.viewing_members(conversation);
        let directory = self.people.directory();
        let sees = |viewer: PrincipalKey| {
            let sight = if viewer == principal {
                Sight::Whole
            } else {
                contact_sight(&directory, viewer, principal)
            };
            face(sight, &presence, now).availability.is_online()
        };
        viewers.retain(|viewer| sees(viewer.principal));
        viewers
    }

    /// Tells those of these sockets that a member stopped who still look at the conversation.
    fn tell_stop(&self, conversation: ConversationKey, principal: PrincipalKey, shown: &Shown) {
        if shown.to.is_empty() {
            return;
        }
        let frame = self.typing_frame("typing:stop", conversation, principal, &shown.name);
        let Some(frame) = frame else {
            return;
        };
        for viewer in self.viewing_members(conversation) {
            if shown.to.contains(&viewer.id) {
                viewer.emit_if_room(frame.copy());
            }
        }
    }

    /// `None` when the conversation ended meanwhile.
    fn typing_frame(
        &self,
        name: &'static str,
        conversation: ConversationKey,
        principal: PrincipalKey,
        username: &str,
    ) -> Option<Frame> {
        let directory = self.people.directory();
        let group = directory.conversation(conversation)?;
        let payload = json!({
            "conversationId": group.id.as_str(),
            "userId": directory.member(principal).id().as_str(),
            "username": username,
        });
        Some(event(name, &payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: ConversationKey = ConversationKey(0);
    const ALICE: PrincipalKey = PrincipalKey(0);
    const PHONE: ConnectionId = ConnectionId(1);
    const LAPTOP: ConnectionId = ConnectionId(2);
    const BOBS: ConnectionId = ConnectionId(3);
    const CAROLS: ConnectionId = ConnectionId(4);

    #[test]
    fn a_stop_waits_for_the_last_typing_device() {
        let mut typing = Typing::default();
        let now = Instant::now();
        assert!(typing.start(ROOM, ALICE, PHONE, now));
        assert!(!typing.start(ROOM, ALICE, LAPTOP, now));
        assert_eq!(typing.stop(ROOM, ALICE, PHONE), None);
        assert!(typing.stop(ROOM, ALICE, LAPTOP).is_some());
        assert_eq!(typing.stop(ROOM, ALICE, LAPTOP), None);
    }

    #[test]
    fn a_stop_is_for_those_who_were_told_and_still_may_see() {
        let mut typing = Typing::default();
        typing.start(ROOM, ALICE, PHONE, Instant::now());
        typing.note_shown(ROOM, ALICE, "Alice".into(), [BOBS, CAROLS].into_iter());
        let to = |socket| {
            let (name, to) = ("Alice".into(), HashSet::from([socket]));
            Some(Shown { name, to })
        };
        let retracted = typing.retract(ROOM, ALICE, |socket| socket == BOBS);
        assert_eq!(retracted, to(CAROLS));
        let told = typing.stop(ROOM, ALICE, PHONE);
        assert_eq!(told, to(BOBS));
    }

    #[test]
    fn a_device_that_is_gone_types_nowhere() {
        let mut typing = Typing::default();
        let now = Instant::now();
        let elsewhere = ConversationKey(1);
        typing.start(ROOM, ALICE, PHONE, now);
        typing.start(elsewhere, ALICE, LAPTOP, now);
        assert_eq!(typing.of_device(ALICE, PHONE), [ROOM]);
        assert_eq!(typing.of_device(ALICE, LAPTOP), [elsewhere]);
        assert_eq!(typing.of_device(ALICE, BOBS), []);
    }

    #[test]
    fn starts_are_throttled_and_a_stop_resets_that() {
        let mut typing = Typing::default();
        let now = Instant::now();
        assert!(typing.start(ROOM, ALICE, PHONE, now));
        assert!(!typing.start(ROOM, ALICE, PHONE, now + SHOWN_FOR / 2));
        assert!(typing.start(ROOM, ALICE, PHONE, now + SHOWN_FOR));
        assert!(typing.stop(ROOM, ALICE, PHONE).is_some());
        assert!(typing.start(ROOM, ALICE, PHONE, now + SHOWN_FOR));
    }
}
