//! Credentials end while their sockets live: a token's socket is told and closed, a guest's stay is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use engineioxide::Socket;
use parking_lot::Mutex;
use vigie_core::{PrincipalKind, Revocation, Wall};

use super::authenticate::token_expired;
use super::handler::Handler;
use super::link;
use super::seat::Seat;

/// How late an expiry may be noticed; well within the clock leeway granted to tokens.
const PERIOD: Duration = Duration::from_millis(500);

/// Which sockets end when, by wall time.
#[derive(Debug, Default)]
pub(super) struct Expiries {
    by_time: Mutex<BTreeMap<(Wall, u64), SocketRef>>,
    next: std::sync::atomic::AtomicU64,
}

struct SocketRef(Weak<Socket<Seat>>);

impl std::fmt::Debug for SocketRef {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SocketRef")
    }
}

impl Expiries {
    /// Looks at a socket again when its credential ends; a renewed one is found to be good then.
    pub(super) fn watch(&self, end: Option<Wall>, socket: &Arc<Socket<Seat>>) {
        let Some(end) = end else { return };
        let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.by_time
            .lock()
            .insert((end, number), SocketRef(Arc::downgrade(socket)));
    }

    fn take_due(&self, now: Wall) -> Vec<Arc<Socket<Seat>>> {
        let mut by_time = self.by_time.lock();
        let later = by_time.split_off(&(now + Duration::from_millis(1), 0));
        let due = std::mem::replace(&mut *by_time, later);
        due.into_values()
            .filter_map(|socket| socket.0.upgrade())
            .collect()
    }
}

/// Ends sockets as their credentials end, until it is dropped.
pub(crate) async fn run(handler: Arc<Handler>) {
    let mut ticker = tokio::time::interval(PERIOD);
    loop {
        ticker.tick().await;
        let now = handler.app.host.now().wall;
        for socket in handler.expiries.take_due(now) {
            handler.end_if_expired(&socket, now);
        }
    }
}

impl Handler {
    fn end_if_expired(&self, socket: &Arc<Socket<Seat>>, now: Wall) {
        let Some(seated) = socket.data.seated() else {
            return;
        };
        let is_over = seated.identity.expires_at.is_some_and(|end| end <= now);
        if !is_over {
            return;
        }
        match seated.identity.id.kind() {
            PrincipalKind::Guest => self
                .app
                .fanout
                .revoke(seated.identity.key, Revocation::Expired),
            PrincipalKind::User => {
                self.answer(socket, &token_expired());
                self.lose(socket, Duration::ZERO);
                link::dismiss(Arc::clone(socket));
            }
        }
    }
}
