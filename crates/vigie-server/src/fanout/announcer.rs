//! Tells edges: one loop for all news.
//!
//! Partial snapshots are made by the same loop as news, between two rounds, so that none of them shows an edge before its news.

use vigie_core::{Concern, Presence, PrincipalKey, Sight};

use super::link::Frame;
use super::visibility::shown;
use super::wire::{Status, event};
use super::{Fanout, online_stats};

/// News told in one go, before other tasks get their turn.
const NEWS: usize = 256;

/// Tells news as they come, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    loop {
        let wanted = std::mem::take(&mut *fanout.wanted.lock());
        for wish in &wanted {
            fanout.grant(wish);
            tokio::task::yield_now().await;
        }
        let (news, taken) = fanout.host.take_news(NEWS);
        if news.is_empty() {
            fanout.positions.reach(taken);
            tokio::select! {
                () = fanout.host.news_came() => {}
                () = fanout.is_wanted.notified() => {}
            }
            continue;
        }
        for told in news {
            // Before anybody is told: whoever comes back meanwhile finds it.
            fanout.positions.note_change(told.principal, told.number);
            // Everybody in the audience shares a conversation with the principal, or is the principal.
            let frame = fanout.status_frame(Sight::CONTACT, told.principal, &told.presence);
            let audience = match told.concern {
                Concern::Oneself => vec![told.principal],
                Concern::Watchers => {
                    let directory = fanout.people.directory();
                    directory.audience(told.principal, fanout.audience_limit)
                }
            };
            fanout.hub.for_sockets_of(&audience, |connection| {
                connection.tell(told.principal, told.number, &frame);
            });
            fanout.tell_watchers(&told, &audience);
            online_stats::note_change(fanout, told.principal);
            fanout.rooms.note_change(told.principal);
        }
        fanout.positions.reach(taken);
        tokio::task::yield_now().await;
    }
}

impl Fanout {
    /// `user:status` as somebody with this sight is shown it.
    pub(super) fn status_frame(
        &self,
        sight: Sight,
        principal: PrincipalKey,
        presence: &Presence,
    ) -> Frame {
        let now = self.host.now().wall;
        let directory = self.people.directory();
        let member = directory.member(principal);
        let shown = shown(sight, Some(member), member.id(), Some(presence), now);
        event("user:status", &Status::from(shown))
    }
}
