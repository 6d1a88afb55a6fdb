//! `conversation:online_stats`: who is online in the conversations that somebody looks at, as each viewer is shown them.
//!
//! In: changes, with whom they concern. Out: lists, each encoded once for all who are shown the same.
//! Always true: a viewer is sent a list only after a change that it may follow, only when the list differs from the one it was sent last, and at most once per interval; what is hidden from it neither sends nor delays anything.

mod list;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vigie_core::{ConnectionId, ConversationKey, PrincipalKey, Sight, Watcher};

use super::Fanout;
use super::connection::Connection;
use list::Lists;

/// How often due conversations are looked for; only those with changes are.
const PERIOD: Duration = Duration::from_millis(250);

/// The lists that may have changed, and what each viewer was sent last.
#[derive(Debug, Default)]
pub(super) struct OnlineStats {
    changed: BTreeMap<ConversationKey, Whom>,
    sent: HashMap<ConversationKey, HashMap<ConnectionId, Sent>>,
}

/// Whose list may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whom {
    Everybody,
    Those(HashSet<PrincipalKey>),
}

/// The list that a viewer was sent last.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Instant,
    /// Of what it shows, but for the times, which move by themselves.
    digest: u64,
}

impl OnlineStats {
    fn note(&mut self, conversation: ConversationKey, whom: Whom) {
        let noted = self
            .changed
            .entry(conversation)
            .or_insert_with(|| Whom::Those(HashSet::new()));
        match (noted, whom) {
            (Whom::Everybody, _) => {}
            (noted, Whom::Everybody) => *noted = Whom::Everybody,
            (Whom::Those(noted), Whom::Those(more)) => noted.extend(more),
        }
    }

    /// A socket looks at a conversation no more.
    pub(super) fn forget(&mut self, conversation: ConversationKey, viewer: ConnectionId) {
        if let Some(sent) = self.sent.get_mut(&conversation) {
            sent.remove(&viewer);
            if sent.is_empty() {
                self.sent.remove(&conversation);
            }
        }
    }

    /// Those viewers whose list may have changed and whose interval is over; the others wait.
    fn take_due<'v>(
        &mut self,
        conversation: ConversationKey,
        whom: &Whom,
        viewers: impl Iterator<Item = (PrincipalKey, ConnectionId)> + 'v,
        now: Instant,
        interval: Duration,
    ) -> HashSet<ConnectionId> {
        let mut due = HashSet::new();
        let mut waiting = HashSet::new();
        for (principal, connection) in viewers {
            let is_meant = match whom {
                Whom::Everybody => true,
                Whom::Those(those) => those.contains(&principal),
            };
            if !is_meant {
                continue;
            }
            let sent = self.sent.get(&conversation);
            let sent = sent.and_then(|sent| sent.get(&connection));
            if sent.is_none_or(|sent| now.duration_since(sent.at) >= interval) {
                due.insert(connection);
            } else {
                waiting.insert(principal);
            }
        }
        if !waiting.is_empty() {
            self.note(conversation, Whom::Those(waiting));
        }
        due
    }

    /// Whether a list is another than the viewer was sent last; from now on it is the last.
    fn is_news(
        &mut self,
        conversation: ConversationKey,
        viewer: ConnectionId,
        digest: u64,
        at: Instant,
    ) -> bool {
        let sent = self.sent.entry(conversation).or_default();
        let is_news = sent.get(&viewer).is_none_or(|sent| sent.digest != digest);
        if is_news {
            sent.insert(viewer, Sent { at, digest });
        }
        is_news
    }
}

/// The members of a conversation that somebody looks at changed.
pub(super) fn note(fanout: &Fanout, conversation: ConversationKey) {
    let mut stats = fanout.online_stats.lock();
    stats.note(conversation, Whom::Everybody);
}

/// A principal came, went or turned away, and those who share a conversation with it have the sight that is `common`, or each their own.
pub(super) fn note_change(fanout: &Fanout, principal: PrincipalKey, common: Option<Sight>) {
    if common.is_some_and(|sight| !sight.follows()) {
        return;
    }
    for conversation in viewed_conversations(fanout, principal) {
        let whom = match common {
            Some(_) => Whom::Everybody,
            None => Whom::Those(followers(fanout, principal, conversation)),
        };
        fanout.online_stats.lock().note(conversation, whom);
    }
}

/// These watchers see a principal otherwise than before.
pub(super) fn note_sight(fanout: &Fanout, principal: PrincipalKey, watchers: &[PrincipalKey]) {
    for conversation in viewed_conversations(fanout, principal) {
        let whom = Whom::Those(watchers.iter().copied().collect());
        fanout.online_stats.lock().note(conversation, whom);
    }
}

fn viewed_conversations(fanout: &Fanout, principal: PrincipalKey) -> Vec<ConversationKey> {
    let conversations = {
        let directory = fanout.people.directory();
        directory.member(principal).conversations().to_vec()
    };
    let viewed = conversations.into_iter();
    viewed.filter(|key| fanout.hub.has_viewers(*key)).collect()
}

