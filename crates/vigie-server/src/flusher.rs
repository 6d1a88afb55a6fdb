//! Write-behind: what the engine wants durable goes to the store in batches, and the node's sign of life with it.
//!
//! Always true: one batch at a time, each made of the newest records; a failing store delays and never loses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use vigie_core::{PresenceRecord, PrincipalKey};
use vigie_store::{Incarnation, PresenceWrite, Store, WriteError};

use crate::engine_host::EngineHost;
use crate::people::People;

/// Principals in one transaction: a few tens of milliseconds of writing.
const BATCH: usize = 2_000;

/// A node without sessions still proves that it lives, so that REST leases are restored after a crash; often enough against `offline_after`.
const ALIVE_WITHOUT_SESSIONS: Duration = Duration::from_secs(30);

/// The first wait after a failed flush; it doubles up to [`LONGEST_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// A store that comes back is noticed within this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

/// Writes behind the engine's back.
#[derive(Debug)]
pub struct Flusher {
    host: Arc<EngineHost>,
    people: Arc<People>,
    store: Arc<dyn Store>,
    incarnation: Incarnation,
    flush_interval: Duration,
    alive_interval: Duration,
    /// Held by whoever writes: one batch at a time.
    writing: Mutex<Progress>,
    is_store_up: AtomicBool,
    rows: AtomicU64,
    flushes: AtomicU64,
}

#[derive(Debug)]
struct Progress {
    alive_written: Option<Instant>,
}

impl Flusher {
    /// A flusher on behalf of one start of this node.
    #[must_use]
    pub fn new(
        host: Arc<EngineHost>,
        people: Arc<People>,
        store: Arc<dyn Store>,
        incarnation: Incarnation,
        flush_interval: Duration,
        alive_interval: Duration,
    ) -> Self {
        Self {
            host,
            people,
            store,
            incarnation,
            flush_interval,
            alive_interval,
            writing: Mutex::new(Progress {
                alive_written: None,
            }),
            is_store_up: AtomicBool::new(true),
            rows: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
        }
    }

    /// Whether the latest write succeeded.
    #[must_use]
    pub fn is_store_up(&self) -> bool {
        self.is_store_up.load(Ordering::Relaxed)
    }

    /// Rows written and transactions made since the start.
    #[must_use]
    pub fn written(&self) -> (u64, u64) {
        (
            self.rows.load(Ordering::Relaxed),
            self.flushes.load(Ordering::Relaxed),
        )
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(&self) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            tokio::select! {
                () = self.host.writes_wait() => {}
                () = tokio::time::sleep(self.alive_interval) => {}
            }
            // What comes within the interval shares the transaction.
            tokio::time::sleep(self.flush_interval).await;
            while let Err(error) = self.flush().await {
                tracing::warn!(error = &error as &dyn std::error::Error, retry_in = ?backoff, "the store refused a batch; it waits");
                tokio::time::sleep(jittered(backoff)).await;
                backoff = (backoff * 2).min(LONGEST_BACKOFF);
            }
            backoff = FIRST_BACKOFF;
        }
    }

    /// Writes everything that waits now.
    ///
    /// # Errors
    /// When the store refuses a batch, which then waits again.
    pub async fn flush(&self) -> Result<(), WriteError> {
        let mut progress = self.writing.lock().await;
        // A flush that was cancelled half-way left its batch in flight, and nobody knows whether it was stored.
        self.host.settle_writes(false);
        loop {
            let alive_at = self.alive_is_due(&progress).then(|| self.host.now().wall);
            let batch = self.host.take_writes(BATCH);
            if batch.is_none() && alive_at.is_none() {
                return Ok(());
            }
            let took_batch = batch.is_some();
            let writes = self.named(batch.unwrap_or_default());
            let result = self
                .store
                .write_presence(&self.incarnation, &writes, alive_at)
                .await;
            self.is_store_up.store(result.is_ok(), Ordering::Relaxed);
            let waiting = if took_batch {
                self.host.settle_writes(result.is_ok())
            } else {
                0
            };
            let written = result?;
            self.rows.fetch_add(written.rows, Ordering::Relaxed);
            self.flushes.fetch_add(1, Ordering::Relaxed);
            if alive_at.is_some() {
                progress.alive_written = Some(Instant::now());
            }
            if waiting == 0 {
                return Ok(());
            }
        }
    }

    /// Writes everything, and a last sign of life: the end of a graceful stop.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn flush_last(&self) -> Result<(), WriteError> {
        self.writing.lock().await.alive_written = None;
        let principals = self.people.directory().len();
        self.host.write_everything(principals);
        self.flush().await
    }

    fn alive_is_due(&self, progress: &Progress) -> bool {
        let interval = if self.host.totals().connected > 0 {
            self.alive_interval
        } else {
            ALIVE_WITHOUT_SESSIONS
        };
        progress
            .alive_written
            .is_none_or(|written| written.elapsed() >= interval)
    }

    fn named(&self, batch: Vec<(PrincipalKey, PresenceRecord)>) -> Vec<PresenceWrite> {
        let directory = self.people.directory();
        batch
            .into_iter()
            .map(|(key, record)| PresenceWrite {
                principal: directory.member(key).id().clone(),
                record,
            })
            .collect()
    }
}

/// Between half of `span` and all of it, so that nodes do not retry in step.
fn jittered(span: Duration) -> Duration {
    let mut byte = [0; 1];
    // Without randomness the wait is merely regular.
    if getrandom::fill(&mut byte).is_err() {
        return span;
    }
    span / 2 + span / 2 * u32::from(byte[0]) / 255
}
