//! Who is typing where: which starts and stops the others are told.
//!
//! Always true: a stop retracts exactly what was shown, and waits for the last typing device of the person;
//! starts are shown at most once per [`SHOWN_FOR`] and person, and a stop resets that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use vigie_core::{ConnectionId, ConversationKey, PrincipalKey};

use super::Fanout;
use super::connection::Connection;
use super::wire::event;

/// A further start within this time tells nobody anything new.
const SHOWN_FOR: Duration = Duration::from_secs(2);

/// Everyone who types.
#[derive(Debug, Default)]
pub(super) struct Typing {
    shown: HashMap<(ConversationKey, PrincipalKey), Typist>,
}

#[derive(Debug)]
struct Typist {
    devices: Vec<ConnectionId>,
    shown_at: Instant,
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
            .shown
            .entry((conversation, principal))
            .or_insert_with(|| {
                is_news = true;
                Typist {
                    devices: Vec::new(),
                    shown_at: now,
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

    /// A device stops; says whether the others are to be told.
    fn stop(
        &mut self,
        conversation: ConversationKey,
        principal: PrincipalKey,
        device: ConnectionId,
    ) -> bool {
        let Some(typist) = self.shown.get_mut(&(conversation, principal)) else {
            return false;
        };
        typist.devices.retain(|other| *other != device);
        let is_over = typist.devices.is_empty();
        if is_over {
            self.shown.remove(&(conversation, principal));
        }
        is_over
    }

    /// A person types in a conversation no more, on no device; says whether the others are to be told.
    fn end(&mut self, conversation: ConversationKey, principal: PrincipalKey) -> bool {
        self.shown.remove(&(conversation, principal)).is_some()
    }

    /// A device is gone; the conversations whose viewers are to be told.
    fn forget(&mut self, device: ConnectionId) -> Vec<ConversationKey> {
        let mut over = Vec::new();
        self.shown.retain(|(conversation, _), typist| {
            typist.devices.retain(|other| *other != device);
            let is_over = typist.devices.is_empty();
            if is_over {
                over.push(*conversation);
            }
            !is_over
        });
        over
    }
}

impl Fanout {
    /// A member starts to type.
    pub(crate) fn start_typing(&self, connection: &Connection, conversation: ConversationKey) {
        let is_news = self.typing.lock().start(
            conversation,
            connection.principal,
            connection.id,
            Instant::now(),
        );
        if is_news {
            self.tell_viewers(
                connection.principal,
                Some(connection.id),
                conversation,
                "typing:start",
            );
        }
        // The socket may have been forgotten while it started.
        if self.hub.connection(connection.id).is_none() {
            self.stop_typing(connection, conversation);
        }
    }

    /// A member stops, or is gone.
    pub(crate) fn stop_typing(&self, connection: &Connection, conversation: ConversationKey) {
        let is_over = self
            .typing
            .lock()
            .stop(conversation, connection.principal, connection.id);
        if is_over {
            self.tell_viewers(
                connection.principal,
                Some(connection.id),
                conversation,
                "typing:stop",
            );
        }
    }

    /// A person is no longer a member, and types there no more.
    pub(super) fn end_typing(&self, conversation: ConversationKey, principal: PrincipalKey) {
        let is_over = self.typing.lock().end(conversation, principal);
        if is_over {
            self.tell_viewers(principal, None, conversation, "typing:stop");
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
        let stopped = self.typing.lock().forget(connection.id);
        for conversation in stopped {
            self.tell_viewers(
                connection.principal,
                Some(connection.id),
                conversation,
                "typing:stop",
            );
        }
    }

    /// Tells the sockets that look at a conversation, but the one it comes from.
    fn tell_viewers(
        &self,
        principal: PrincipalKey,
        from: Option<ConnectionId>,
        conversation: ConversationKey,
        name: &'static str,
    ) {
        let frame = {
            let directory = self.people.directory();
            let Some(group) = directory.conversation(conversation) else {
                return;
            };
            let member = directory.member(principal);
            let payload = json!({
                "conversationId": group.id.as_str(),
                "userId": member.id().as_str(),
                "username": member.name(),
            });
            event(name, &payload)
        };
        for viewer in self.hub.viewers(conversation) {
            let may_see = self
                .people
                .directory()
                .is_member(conversation, viewer.principal);
            if Some(viewer.id) != from && may_see {
                viewer.emit_if_room(frame.copy());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: ConversationKey = ConversationKey(0);
    const ALICE: PrincipalKey = PrincipalKey(0);
    const PHONE: ConnectionId = ConnectionId(1);
    const LAPTOP: ConnectionId = ConnectionId(2);

    #[test]
    fn a_stop_waits_for_the_last_typing_device() {
        let mut typing = Typing::default();
        let now = Instant::now();
        assert!(typing.start(ROOM, ALICE, PHONE, now));
        assert!(!typing.start(ROOM, ALICE, LAPTOP, now));
        assert!(!typing.stop(ROOM, ALICE, PHONE));
        assert!(typing.stop(ROOM, ALICE, LAPTOP));
        assert!(!typing.stop(ROOM, ALICE, LAPTOP));
    }

    #[test]
    fn a_device_that_is_gone_types_nowhere() {
        let mut typing = Typing::default();
        let now = Instant::now();
        let elsewhere = ConversationKey(1);
        typing.start(ROOM, ALICE, PHONE, now);
        typing.start(elsewhere, ALICE, PHONE, now);
        typing.start(elsewhere, ALICE, LAPTOP, now);
        assert_eq!(typing.forget(PHONE), [ROOM]);
        assert!(typing.stop(elsewhere, ALICE, LAPTOP));
    }

    #[test]
    fn starts_are_throttled_and_a_stop_resets_that() {
        let mut typing = Typing::default();
        let now = Instant::now();
        assert!(typing.start(ROOM, ALICE, PHONE, now));
        assert!(!typing.start(ROOM, ALICE, PHONE, now + SHOWN_FOR / 2));
        assert!(typing.start(ROOM, ALICE, PHONE, now + SHOWN_FOR));
        assert!(typing.stop(ROOM, ALICE, PHONE));
        assert!(typing.start(ROOM, ALICE, PHONE, now + SHOWN_FOR));
    }
}
