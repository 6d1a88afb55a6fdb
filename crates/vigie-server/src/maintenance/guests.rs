//! Removes guests whose time is over, and those without an end who have been silent for `guest_retention`.
//!
//! Always true: whoever has a lease stays, whatever the store believes; memory knows better and later.

use vigie_core::{ConversationKey, PrincipalId, Revocation, Wall};

use super::CleanUpError;
use crate::app::App;

/// Guests in one transaction, so that other changes of the directory get their turn.
const BATCH: usize = 500;

/// A guest to be removed.
struct Stale {
    id: PrincipalId,
    conversations: Vec<ConversationKey>,
}

/// How many guests went.
pub(super) async fn purge(app: &App) -> Result<usize, CleanUpError> {
    let now = app.host.now().wall;
    let silent_since = now - app.config.periods.guest_retention;
    let candidates = app.store.stale_guests(now, silent_since).await?;
    let stale: Vec<Stale> = candidates
        .into_iter()
        .filter_map(|id| stale(app, id, silent_since))
        .collect();
    for batch in stale.chunks(BATCH) {
        remove(app, batch).await?;
    }
    Ok(stale.len())
}

fn stale(app: &App, id: PrincipalId, silent_since: Wall) -> Option<Stale> {
    let key = app.people.find(&id)?;
    let (conversations, has_end) = {
        let directory = app.people.directory();
        let member = directory.member(key);
        (
            member.conversations().to_vec(),
            member.expires_at().is_some(),
        )
    };
    let is_silent = app
        .host
        .presence(key)
        .last_proof_at
        .is_none_or(|proof| proof < silent_since);
    let may_go = !app.host.record(key).has_lease() && (has_end || is_silent);
    may_go.then_some(Stale { id, conversations })
}

async fn remove(app: &App, batch: &[Stale]) -> Result<(), CleanUpError> {
    let ids: Vec<PrincipalId> = batch.iter().map(|guest| guest.id.clone()).collect();
    let mut conversations: Vec<ConversationKey> = batch
        .iter()
        .flat_map(|guest| guest.conversations.iter().copied())
        .collect();
    conversations.sort_unstable();
    conversations.dedup();
    let before: Vec<_> = conversations
        .into_iter()
        .map(|conversation| {
            let limit = app.config.limits.audience;
            let least = |members: usize| members.saturating_sub(batch.len());
            let before = app.people.before_of(conversation, limit, least);
            (conversation, before)
        })
        .collect();
    let strangers: Vec<_> = ids
        .iter()
        .filter_map(|id| app.people.find(id))
        .flat_map(|key| app.people.strangers_of(key))
        .collect();
    let keys = app.people.delete_guests(&ids).await?;
    // Whoever came while the store was writing is admitted no more, and goes as well.
    for key in &keys {
        app.fanout.revoke(*key, Revocation::Expired);
    }
    for (conversation, before) in before {
        let moved = (Vec::new(), keys.clone());
        app.fanout
            .members_forgotten(conversation, before, moved, strangers.clone());
    }
    Ok(())
}
