//! The delivery to one webhook: a batch, its answer, and so on, until the webhook is deleted.
//!
//! In: what waits. Out: at most one request at a time.
//! Always true: a batch is tried with the same number and the same bytes until the receiver takes it, says that it is too large, or is parked.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::backoff;
use super::batch::Batch;
use super::client::{Failed, Failure, Link};
use super::course::{Course, Made};
use super::hook::{Hook, Settings};
use crate::app::App;

/// Changes wait this long for others before they go out together.
const GATHER: Duration = Duration::from_millis(100);

/// Numbers are reserved within about this, once the store takes them.
const RESERVING: Duration = Duration::from_millis(200);

/// Delivers for as long as it is not dropped.
pub(super) async fn run(app: Arc<App>, hook: Arc<Hook>) {
    let mut delivery = Delivery {
        course: Course::begin(&app, &hook),
        app,
        hook,
        pending: None,
        link: None,
    };
    loop {
        if delivery.hook.progress.lock().is_parked() {
            delivery.resumed().await;
            continue;
        }
        if delivery.pending.is_none() {
            delivery.gather().await;
        } else {
            delivery.attempt().await;
        }
    }
}

struct Delivery {
    app: Arc<App>,
    hook: Arc<Hook>,
    course: Course,
    /// On its way.
    pending: Option<Batch>,
    link: Option<Link>,
}

impl Delivery {
    /// Makes a batch, or waits for something to tell.
    async fn gather(&mut self) {
        match self.course.make(&self.app, &self.hook) {
            Made::Batch(batch) => self.pending = Some(batch),
            Made::More => tokio::task::yield_now().await,
            Made::NoNumber => tokio::time::sleep(RESERVING).await,
            Made::Nothing => {
                self.hook.progress.lock().stand(self.course.told());
                self.hook.woken().await;
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    /// Waits for the end of a park: what was on its way is then found by a walk, or waits again.
    async fn resumed(&mut self) {
        self.pending = None;
        while self.hook.progress.lock().is_parked() {
            self.hook.woken().await;
        }
        self.course = Course::begin(&self.app, &self.hook);
    }

    async fn attempt(&mut self) {
        let Some(batch) = &self.pending else {
            return;
        };
        let Settings {
            endpoint, secret, ..
        } = self.hook.settings();
        let outcome = match endpoint {
            None => Err(Failure::Refused.into()),
            Some(endpoint) => {
                let timestamp = self.app.host.now().wall.as_millis() / 1_000;
                let signature = secret.sign(timestamp, &batch.body);
                let headers = headers(&self.hook, batch.sequence, timestamp, &signature);
                let client = self.app.webhooks.client();
                let body = batch.body.clone();
                client.post(&mut self.link, &endpoint, headers, body).await
            }
        };
        match outcome {
            Ok(()) => self.taken(),
            Err(Failed { failure, wish }) => self.failed(&failure, wish).await,
        }
    }

    fn taken(&mut self) {
        let Some(batch) = self.pending.take() else {
            return;
        };
        self.app.webhooks.count_taken(batch.events.len());
        if !self.course.is_halfway() {
            self.hook
                .with_waiting(|waiting| waiting.conversations.taken());
        }
        self.hook.progress.lock().taken(batch.place);
    }

    async fn failed(&mut self, failure: &Failure, wish: Option<Duration>) {
        self.app.webhooks.count_failed();
        if *failure == Failure::TooLarge && self.split() {
            return;
        }
        let now = self.app.host.now().wall;
        let park_after = self.app.config.webhooks.park_after;
        let error = failure.to_string();
        let (failures, is_over) = self.hook.progress.lock().failed(&error, now, park_after);
        if is_over || *failure == Failure::Gone {
            tracing::warn!(
                webhook = self.hook.id(),
                error,
                "a webhook is parked: nothing is delivered until POST /v1/webhooks/{{id}}/resume"
            );
            self.link = None;
            self.hook.park(now);
            return;
        }
        if failures == 1 {
            tracing::info!(
                webhook = self.hook.id(),
                error,
                "a webhook fails; it is tried again"
            );
        }
        let pause = backoff::pause(failures, wish, backoff::chance());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.hook.hurried.notified() => {}
        }
    }

    /// Takes a batch that was too large in two parts.
    fn split(&mut self) -> bool {
        let Some(batch) = self.pending.take() else {
            return false;
        };
        self.pending = self.course.split(&self.app, &self.hook, batch).err();
        self.pending.is_none()
    }
}

fn headers(hook: &Hook, sequence: u64, timestamp: i64, signature: &str) -> HeaderMap {
    // Ids and signatures are made of visible ASCII.
    let text = |value: &str| HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""));
    let mut headers = HeaderMap::new();
    headers.insert("x-vigie-webhook-id", text(hook.id()));
    headers.insert("x-vigie-sequence", sequence.into());
    headers.insert("x-vigie-timestamp", timestamp.into());
    headers.insert("x-vigie-signature", text(signature));
    headers
}
