//! Requests at a steady rate, whatever the server does: each is due at its instant, and what it waits for counts.

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use vigie_client::Http;

use crate::people::fetch;

/// Between two requests: 400 a second.
const BETWEEN: Duration = Duration::from_micros(2_500);

/// What came of the requests of some time.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Microseconds from the instant at which a request was due until its answer.
    times: Histogram<u64>,
    pub(super) failed: u64,
}

impl Sheet {
    fn empty() -> anyhow::Result<Self> {
        Ok(Self {
            times: Histogram::new(3)?,
            failed: 0,
        })
    }

    pub(super) fn requests(&self) -> u64 {
        self.times.len() + self.failed
    }

    pub(super) fn p50(&self) -> f64 {
        self.times.value_at_quantile(0.5) as f64 / 1e3
    }

    pub(super) fn p99(&self) -> f64 {
        self.times.value_at_quantile(0.99) as f64 / 1e3
    }

    pub(super) fn longest(&self) -> f64 {
        self.times.max() as f64 / 1e3
    }
}

/// Asks until it is dropped.
#[derive(Debug)]
pub(super) struct Load {
    sheet: Arc<Mutex<Sheet>>,
    asking: JoinHandle<()>,
}

impl Load {
    pub(super) fn start(callers: Vec<Http>) -> anyhow::Result<Self> {
        let sheet = Arc::new(Mutex::new(Sheet::empty()?));
        let asking = tokio::spawn(ask_for_ever(callers, Arc::clone(&sheet)));
        Ok(Self { sheet, asking })
    }

    /// What came since the last time.
    pub(super) async fn take(&self) -> anyhow::Result<Sheet> {
        let mut sheet = self.sheet.lock().await;
        Ok(std::mem::replace(&mut *sheet, Sheet::empty()?))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

async fn ask_for_ever(callers: Vec<Http>, sheet: Arc<Mutex<Sheet>>) {
    let began = Instant::now();
    for (caller, number) in callers.iter().cycle().zip(0_u32..) {
        let due = began + BETWEEN * number;
        sleep_until(due).await;
        let (caller, sheet) = (caller.clone(), Arc::clone(&sheet));
        tokio::spawn(async move {
            let answer = fetch(&caller, "/v1/auth/forward").await;
            let took = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            let mut sheet = sheet.lock().await;
            if answer.is_err() || sheet.times.record(took).is_err() {
                sheet.failed += 1;
            }
        });
    }
}
