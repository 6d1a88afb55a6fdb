//! Writing what people let others see, and whom they blocked.
//!
//! In: what memory is about to believe. Out: rows; a setting that is the default has none.

use std::sync::LazyLock;

use sqlx::SqliteConnection;
use vigie_core::{PrincipalId, Privacy};

use super::bulk::Bulk;
use crate::rows::StoredBlock;

type Outcome = Result<(), sqlx::Error>;

pub(super) async fn write(
    connection: &mut SqliteConnection,
    whose: &PrincipalId,
    privacy: Privacy,
) -> Outcome {
    if privacy == Privacy::default() {
        return sqlx::query("DELETE FROM privacy WHERE principal_id = ?")
            .bind(whose.as_str())
            .execute(connection)
            .await
            .map(drop);
    }
    sqlx::query(
        "INSERT INTO privacy (principal_id, availability, last_seen) VALUES (?, ?, ?)
        ON CONFLICT (principal_id) DO UPDATE SET
            availability = excluded.availability, last_seen = excluded.last_seen",
    )
    .bind(whose.as_str())
    .bind(privacy.availability.as_str())
    .bind(privacy.last_seen.as_str())
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn add_block(
    connection: &mut SqliteConnection,
    blocker: &PrincipalId,
    blocked: &PrincipalId,
) -> Outcome {
    sqlx::query("INSERT INTO blocks (blocker_id, blocked_id) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(blocker.as_str())
        .bind(blocked.as_str())
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn add_blocks(
    connection: &mut SqliteConnection,
    blocks: &[StoredBlock],
) -> Outcome {
    ADD_BLOCKS
        .run(connection, blocks, |query, block| {
            query
                .bind(block.blocker.as_str())
                .bind(block.blocked.as_str())
        })
        .await
        .map(drop)
}

pub(super) async fn remove_block(
    connection: &mut SqliteConnection,
    blocker: &PrincipalId,
    blocked: &PrincipalId,
) -> Outcome {
    sqlx::query("DELETE FROM blocks WHERE blocker_id = ? AND blocked_id = ?")
        .bind(blocker.as_str())
        .bind(blocked.as_str())
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets the settings of principals who go, and the blocks on either side.
pub(super) async fn forget(
    connection: &mut SqliteConnection,
    principals: &[PrincipalId],
) -> Outcome {
    for bulk in [&END_PRIVACY, &END_BLOCKS_BY, &END_BLOCKS_OF] {
        bulk.run(connection, principals, |query, principal| {
            query.bind(principal.as_str())
        })
        .await?;
    }
    Ok(())
}

static ADD_BLOCKS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        2,
        "INSERT INTO blocks (blocker_id, blocked_id) VALUES {rows} ON CONFLICT DO NOTHING",
    )
});

static END_PRIVACY: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        1,
        "DELETE FROM privacy WHERE principal_id IN (VALUES {rows})",
    )
});

static END_BLOCKS_BY: LazyLock<Bulk> =
    LazyLock::new(|| Bulk::new(1, "DELETE FROM blocks WHERE blocker_id IN (VALUES {rows})"));

static END_BLOCKS_OF: LazyLock<Bulk> =
    LazyLock::new(|| Bulk::new(1, "DELETE FROM blocks WHERE blocked_id IN (VALUES {rows})"));

/// Every statement above, for the test of their plans.
#[cfg(test)]
pub(super) fn statements() -> impl Iterator<Item = &'static Bulk> {
    [&ADD_BLOCKS, &END_PRIVACY, &END_BLOCKS_BY, &END_BLOCKS_OF]
        .into_iter()
        .map(LazyLock::force)
}
