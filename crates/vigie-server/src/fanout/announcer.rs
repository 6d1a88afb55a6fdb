//! Tells edges: one loop for all news.
//!
//! Partial snapshots are made by the same loop as news, between two rounds, so that none of them shows an edge before its news.

use vigie_core::{Presence, PrincipalKey};

use super::link::Frame;
use super::visibility::{Relation, shown};
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
        let changed: Vec<PrincipalKey> = news.iter().map(|told| told.principal).collect();
        for told in news {
            // Before anybody is told: whoever comes back meanwhile finds it.
            fanout.positions.note_change(told.principal, told.number);
            // Everybody in the audience shares a conversation with the principal, or is the principal.
            let frame = fanout.status_frame(Relation::Contact, told.principal, told.presence);
            let audience = fanout
                .people
                .directory()
                .audience(told.principal, fanout.audience_limit);
            fanout.hub.for_sockets_of(&audience, |connection| {
                connection.tell(told.principal, told.number, &frame);
            });
            online_stats::note_change(fanout, told.principal);
        }
        // Before the position: whatever lies before it waits for every webhook, or was told.
        fanout.webhooks.mark(&changed);
        fanout.positions.reach(taken);
        tokio::task::yield_now().await;
    }
}

impl Fanout {
    /// `user:status` as somebody in this relation sees it.
    pub(super) fn status_frame(
        &self,
        relation: Relation,
        principal: PrincipalKey,
        presence: Presence,
    ) -> Frame {
        let directory = self.people.directory();
        let member = directory.member(principal);
        let shown = shown(relation, Some(member), member.id(), Some(presence));
        event("user:status", &Status::from(shown))
    }
}
