//! The end of somebody in the directory, in the order that tells everyone: leases first, then the directory, then the conversations.
//!
//! Always true: whoever could see the person hears that they went, and nobody comes in between to stay.

use std::future::Future;

use vigie_core::{PrincipalKey, Revocation};

use super::error::ApiError;
use crate::app::App;
use crate::fanout::MembersChange;
use crate::people::ChangeError;

/// Ends every lease, lets `deletion` forget the person, and tells the conversations; nothing of it while the store is away.
pub(super) async fn see_off<T>(
    app: &App,
    key: PrincipalKey,
    reason: Revocation,
    deletion: impl Future<Output = Result<(T, Vec<MembersChange>), ChangeError>>,
) -> Result<(), ApiError> {
    // Nobody is told that they were deleted who cannot be now.
    if !app.flusher.probe_store().await {
        return Err(ApiError::StoreAway);
    }
    app.fanout.revoke(key, reason);
    let (_, noted) = deletion.await?;
    // Whoever came back while the store was writing is admitted no more, and goes as well.
    app.fanout.revoke(key, reason);
    for noted in noted {
        app.fanout.members_changed(noted);
    }
    Ok(())
}
