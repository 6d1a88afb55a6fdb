//! Tells edges: one loop for all news, one for sockets that were too slow for them.
//!
//! Partial snapshots are made by the same loop as news, between two rounds, so that none of them shows an edge before its news.

use std::sync::Arc;
use std::time::Duration;

use vigie_core::{Presence, PrincipalKey};

use super::connection::{Connection, Delivery};
use super::link::Frame;
use super::visibility::{Relation, relation, shown};
use super::wire::{Status, event};
use super::{Fanout, online_stats};

/// News told in one go, before other tasks get their turn.
const NEWS: usize = 256;

/// How often slow sockets are looked at: no transport tells when its buffer has room again.
const SLOW_PERIOD: Duration = Duration::from_millis(100);

/// Tells news as they come, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    loop {
        let wanted = std::mem::take(&mut *fanout.wanted.lock());
        for wish in &wanted {
            fanout.grant(wish);
            tokio::task::yield_now().await;
        }
        let news = fanout.host.take_news(NEWS);
        if news.is_empty() {
            tokio::select! {
                () = fanout.host.news_came() => {}
                () = fanout.is_wanted.notified() => {}
            }
            continue;
        }
        for told in news {
            // Everybody in the audience shares a conversation with the principal, or is the principal.
            let frame = fanout.status_frame(Relation::Contact, told.principal, told.presence);
            let audience = fanout
                .people
                .directory()
                .audience(told.principal, fanout.audience_limit);
            fanout.hub.for_sockets_of(&audience, |connection| {
                if connection.tell(told.principal, told.number, &frame) == Delivery::Waits {
                    fanout.drain_later(connection);
                }
            });
            online_stats::note_change(fanout, told.principal);
        }
        tokio::task::yield_now().await;
    }
}

/// Drains dirty sets as sockets get room again, until it is dropped.
pub(super) async fn run_for_slow_sockets(fanout: &Fanout) {
    loop {
        fanout.someone_is_slow.notified().await;
        loop {
            tokio::time::sleep(SLOW_PERIOD).await;
            let slow = fanout.hub.take_slow();
            if slow.is_empty() {
                break;
            }
            for connection in slow {
                if fanout.drain(&connection) == Delivery::Waits {
                    fanout.hub.note_slow(&connection);
                }
            }
        }
    }
}

impl Fanout {
    /// A socket had no room: what waits for it is sent when it has.
    pub(super) fn drain_later(&self, connection: &Arc<Connection>) {
        self.hub.note_slow(connection);
        self.someone_is_slow.notify_one();
    }

    /// Sends a socket what waits for it, as far as it has room.
    pub(super) fn drain(&self, connection: &Connection) -> Delivery {
        // A socket that went meanwhile waits for nothing.
        if self.hub.connection(connection.id).is_none() {
            return Delivery::Done;
        }
        connection.drain(|principal| {
            let (presences, horizon) = self.host.survey(&[principal]);
            let relation = relation(&self.people.directory(), connection.principal, principal);
            (
                self.status_frame(relation, principal, presences[0]),
                horizon,
            )
        })
    }

    /// `user:status` as somebody in this relation sees it.
    fn status_frame(
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
