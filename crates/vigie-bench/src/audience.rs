//! A conversation whose members are all connected and count what they hear.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use vigie_client::{Http, Method, Socket};

use crate::people::{PATIENCE, connect_all, converse, expect_success, id};
use crate::server::Server;
use crate::stage::operator;

/// Until what a crowd stirred up has settled.
const SETTLING: Duration = Duration::from_secs(2);

/// Between two looks at a counter.
const GLANCE: Duration = Duration::from_millis(2);

/// Every member, with a socket each; they hang up when it is dropped.
#[derive(Debug)]
pub(crate) struct Audience {
    operator: Http,
    heard: Arc<AtomicU64>,
    _members: JoinSet<()>,
}

impl Audience {
    /// Everybody is connected, and nobody is told anything any more.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn gather(server: &Server, members: usize) -> anyhow::Result<Self> {
        converse(server, 0, 0..members).await?;
        let sockets = connect_all(server.url(), 0..members, &["user:status"]).await?;
        let heard = Arc::new(AtomicU64::new(0));
        let mut listening = JoinSet::new();
        for socket in sockets {
            listening.spawn(count(socket, Arc::clone(&heard)));
        }
        let audience = Self {
            operator: operator(server),
            heard,
            _members: listening,
        };
        audience.wait_for_silence().await;
        Ok(audience)
    }

    /// An edge of one member, by the hand of an operator: everybody is told, the member's own device too.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn turn(&self, member: usize, is_online: bool) -> anyhow::Result<()> {
        let body = json!({ "userId": id(member), "isOnline": is_online });
        let reply = self
            .operator
            .call(Method::POST, "/maintenance/user-status", Some(&body))
            .await?;
        expect_success(reply).map(drop)
    }

    /// `user:status` events that arrived at any of them.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// # Errors
    /// When they do not come.
    pub(crate) async fn wait_until(&self, expected: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.heard() < expected {
            anyhow::ensure!(
                began.elapsed() < PATIENCE,
                "{} of {expected} events came",
                self.heard()
            );
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    async fn wait_for_silence(&self) {
        loop {
            let before = self.heard();
            tokio::time::sleep(SETTLING).await;
            if self.heard() == before {
                return;
            }
        }
    }
}

async fn count(mut socket: Socket, heard: Arc<AtomicU64>) {
    while socket.recv().await.is_ok() {
        heard.fetch_add(1, Ordering::Relaxed);
    }
}
