//! Removes guests whose time is over, and those without an end who have been silent for `guest_retention`.
//!
//! Always true: whoever has a lease stays, whatever the store believes; memory knows better and later.

use vigie_core::{PrincipalId, Revocation, Wall};

use super::CleanUpError;
use crate::app::App;

/// Guests in one transaction, so that other changes of the directory get their turn.
const BATCH: usize = 500;

/// How many guests went.
pub(super) async fn purge(app: &App) -> Result<usize, CleanUpError> {
    let now = app.host.now().wall;
    let silent_since = now - app.config.periods.guest_retention;
    let candidates = app.store.stale_guests(now, silent_since).await?;
    let stale: Vec<PrincipalId> = candidates
        .into_iter()
        .filter(|id| is_stale(app, id, silent_since))
        .collect();
    for batch in stale.chunks(BATCH) {
        remove(app, batch).await?;
    }
    Ok(stale.len())
}

fn is_stale(app: &App, id: &PrincipalId, silent_since: Wall) -> bool {
    let Some(key) = app.people.find(id) else {
        return false;
    };
    let has_end = app.people.directory().member(key).expires_at().is_some();
    let is_silent = app
        .host
        .presence(key)
        .last_proof_at
        .is_none_or(|proof| proof < silent_since);
    !app.host.record(key).has_lease() && (has_end || is_silent)
}

async fn remove(app: &App, ids: &[PrincipalId]) -> Result<(), CleanUpError> {
    let note = |moved| app.fanout.note_members(moved);
    let limit = app.config.limits.audience;
    let (keys, noted) = app.people.delete_guests(ids, limit, note).await?;
    // Whoever came while the store was writing is admitted no more, and goes as well.
    for key in keys {
        app.fanout.revoke(key, Revocation::Expired);
    }
    for noted in noted {
        app.fanout.members_changed(noted);
    }
    Ok(())
}