/// Whoever looks at a conversation and may follow this member, who counts itself as they do.
fn followers(
    fanout: &Fanout,
    principal: PrincipalKey,
    conversation: ConversationKey,
) -> HashSet<PrincipalKey> {
    let viewers = fanout.hub.viewers(conversation);
    let directory = fanout.people.directory();
    let viewers = viewers.iter().map(|viewer| viewer.principal);
    viewers
        .filter(|viewer| {
            let watcher = Watcher::Principal(*viewer);
            *viewer == principal || directory.sight(watcher, principal).follows()
        })
        .collect()
}

/// Sends lists as they become due, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    let mut ticker = tokio::time::interval(PERIOD);
    loop {
        ticker.tick().await;
        let changed = std::mem::take(&mut fanout.online_stats.lock().changed);
        for (conversation, whom) in changed {
            fanout.send_online_stats(conversation, &whom);
            tokio::task::yield_now().await;
        }
    }
}

impl Fanout {
    fn send_online_stats(&self, conversation: ConversationKey, whom: &Whom) {
        let now = Instant::now();
        let viewers = self.viewing_members(conversation);
        let due = {
            let viewers = viewers.iter().map(|viewer| (viewer.principal, viewer.id));
            let mut stats = self.online_stats.lock();
            stats.take_due(conversation, whom, viewers, now, self.online_stats_interval)
        };
        if due.is_empty() {
            return;
        }
        let Some(mut lists) = Lists::read(self, conversation) else {
            return;
        };
        for viewer in viewers.iter().filter(|viewer| due.contains(&viewer.id)) {
            let list = lists.of(viewer.principal);
            let is_news =
                self.online_stats
                    .lock()
                    .is_news(conversation, viewer.id, list.digest, now);
            if is_news {
                viewer.emit_if_room(list.frame.copy());
            }
            // The socket may have gone since its conversation was looked at.
            if self.hub.connection(viewer.id).is_none() {
                self.online_stats.lock().forget(conversation, viewer.id);
            }
        }
    }

    /// The sockets that look at a conversation, of those who are members.
    pub(super) fn viewing_members(&self, conversation: ConversationKey) -> Vec<Arc<Connection>> {
        let mut viewers = self.hub.viewers(conversation);
        let directory = self.people.directory();
        viewers.retain(|viewer| directory.is_member(conversation, viewer.principal));
        viewers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: ConversationKey = ConversationKey(7);
    const ALICE: PrincipalKey = PrincipalKey(1);
    const BOB: PrincipalKey = PrincipalKey(2);
    const PHONE: ConnectionId = ConnectionId(1);
    const LAPTOP: ConnectionId = ConnectionId(2);
    const INTERVAL: Duration = Duration::from_secs(10);

    fn due(stats: &mut OnlineStats, whom: Whom, now: Instant) -> Vec<ConnectionId> {
        let viewers = [(ALICE, PHONE), (BOB, LAPTOP)].into_iter();
        let due = stats.take_due(ROOM, &whom, viewers, now, INTERVAL);
        let mut due: Vec<_> = due.into_iter().collect();
        due.sort_unstable();
        due
    }

    fn those(principals: &[PrincipalKey]) -> Whom {
        Whom::Those(principals.iter().copied().collect())
    }

    #[test]
    fn each_viewer_is_due_at_most_once_per_interval() {
        let mut stats = OnlineStats::default();
        let start = Instant::now();
        assert_eq!(due(&mut stats, Whom::Everybody, start), [PHONE, LAPTOP]);
        assert!(stats.is_news(ROOM, PHONE, 1, start));
        // The other was sent nothing, and its next change waits for nobody.
        let soon = start + INTERVAL / 2;
        assert_eq!(due(&mut stats, Whom::Everybody, soon), [LAPTOP]);
        assert_eq!(stats.changed.remove(&ROOM), Some(those(&[ALICE])));
        assert_eq!(due(&mut stats, those(&[ALICE]), start + INTERVAL), [PHONE]);
        assert_eq!(stats.changed.remove(&ROOM), None);
    }

    #[test]
    fn a_list_that_shows_the_same_is_not_sent_again() {
        let mut stats = OnlineStats::default();
        let start = Instant::now();
        assert!(stats.is_news(ROOM, PHONE, 1, start));
        assert!(!stats.is_news(ROOM, PHONE, 1, start + INTERVAL));
        assert!(stats.is_news(ROOM, PHONE, 2, start + INTERVAL));
        stats.forget(ROOM, PHONE);
        assert!(stats.sent.is_empty());
    }

    #[test]
    fn who_is_meant_only_grows_until_the_lists_are_sent() {
        let mut stats = OnlineStats::default();
        stats.note(ROOM, those(&[ALICE]));
        stats.note(ROOM, those(&[BOB]));
        assert_eq!(stats.changed[&ROOM], those(&[ALICE, BOB]));
        stats.note(ROOM, Whom::Everybody);
        stats.note(ROOM, those(&[BOB]));
        assert_eq!(stats.changed[&ROOM], Whom::Everybody);
    }
}
