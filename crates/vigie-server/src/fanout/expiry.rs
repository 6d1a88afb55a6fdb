//! Credentials end while their sockets live: a token's socket is told and closed, a guest's stay is over.

use std::collections::BTreeSet;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use vigie_core::{ConnectionId, PrincipalKind, Revocation, Signal, Wall};

use super::Fanout;
use super::connection::Connection;
use super::link::Frame;
use super::wire::event;

/// How late an end may be noticed; well within the clock leeway granted to tokens.
const PERIOD: Duration = Duration::from_millis(500);

/// Which connections end when; one entry per connection that has an end, gone with the connection.
#[derive(Debug, Default)]
pub(super) struct Expiries {
    by_time: Mutex<BTreeSet<(Wall, ConnectionId)>>,
}

impl Expiries {
    fn replace(&self, connection: &Connection, end: Option<Wall>) {
        let mut by_time = self.by_time.lock();
        if let Some(before) = connection.replace_end(end) {
            by_time.remove(&(before, connection.id));
        }
        if let Some(end) = end {
            by_time.insert((end, connection.id));
        }
    }

    fn take_due(&self, now: Wall) -> Vec<ConnectionId> {
        let mut by_time = self.by_time.lock();
        let after_now = (now + Duration::from_millis(1), ConnectionId(0));
        let later = by_time.split_off(&after_now);
        let due = std::mem::replace(&mut *by_time, later);
        due.into_iter().map(|(_, id)| id).collect()
    }
}

/// Ends sockets as their credentials end, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    let mut ticker = tokio::time::interval(PERIOD);
    loop {
        ticker.tick().await;
        for id in fanout.expiries.take_due(fanout.host.now().wall) {
            if let Some(connection) = fanout.hub.connection(id) {
                fanout.expire(&connection);
            }
        }
    }
}

impl Fanout {
    /// The credential behind a connection ends then, and no longer when it was said before.
    pub(crate) fn expire_at(&self, connection: &Connection, end: Option<Wall>) {
        self.expiries.replace(connection, end);
    }

    /// Whoever is gone has nothing left to end.
    pub(super) fn never_expire(&self, connection: &Connection) {
        self.expiries.replace(connection, None);
    }

    fn expire(&self, connection: &Connection) {
        let kind = self
            .people
            .directory()
            .member(connection.principal)
            .id()
            .kind();
        match kind {
            PrincipalKind::Guest => self.revoke(connection.principal, Revocation::Expired),
            PrincipalKind::User => {
                connection.emit(token_expired());
                connection.dismiss();
                self.forget(connection);
                self.host.signal(Signal::SessionLost {
                    connection: connection.id,
                    silence: Duration::ZERO,
                });
            }
        }
    }
}

/// `auth:token-expired`.
pub(crate) fn token_expired() -> Frame {
    let payload = json!({
        "code": "token_expired",
        "message": "Votre session a expiré. Veuillez vous reconnecter.",
    });
    event("auth:token-expired", &payload)
}
