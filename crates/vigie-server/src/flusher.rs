//! Write-behind: what the engine wants durable goes to the store in batches, and the node's sign of life with it.
//!
//! Always true: one batch at a time, each made of the newest records; a failing store delays and never loses;
//! and once another server has the database nothing is written any more.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::time::Instant;
use vigie_core::{PresenceRecord, PrincipalKey, Wall};
use vigie_store::{Incarnation, PresenceWrite, Store, WriteError, Written};

use crate::engine_host::EngineHost;
use crate::people::People;

mod store_health;

use store_health::StoreHealth;

/// Principals in one transaction at most: a second or two of writing, and a million are twenty of them.
const BATCH: usize = 50_000;

/// Principals taken from the engine at a time; it stands still for a millisecond or two meanwhile.
const SLICE: usize = 4_000;

/// A node without sessions still proves that it lives this often at least, so that REST leases are restored after a crash.
const LONGEST_WITHOUT_PROOF: Duration = Duration::from_secs(30);

/// The proofs in one `offline_after`, at least: leases of a node that proved itself longer ago than that are not restored, and a crash must leave most of it for the next start.
const PROOFS_PER_LEASE: u32 = 4;

/// Restored leases in one transaction: an edge that comes meanwhile waits for a few tens of milliseconds.
const RESTORED_AT_ONCE: usize = 2_000;

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
    alive_without_sessions: Duration,
    /// Held by whoever writes: one batch at a time.
    writing: Mutex<Progress>,
    health: StoreHealth,
    /// Somebody found the store silent; a write has to show how it is.
    doubted: Notify,
    /// Another server has the database.
    superseded: watch::Sender<bool>,
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
        offline_after: Duration,
    ) -> Self {
        Self {
            host,
            people,
            store,
            incarnation,
            flush_interval,
            alive_interval,
            alive_without_sessions: alive_without_sessions(offline_after),
            writing: Mutex::new(Progress {
                alive_written: None,
            }),
            health: StoreHealth::default(),
            doubted: Notify::new(),
            superseded: watch::Sender::new(false),
            rows: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
        }
    }

    /// Whether the latest write succeeded, and none is overdue.
    #[must_use]
    pub fn is_store_up(&self) -> bool {
        self.health.is_up()
    }

    /// Asks the store itself, unless it has just been asked; it then counts as away until a write has succeeded.
    pub async fn probe_store(&self) -> bool {
        if !self.health.is_up() {
            return false;
        }
        let answers = self.health.probe(&self.store).await;
        if !answers {
            self.doubted.notify_one();
        }
        answers && self.health.is_up()
    }

    /// Rows written and transactions made since the start.
    #[must_use]
    pub fn written(&self) -> (u64, u64) {
        (
            self.rows.load(Ordering::Relaxed),
            self.flushes.load(Ordering::Relaxed),
        )
    }

    /// Waits until another server has taken over the database, which may never be.
    pub async fn superseded(&self) {
        let mut superseded = self.superseded.subscribe();
        // The sender lives as long as we do.
        superseded.wait_for(|superseded| *superseded).await.ok();
    }

    /// Whether another server has taken over the database.
    #[must_use]
    pub fn is_superseded(&self) -> bool {
        *self.superseded.borrow()
    }

    /// Runs until it is dropped, or the database is another server's.
    pub(crate) async fn run(&self) {
        if self.take_over().await.is_break() {
            return;
        }
        // The end of earlier rows is side by side with what people do now: nobody's edge waits for it.
        let reaping = async {
            if self.until_stored(|| self.reap()).await.is_continue() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.write_behind() => {}
            () = reaping => {}
        }
    }

    /// Writes what waits, again and again, until the database is another server's.
    async fn write_behind(&self) {
        loop {
            // Reckoned from the last one: a flush just before it is due must not put it off by a whole interval.
            let alive_due = self.alive_due().await;
            tokio::select! {
                () = self.host.writes_wait() => {}
                () = self.doubted.notified() => {}
                () = tokio::time::sleep_until(alive_due) => {}
            }
            // What comes within the interval shares the transaction.
            tokio::time::sleep(self.flush_interval).await;
            if self.until_stored(|| self.flush()).await.is_break() {
                return;
            }
        }
    }

    /// Writes what the start restored as this start's own, a little at a time behind all that is new; then nothing of earlier starts is needed any more, and it may be reaped.
    ///
    /// Until it is, the earlier rows say the same, so that a crash half-way leaves everybody as restorable as before.
    async fn take_over(&self) -> ControlFlow<()> {
        loop {
            let left = self.host.release_restored(RESTORED_AT_ONCE);
            self.until_stored(|| self.flush()).await?;
            if left == 0 {
                return ControlFlow::Continue(());
            }
        }
    }

    async fn reap(&self) -> Result<(), WriteError> {
        let reaped = self.store.reap_predecessors(&self.incarnation).await;
        let Written { rows } = reaped.inspect_err(|error| self.note_final(error))?;
        tracing::debug!(rows, "what earlier starts wrote is gone");
        Ok(())
    }

    /// Tries with growing pauses until the store takes it; breaks when the database is another server's.
    async fn until_stored<F>(&self, mut attempt: impl FnMut() -> F) -> ControlFlow<()>
    where
        F: Future<Output = Result<(), WriteError>>,
    {
        let mut backoff = FIRST_BACKOFF;
        while let Err(error) = attempt().await {
            if error.is_final() {
                return ControlFlow::Break(());
            }
            tracing::warn!(error = &error as &dyn std::error::Error, retry_in = ?backoff, "the store refused a batch; it waits");
            tokio::time::sleep(jittered(backoff)).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        }
        ControlFlow::Continue(())
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
            let begun = Instant::now();
            let alive_at = self.alive_is_due(&progress).then(|| self.host.now().wall);
            let batch = self.take_batch().await;
            if batch.is_empty() && alive_at.is_none() {
                return Ok(());
            }
            let writing = self.health.begin_write(batch.len());
            let result = self
                .store
                .write_presence(&self.incarnation, &batch, alive_at)
                .await;
            writing.end(result.is_ok());
            let waiting = self.host.settle_writes(result.is_ok());
            let Written { rows } = result.inspect_err(|error| self.note_final(error))?;
            self.rows.fetch_add(rows, Ordering::Relaxed);
            self.flushes.fetch_add(1, Ordering::Relaxed);
            if alive_at.is_some() {
                progress.alive_written = Some(begun);
            }
            if waiting == 0 {
                return Ok(());
            }
        }
    }

    /// As many of those who wait as fit into one transaction, taken in slices, so that the engine is never kept for long.
    async fn take_batch(&self) -> Vec<PresenceWrite> {
        let size = self.host.writes_waiting().min(BATCH);
        let mut batch = Vec::with_capacity(size);
        while batch.len() < size {
            let slice = self.host.take_slice(SLICE.min(size - batch.len()));
            if slice.is_empty() {
                break;
            }
            self.name_into(&mut batch, slice);
            tokio::task::yield_now().await;
        }
        batch
    }

    fn note_final(&self, error: &WriteError) {
        if error.is_final() && !self.superseded.send_replace(true) {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "another server has the database; nothing is written any more, and this one stops"
            );
        }
    }

    /// Writes everything, a last sign of life, and that all that was told until then is durable: the end of a graceful stop.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn flush_last(&self, told_until: Wall) -> Result<(), WriteError> {
        self.writing.lock().await.alive_written = None;
        self.host.release_restored(usize::MAX);
        let principals = self.people.directory().len();
        self.host.write_everything(principals);
        self.flush().await?;
        self.store.write_end(&self.incarnation, told_until).await
    }

    fn alive_is_due(&self, progress: &Progress) -> bool {
        // A store in doubt is written to at once, if only a sign of life.
        if !self.health.is_up() {
            return true;
        }
        progress
            .alive_written
            .is_none_or(|written| written.elapsed() >= self.alive_period())
    }

    /// When to wake for the next sign of life, early enough for what shares its transaction.
    async fn alive_due(&self) -> Instant {
        let written = self.writing.lock().await.alive_written;
        let pause = self.alive_period().saturating_sub(self.flush_interval);
        written.map_or_else(Instant::now, |written| written + pause)
    }

    fn alive_period(&self) -> Duration {
        if self.host.totals().connected > 0 {
            self.alive_interval
        } else {
            self.alive_without_sessions
        }
    }

    fn name_into(
        &self,
        batch: &mut Vec<PresenceWrite>,
        slice: Vec<(PrincipalKey, PresenceRecord)>,
    ) {
        let directory = self.people.directory();
        batch.extend(slice.into_iter().map(|(key, record)| PresenceWrite {
            principal: directory.member(key).id().clone(),
            record,
        }));
    }
}

/// How often a node without sessions proves that it lives.
fn alive_without_sessions(offline_after: Duration) -> Duration {
    (offline_after / PROOFS_PER_LEASE).min(LONGEST_WITHOUT_PROOF)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_without_sessions_proves_itself_several_times_in_a_lease() {
        let check = |offline_after: u64, expected: u64| {
            let period = alive_without_sessions(Duration::from_millis(offline_after));
            assert_eq!(period, Duration::from_millis(expected), "{offline_after}");
        };
        check(300_000, 30_000);
        check(120_000, 30_000);
        check(20_000, 5_000);
        check(4_000, 1_000);
    }
}
