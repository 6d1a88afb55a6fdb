//! What a server says of its readiness while its store goes and comes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use vigie_client::{Http, Method};

use crate::server::Server;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Every change of the answer, with its instant.
type Changes = Vec<(Instant, u16)>;

/// Looks until it is dropped.
#[derive(Debug)]
pub(super) struct Readiness {
    changes: Arc<Mutex<Changes>>,
    looking: JoinHandle<()>,
}

impl Readiness {
    pub(super) fn watch(server: &Server) -> Self {
        let changes = Arc::default();
        let looking = tokio::spawn(look_for_ever(server.http(), Arc::clone(&changes)));
        Self { changes, looking }
    }

    /// One sentence for each change, seen from when the store went and when it came back.
    pub(super) fn told(&self, went: Instant, came: Instant) -> Vec<String> {
        let changes = self.changes.lock().map(|changes| changes.clone());
        let changes = changes.unwrap_or_default();
        let sentence = |(at, status): (Instant, u16)| {
            if at < went {
                format!("`/readyz` said {status} before the store went")
            } else if at < came {
                let after = (at - went).as_secs_f64();
                format!("`/readyz` said {status} {after:.2} s after the store went")
            } else {
                let after = (at - came).as_secs_f64();
                format!("`/readyz` said {status} {after:.2} s after the store came back")
            }
        };
        changes.into_iter().map(sentence).collect()
    }
}

impl Drop for Readiness {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

async fn look_for_ever(server: Http, changes: Arc<Mutex<Changes>>) {
    loop {
        // A server that does not answer at all is told as 0.
        let status = match server.call(Method::GET, "/readyz", None).await {
            Ok(reply) => reply.status.as_u16(),
            Err(_) => 0,
        };
        if let Ok(mut changes) = changes.lock()
            && changes.last().is_none_or(|(_, last)| *last != status)
        {
            changes.push((Instant::now(), status));
        }
        tokio::time::sleep(LOOK).await;
    }
}
