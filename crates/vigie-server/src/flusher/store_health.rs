//! Whether the store answers, told within about a second of when it does not.
//!
//! In: the beginnings and ends of writes, and the answers to probes. Out: up or not.
//! Always true: once it was found silent, or a write failed, only a write that succeeded makes it count as up again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use vigie_store::Store;

/// A write of a few principals takes milliseconds; one that takes this long is stuck behind somebody.
const OVERDUE_AFTER: Duration = Duration::from_millis(750);

/// What each principal of a large batch adds to that: several times what it takes on a slow disk.
const OVERDUE_PER_PRINCIPAL: Duration = Duration::from_micros(200);

/// A probe waits this long for the store; with [`PROBE_IS_NEWS`] it stays within a second.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whoever asks again within this gets the same answer, so that many who ask cost the store no more than two a second.
const PROBE_IS_NEWS: Duration = Duration::from_millis(500);

/// What is known of the store.
#[derive(Debug)]
pub(super) struct StoreHealth {
    is_up: AtomicBool,
    /// When the write under way should have been over.
    overdue_at: Mutex<Option<Instant>>,
    /// Held by whoever asks the store.
    probed: tokio::sync::Mutex<Probed>,
}

#[derive(Debug, Default)]
struct Probed {
    /// The latest answer, or the end of patience with it.
    latest: Option<(Instant, bool)>,
    /// Nobody had the patience for it; a connection that takes longer to make than that is there at the next probe.
    under_way: Option<JoinHandle<bool>>,
}

impl Default for StoreHealth {
    fn default() -> Self {
        Self {
            is_up: AtomicBool::new(true),
            overdue_at: Mutex::default(),
            probed: tokio::sync::Mutex::default(),
        }
    }
}

impl StoreHealth {
    pub(super) fn is_up(&self) -> bool {
        let is_overdue = self
            .overdue_at
            .lock()
            .is_some_and(|at| Instant::now() >= at);
        self.is_up.load(Ordering::Relaxed) && !is_overdue
    }

    /// A write of so many principals begins.
    pub(super) fn begin_write(&self, principals: usize) -> Writing<'_> {
        let more = u32::try_from(principals).unwrap_or(u32::MAX);
        let limit = OVERDUE_AFTER + OVERDUE_PER_PRINCIPAL * more;
        *self.overdue_at.lock() = Some(Instant::now() + limit);
        Writing { health: self }
    }

    /// Whether the store answers, as of half a second ago at most.
    pub(super) async fn probe(&self, store: &Arc<dyn Store>) -> bool {
        let mut probed = self.probed.lock().await;
        if let Some((at, answered)) = probed.latest
            && at.elapsed() < PROBE_IS_NEWS
        {
            return answered;
        }
        // An answer that nobody waited for is of another time; but the connection that it took is there now.
        probed.under_way.take_if(|probe| probe.is_finished());
        let probe = probed.under_way.get_or_insert_with(|| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.health().await.is_ok() })
        });
        let answered = match tokio::time::timeout(PATIENCE, probe).await {
            Ok(ended) => {
                probed.under_way = None;
                ended.unwrap_or(false)
            }
            Err(_) => false,
        };
        if !answered {
            self.is_up.store(false, Ordering::Relaxed);
        }
        probed.latest = Some((Instant::now(), answered));
        answered
    }
}

/// A write under way; dropped, it was cancelled, and says nothing.
pub(super) struct Writing<'h> {
    health: &'h StoreHealth,
}

impl Writing<'_> {
    pub(super) fn end(self, succeeded: bool) {
        self.health.is_up.store(succeeded, Ordering::Relaxed);
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        *self.health.overdue_at.lock() = None;
    }
}
