//! Connected people who count what they hear.
//!
//! In: sockets, and the names of the events to count. Out: how many came, how large they were, and when the latest did.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use vigie_client::{Event, Http, Socket};

use crate::changes;
use crate::people::{PATIENCE, connect_all, converse};
use crate::server::Server;
use crate::stage::operator;

/// What everybody is told of one person.
pub(crate) const STATUS: &str = "user:status";

/// Until what a crowd stirred up has settled.
const SETTLING: Duration = Duration::from_secs(2);

/// Between two looks at a counter.
const GLANCE: Duration = Duration::from_millis(2);

/// People with a socket each; they hang up when it is dropped.
#[derive(Debug)]
pub(crate) struct Audience {
    operator: Http,
    ears: Arc<Ears>,
    members: JoinSet<()>,
}

/// How much came of one event, at all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
}

#[derive(Debug)]
struct Ears {
    began: Instant,
    /// Microseconds from `began` until the latest event was read.
    latest: AtomicU64,
    counters: Vec<Counter>,
}

#[derive(Debug)]
struct Counter {
    name: &'static str,
    events: AtomicU64,
    bytes: AtomicU64,
}

impl Audience {
    /// Every member of a conversation is connected, and nobody is told anything any more.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn gather(server: &Server, members: usize) -> anyhow::Result<Self> {
        converse(server, 0, 0..members).await?;
        let mut audience = Self::empty(server, &[STATUS]);
        audience.seat(connect_all(server.url(), 0..members, &[STATUS]).await?);
        audience.wait_for_silence().await;
        Ok(audience)
    }

    /// Nobody yet; those who come count these events.
    pub(crate) fn empty(server: &Server, counted: &[&'static str]) -> Self {
        let counter = |name: &&'static str| Counter {
            name,
            events: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        let ears = Ears {
            began: Instant::now(),
            latest: AtomicU64::new(0),
            counters: counted.iter().map(counter).collect(),
        };
        Self {
            operator: operator(server),
            ears: Arc::new(ears),
            members: JoinSet::new(),
        }
    }

    /// These listen too from now on.
    pub(crate) fn seat(&mut self, sockets: Vec<Socket>) {
        for socket in sockets {
            self.members.spawn(listen(socket, Arc::clone(&self.ears)));
        }
    }

    /// An edge of one person, by the hand of an operator.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn turn(&self, person: usize, is_online: bool) -> anyhow::Result<()> {
        changes::turn(&self.operator, person, is_online).await
    }

    /// Who turns people.
    pub(crate) fn operator(&self) -> &Http {
        &self.operator
    }

    /// Counted events that arrived at any of them.
    pub(crate) fn heard(&self) -> u64 {
        let counters = self.ears.counters.iter();
        counters
            .map(|counter| counter.events.load(Ordering::Acquire))
            .sum()
    }

    /// What arrived of one event at all of them; nothing of one that is not counted.
    pub(crate) fn tally(&self, name: &str) -> Tally {
        let counter = self.ears.counters.iter().find(|it| it.name == name);
        counter.map_or(
            Tally {
                events: 0,
                bytes: 0,
            },
            |counter| Tally {
                events: counter.events.load(Ordering::Acquire),
                bytes: counter.bytes.load(Ordering::Acquire),
            },
        )
    }

    /// When the latest counted event was read from its transport.
    pub(crate) fn latest(&self) -> Instant {
        self.ears.began + Duration::from_micros(self.ears.latest.load(Ordering::Acquire))
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

    /// Until nobody was told anything for two seconds.
    pub(crate) async fn wait_for_silence(&self) {
        loop {
            let before = self.heard();
            tokio::time::sleep(SETTLING).await;
            if self.heard() == before {
                return;
            }
        }
    }
}

impl Ears {
    fn hear(&self, event: &Event) {
        let Some(counter) = self.counters.iter().find(|it| it.name == event.name) else {
            return;
        };
        let late = event.at.saturating_duration_since(self.began).as_micros();
        // A measurement ends before microseconds do not fit.
        let late = u64::try_from(late).unwrap_or(u64::MAX);
        self.latest.fetch_max(late, Ordering::Release);
        counter
            .bytes
            .fetch_add(event.bytes as u64, Ordering::Release);
        // The last, so that who sees the event counted sees all of it.
        counter.events.fetch_add(1, Ordering::Release);
    }
}

async fn listen(mut socket: Socket, ears: Arc<Ears>) {
    while let Ok(event) = socket.recv().await {
        ears.hear(&event);
    }
}
