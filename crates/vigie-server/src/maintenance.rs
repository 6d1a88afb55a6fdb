//! `Maintenance`: the jobs beside the presence rules, under the name that readers of the old system look for.
//!
//! In: the running server, and time. Out: fewer throttle entries, fewer guests, and findings that should be none.
//! Nobody is online or offline because of a job: deadlines decide that, in the engine.

mod guests;
mod reconciliation;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use vigie_core::Wall;

use crate::app::App;
use crate::people::ChangeError;

/// Between two purges of guests; a shorter `guest_retention` shortens it, so that nobody stays twice as long.
const PURGE_INTERVAL: Duration = Duration::from_secs(24 * 3_600);

/// The jobs of a server, and what they found.
#[derive(Debug, Default)]
pub struct Maintenance {
    is_active: AtomicBool,
    latest: Mutex<Latest>,
    findings: AtomicU64,
}

/// The latest comparison of memory with the store.
#[derive(Debug, Clone, Copy, Default)]
pub struct Latest {
    /// When it was; `None` before the first one.
    pub at: Option<Wall>,
    /// How many principals the store had wrong.
    pub findings: u64,
}

/// Why a clean-up was not finished; what it had removed stays removed.
#[derive(Debug, thiserror::Error)]
pub enum CleanUpError {
    /// The store could not say which guests are stale.
    #[error("cannot tell which guests are stale")]
    Read(#[from] vigie_store::ReadError),
    /// The store could not remove them.
    #[error("cannot remove stale guests")]
    Change(#[from] ChangeError),
}

impl Maintenance {
    /// Jobs that do not run yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the jobs run.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }

    /// The latest comparison of memory with the store.
    #[must_use]
    pub fn latest(&self) -> Latest {
        *self.latest.lock()
    }

    /// What all comparisons since the start found.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.findings.load(Ordering::Relaxed)
    }

    /// Runs every job until it is dropped.
    pub async fn run(&self, app: Arc<App>) {
        let _running = Running::begin(&self.is_active);
        tokio::join!(
            clean_cache_for_ever(&app),
            purge_guests_for_ever(&app),
            self.reconcile_for_ever(&app),
        );
    }

    /// Removes what has expired now; how many guests went.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn clean_up(&self, app: &App) -> Result<usize, CleanUpError> {
        clean_cache(app);
        guests::purge(app).await
    }

    async fn reconcile_for_ever(&self, app: &App) {
        let mut ticks = ticks(app.config.periods.maintenance_interval);
        let mut slice = reconciliation::Slice::default();
        loop {
            ticks.tick().await;
            match reconciliation::compare(app, &mut slice).await {
                Ok(Some(findings)) => self.note(app, findings),
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "memory could not be compared with the store"
                ),
            }
        }
    }

    fn note(&self, app: &App, findings: u64) {
        if findings > 0 {
            tracing::error!(
                findings,
                "the store did not hold what memory holds; it is written again"
            );
        }
        self.findings.fetch_add(findings, Ordering::Relaxed);
        *self.latest.lock() = Latest {
            at: Some(app.host.now().wall),
            findings,
        };
    }
}

async fn clean_cache_for_ever(app: &App) {
    let mut ticks = ticks(app.config.periods.cache_cleanup_interval);
    loop {
        ticks.tick().await;
        clean_cache(app);
    }
}

fn clean_cache(app: &App) {
    app.choosing.forget_silent();
    let principals = app.people.directory().len();
    let dropped = app.status.clean_cache(principals);
    tracing::debug!(dropped, "throttle entries of silent people were dropped");
}

async fn purge_guests_for_ever(app: &App) {
    let period = PURGE_INTERVAL.min(app.config.periods.guest_retention);
    let mut ticks = ticks(period);
    loop {
        ticks.tick().await;
        match guests::purge(app).await {
            Ok(0) => {}
            Ok(guests) => tracing::info!(guests, "stale guests were removed"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "stale guests could not be removed; the next purge tries again"
            ),
        }
    }
}

/// The first tick comes at once; after a long stop, one tick stands for all that were missed.
fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Says that the jobs run, for as long as they do.
struct Running<'m>(&'m AtomicBool);

impl<'m> Running<'m> {
    fn begin(is_active: &'m AtomicBool) -> Self {
        is_active.store(true, Ordering::Relaxed);
        Self(is_active)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
