//! Guests whom nobody would miss.

use futures_util::TryStreamExt;
use sqlx::SqlitePool;
use vigie_core::{PrincipalId, Wall};

use super::reading::{Reading, query};
use crate::error::ReadError;

/// Guests past their end at `now`, and guests without one of whom nothing is known since `silent_since`.
pub(in crate::sqlite) async fn stale_guests(
    readers: &SqlitePool,
    now: Wall,
    silent_since: Wall,
) -> Result<Vec<PrincipalId>, ReadError> {
    const SQL: &str = "
        SELECT id FROM guests
        WHERE expires_at <= ?1
            OR (
                expires_at IS NULL
                AND created_at < ?2
                AND NOT EXISTS (
                    SELECT 1 FROM times
                    WHERE principal_id = guests.id
                        AND (last_active_at >= ?2 OR last_seen_at >= ?2 OR left_at >= ?2)
                )
                AND NOT EXISTS (
                    SELECT 1 FROM node_presence
                    WHERE principal_id = guests.id
                        AND (
                            sessions IS NOT NULL OR rest_floor IS NOT NULL
                            OR last_active_at >= ?2 OR last_seen_at >= ?2 OR left_at >= ?2
                        )
                )
            )
        ORDER BY id";
    let mut stale = Vec::new();
    let mut rows = sqlx::query(SQL)
        .bind(now.as_millis())
        .bind(silent_since.as_millis())
        .fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query("stale guests"))? {
        stale.push(Reading::of("guests", &row).principal(0)?);
    }
    Ok(stale)
}
