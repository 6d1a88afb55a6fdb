//! `conversation:online_stats`: who is online in the conversations that somebody looks at.
//!
//! Always true: a conversation's list is sent only when it changed, at most once per interval, and only to its viewers.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use vigie_core::{ConversationKey, PrincipalKey, Sight};

use super::Fanout;
use super::visibility::shown;
use super::wire::{event, iso};

/// Names in one list; the count is exact all the same.
const NAMES: usize = 50;

/// How often due conversations are looked for; only those with changes are.
const PERIOD: Duration = Duration::from_millis(250);

/// The conversations whose list may have changed, and when each was sent last.
#[derive(Debug, Default)]
pub(super) struct OnlineStats {
    changed: Vec<ConversationKey>,
    sent_at: HashMap<ConversationKey, Instant>,
}

impl OnlineStats {
    fn note(&mut self, conversation: ConversationKey) {
        if !self.changed.contains(&conversation) {
            self.changed.push(conversation);
        }
    }

    /// The changed conversations whose interval is over.
    fn take_due(&mut self, now: Instant, interval: Duration) -> Vec<ConversationKey> {
        self.sent_at
            .retain(|_, sent| now.duration_since(*sent) < interval);
        let (waiting, due) = std::mem::take(&mut self.changed)
            .into_iter()
            .partition(|conversation| self.sent_at.contains_key(conversation));
        self.changed = waiting;
        for conversation in &due {
            self.sent_at.insert(*conversation, now);
        }
        due
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    conversation_id: String,
    online_users: Vec<OnlineUser>,
    online_count: usize,
    updated_at: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OnlineUser {
    id: String,
    username: String,
    status: &'static str,
    last_active_at: Option<String>,
}

/// The members of a conversation that somebody looks at changed.
pub(super) fn note(fanout: &Fanout, conversation: ConversationKey) {
    fanout.online_stats.lock().note(conversation);
}

/// A principal came, went or turned away: the conversations that somebody looks at may have changed.
pub(super) fn note_change(fanout: &Fanout, principal: PrincipalKey) {
    let conversations = fanout
        .people
        .directory()
        .member(principal)
        .conversations()
        .to_vec();
    let mut stats = fanout.online_stats.lock();
    for conversation in conversations {
        if fanout.hub.has_viewers(conversation) {
            stats.note(conversation);
        }
    }
}

/// Sends lists as they become due, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    let mut ticker = tokio::time::interval(PERIOD);
    loop {
        ticker.tick().await;
        let due = fanout
            .online_stats
            .lock()
            .take_due(Instant::now(), fanout.online_stats_interval);
        for conversation in due {
            fanout.send_online_stats(conversation);
            tokio::task::yield_now().await;
        }
    }
}

impl Fanout {
    fn send_online_stats(&self, conversation: ConversationKey) {
        let members = self.members_to_read(conversation);
        let (presences, _) = self.host.survey(&members);
        let now = self.host.now().wall;
        let frame = {
            let directory = self.people.directory();
            let Some(group) = directory.conversation(conversation) else {
                return;
            };
            let online: Vec<_> = members
                .iter()
                .zip(presences)
                .filter(|(_, presence)| presence.availability.is_online())
                .collect();
            let user = |(key, presence): &(&PrincipalKey, _)| {
                let member = directory.member(**key);
                let shown = shown(
                    Sight::CONTACT,
                    Some(member),
                    member.id(),
                    Some(presence),
                    now,
                );
                OnlineUser {
                    id: shown.id.as_str().to_owned(),
                    username: shown.name.into_owned(),
                    status: shown.face.availability.as_str(),
                    last_active_at: shown.face.last_proof_at.map(iso),
                }
            };
            let payload = Payload {
                conversation_id: group.id.as_str().to_owned(),
                online_count: online.len(),
                online_users: online.iter().take(NAMES).map(user).collect(),
                updated_at: iso(self.host.now().wall),
            };
            event("conversation:online_stats", &payload)
        };
        for viewer in self.hub.viewers(conversation) {
            let may_see = self
                .people
                .directory()
                .is_member(conversation, viewer.principal);
            if may_see {
                viewer.emit_if_room(frame.copy());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_due_at_most_once_per_interval() {
        let mut stats = OnlineStats::default();
        let interval = Duration::from_secs(10);
        let start = Instant::now();
        let room = ConversationKey(7);
        stats.note(room);
        stats.note(room);
        assert_eq!(stats.take_due(start, interval), [room]);
        assert_eq!(stats.take_due(start, interval), []);
        stats.note(room);
        assert_eq!(stats.take_due(start + interval / 2, interval), []);
        assert_eq!(stats.take_due(start + interval, interval), [room]);
    }
}
