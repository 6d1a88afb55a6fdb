//! Somebody who makes one request after the other, to see how long they take while something else happens.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use vigie_client::Http;

use crate::people::fetch;

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(1);

/// A task that asks until it is dropped.
#[derive(Debug)]
pub(crate) struct Prober {
    times: Arc<Mutex<Histogram<u64>>>,
    asking: JoinHandle<anyhow::Error>,
}

impl Prober {
    pub(crate) fn start(caller: Http) -> anyhow::Result<Self> {
        let times = Arc::new(Mutex::new(Histogram::new(3)?));
        let asking = tokio::spawn(ask_for_ever(caller, Arc::clone(&times)));
        Ok(Self { times, asking })
    }

    /// Microseconds of the requests since the last time, the one under way included if it is slow.
    ///
    /// # Errors
    /// When a request failed, or there was none.
    pub(crate) async fn take(&self) -> anyhow::Result<Histogram<u64>> {
        anyhow::ensure!(!self.asking.is_finished(), "a request of the prober failed");
        let mut times = self.times.lock().await;
        let taken = std::mem::replace(&mut *times, Histogram::new(3)?);
        anyhow::ensure!(!taken.is_empty(), "the prober did not ask");
        Ok(taken)
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

/// Returns only what went wrong.
async fn ask_for_ever(caller: Http, times: Arc<Mutex<Histogram<u64>>>) -> anyhow::Error {
    loop {
        match ask(&caller, &times).await {
            Ok(()) => tokio::time::sleep(PAUSE).await,
            Err(error) => return error,
        }
    }
}

/// One request, counted before anybody can look past it.
async fn ask(caller: &Http, times: &Mutex<Histogram<u64>>) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut times = times.lock().await;
    fetch(caller, "/v1/auth/forward")
        .await
        .context("a request failed")?;
    times.record(u64::try_from(began.elapsed().as_micros())?)?;
    Ok(())
}
