//! The end of somebody in the directory, in the order that tells everyone: leases first, then the directory, then the conversations.
//!
//! Always true: whoever could see the person hears that they went, and nobody comes in between to stay.

use std::future::Future;

use vigie_core::{PrincipalKey, Revocation};

use super::error::ApiError;
use crate::app::App;
use crate::fanout::MembersChange;
use crate::people::ChangeError;

/// Ends every lease, lets `deletion` forget the person, and tells the conversations.
pub(super) async fn see_off<T>(
    app: &App,
    key: PrincipalKey,
    reason: Revocation,
    deletion: impl Future<Output = Result<(T, Vec<MembersChange>), ChangeError>>,
) -> Result<(), ApiError> {
    app.fanout.revoke(key, reason);
    let (_, noted) = deletion.await?;
    // Whoever came back while the store was writing is admitted no more, and goes as well.
    app.fanout.revoke(key, reason);
    for noted in noted {
        app.fanout.members_changed(noted);
    }
    Ok(())
}
