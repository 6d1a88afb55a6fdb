//! Keeps how far webhooks have been told, every few seconds and at the end.
//!
//! Always true: a number is reserved in the store before it is used; what fails to be written is written with the next.

use std::sync::Arc;
use std::time::Duration;

use vigie_store::{WebhookProgress, WriteError};

use super::hook::Hook;
use super::registry::Webhooks;
use crate::app::App;

/// Between two writes: after a restart, what was taken within it is told again at most.
const PERIOD: Duration = Duration::from_secs(2);

/// Writes until it is dropped.
pub(super) async fn run(app: &App) {
    loop {
        if let Err(error) = app.webhooks.save(app, false).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "how far webhooks have been told was not stored; it waits"
            );
        }
        tokio::time::sleep(PERIOD).await;
    }
}

impl Webhooks {
    /// Writes what changed; at the end of a start everything, with no number reserved any more.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn save(&self, app: &App, is_last: bool) -> Result<(), WriteError> {
        let hooks: Vec<Arc<Hook>> = self
            .all()
            .into_iter()
            .filter(|hook| {
                let was_unsaved = std::mem::take(&mut hook.progress.lock().is_unsaved);
                was_unsaved || is_last
            })
            .collect();
        if hooks.is_empty() {
            return Ok(());
        }
        let rows: Vec<(Box<str>, WebhookProgress)> = hooks
            .iter()
            .map(|hook| (hook.id().into(), progress_of(app, hook, is_last)))
            .collect();
        let written = app.store.write_webhook_progress(&rows).await;
        for (hook, (_, kept)) in hooks.iter().zip(&rows) {
            let mut progress = hook.progress.lock();
            match written {
                Ok(()) => progress.saved(kept),
                Err(_) => progress.is_unsaved = true,
            }
        }
        written
    }
}

fn progress_of(app: &App, hook: &Hook, is_last: bool) -> WebhookProgress {
    // What was taken meanwhile is told again, and nothing is missed: what waits is read last.
    let progress = hook.progress.lock();
    let cursor = app.fanout.service_cursor(&progress.place);
    let untaken = hook.with_waiting(|waiting| waiting.conversations.untaken());
    progress.to_keep(cursor, untaken, is_last)
}
