//! Writing what people let others see, and whom they blocked.
//!
//! In: what memory is about to believe. Out: rows; a setting that is the default has none.

use sqlx::PgConnection;
use vigie_core::{PrincipalId, Privacy};

use crate::rows::StoredBlock;

type Outcome = Result<(), sqlx::Error>;

pub(super) async fn write(
    connection: &mut PgConnection,
    whose: &PrincipalId,
    privacy: Privacy,
) -> Outcome {
    if privacy == Privacy::default() {
        return sqlx::query("DELETE FROM privacy WHERE principal_id = $1")
            .bind(whose.as_str())
            .execute(connection)
            .await
            .map(drop);
    }
    sqlx::query(
        "INSERT INTO privacy (principal_id, availability, last_seen) VALUES ($1, $2, $3)
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
    connection: &mut PgConnection,
    blocker: &PrincipalId,
    blocked: &PrincipalId,
) -> Outcome {
    sqlx::query(
        "INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(blocker.as_str())
    .bind(blocked.as_str())
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn add_blocks(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Outcome {
    let (blockers, blocked): (Vec<_>, Vec<_>) = blocks
        .iter()
        .map(|block| (block.blocker.as_str(), block.blocked.as_str()))
        .unzip();
    sqlx::query(
        "INSERT INTO blocks (blocker_id, blocked_id)
        SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT DO NOTHING",
    )
    .bind(blockers)
    .bind(blocked)
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn remove_block(
    connection: &mut PgConnection,
    blocker: &PrincipalId,
    blocked: &PrincipalId,
) -> Outcome {
    sqlx::query("DELETE FROM blocks WHERE blocker_id = $1 AND blocked_id = $2")
        .bind(blocker.as_str())
        .bind(blocked.as_str())
        .execute(connection)
        .await
        .map(drop)
}
