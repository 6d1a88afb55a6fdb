//! Sockets that were told something a moment ago: what comes next waits a moment for company.
//!
//! The first change goes out at once. Those that follow within [`WINDOW`] go out together, newest states only, so that a storm costs each socket one write per window and not one per change.
//! The same look finds out whether a slow socket has read, and lets go of what it has.
//! Always true: a socket is in the list while it has anything waiting; when it is found quiet it leaves.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use vigie_core::{ConnectionId, PrincipalKey, Sight, Watcher};

use super::Fanout;
use super::connection::{Connection, Looked};
use super::link::Frame;
use crate::engine_host::Number;
use crate::limits::Limit;

/// How long a change waits at most for others to the same socket; half of what a watcher may wait for news in all.
pub(crate) const WINDOW: Duration = Duration::from_millis(50);

/// Sockets that are looked at in one go, before other tasks get their turn.
const AT_ONCE: usize = 64;

/// The sockets to look at when the window is over.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    ids: Mutex<Vec<ConnectionId>>,
    came: Notify,
}

impl Watched {
    pub(super) fn add(&self, id: ConnectionId) {
        let mut ids = self.ids.lock();
        ids.push(id);
        if ids.len() == 1 {
            self.came.notify_one();
        }
    }

    pub(super) fn take(&self) -> Vec<ConnectionId> {
        std::mem::take(&mut *self.ids.lock())
    }
}

/// The newest states told in one go, encoded once for all who are told.
#[derive(Debug, Default)]
struct Newest(HashMap<(PrincipalKey, Sight), (Frame, Option<Number>)>);

/// Looks at sockets as their windows end, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    loop {
        fanout.watched.came.notified().await;
        loop {
            tokio::time::sleep(WINDOW).await;
            let ids = fanout.watched.take();
            if ids.is_empty() {
                break;
            }
            for some in ids.chunks(AT_ONCE) {
                fanout.look_at_all(some);
                tokio::task::yield_now().await;
            }
        }
    }
}

impl Fanout {
    /// Looks at sockets whose window is over, in one go.
    pub(super) fn look_at_all(&self, some: &[ConnectionId]) {
        // A state may change while others have their turn: each go has its own.
        let mut newest = Newest::default();
        for id in some {
            self.look_at(*id, &mut newest);
        }
    }

    /// Sends a socket what waits for it, as far as it has room; it stays in the list unless it is found quiet.
    fn look_at(&self, id: ConnectionId, newest: &mut Newest) {
        // A socket that went meanwhile waits for nothing.
        let Some(connection) = self.hub.connection(id) else {
            return;
        };
        let watcher = connection.principal;
        // Before the news, which would take the room again; composed only when it can be sent.
        if connection.takes_snapshot() {
            self.give_snapshot(&connection, None);
        }
        // Read before the socket is looked at: what was told before this number is in its link when nothing waits.
        let reached = self.positions.reached();
        let looked = connection.look(
            |principal| self.newest_for(watcher, principal, newest),
            |relations| self.cursor_frame(watcher, reached, relations),
        );
        self.note_slowness(looked);
        if looked != Looked::Quiet {
            self.watched.add(id);
        }
    }

    /// Sends at once what waits: before something that must not overtake it, or because it must not wait.
    pub(super) fn tell_at_once(&self, connection: &Connection) {
        let mut newest = Newest::default();
        let watcher = connection.principal;
        let looked =
            connection.tell_waiting(|principal| self.newest_for(watcher, principal, &mut newest));
        self.note_slowness(looked);
    }

    fn note_slowness(&self, looked: Looked) {
        match looked {
            Looked::BecameSlow => self.reached.note(Limit::SlowSocket),
            Looked::Quiet | Looked::Busy => {}
        }
    }

    fn newest_for(
        &self,
        watcher: PrincipalKey,
        principal: PrincipalKey,
        newest: &mut Newest,
    ) -> (Frame, Option<Number>) {
        let watcher = Watcher::Principal(watcher);
        let sight = self.people.directory().sight(watcher, principal);
        let (frame, number) = newest.0.entry((principal, sight)).or_insert_with(|| {
            let (presence, number) = self.host.newest(principal);
            (self.status_frame(sight, principal, &presence), number)
        });
        (frame.copy(), *number)
    }
}
