//! Tells edges: one loop for all news.
//!
//! Partial snapshots are made by the same loop as news, between two rounds, so that none of them shows an edge before its news.

use vigie_core::{Concern, Presence, PrincipalKey, Sight};

use super::link::Frame;
use super::visibility::shown;
use super::wire::{Status, event};
use super::{Fanout, online_stats};
use crate::engine_host::Told;

/// News told in one go, before other tasks get their turn.
const NEWS: usize = 256;

/// Tells news as they come, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    loop {
        for wish in &fanout.take_wishes() {
            fanout.grant(wish);
            tokio::task::yield_now().await;
        }
        if fanout.tell_news() {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = fanout.host.news_came() => {}
            () = fanout.is_wanted.notified() => {}
        }
    }
}

impl Fanout {
    /// Tells the oldest news that wait; says whether there were any.
    pub(super) fn tell_news(&self) -> bool {
        let (news, taken) = self.host.take_news(NEWS);
        let were_any = !news.is_empty();
        for told in news {
            self.tell_change(&told);
        }
        self.positions.reach(taken);
        were_any
    }

    fn tell_change(&self, told: &Told) {
        // Before anybody is told: whoever comes back meanwhile finds it.
        self.positions.note_change(told.principal, told.number);
        // Everybody in the audience shares a conversation with the principal, or is the principal.
        let frame = self.status_frame(Sight::CONTACT, told.principal, &told.presence);
        let audience = match told.concern {
            Concern::Oneself => vec![told.principal],
            Concern::Watchers => {
                let directory = self.people.directory();
                directory.audience(told.principal, self.audience_limit)
            }
        };
        self.hub.for_sockets_of(&audience, |connection| {
            connection.tell(told.principal, told.number, &frame);
        });
        online_stats::note_change(self, told.principal);
    }

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
