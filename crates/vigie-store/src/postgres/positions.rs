//! What is kept of starts and of their key, so that a client finds its position again.
//!
//! In: a start, and its graceful end. Out: the key, and the latest starts.
//! Always true: the key is drawn once, and a start that crashed has no end.

use sqlx::{PgConnection, Row};
use vigie_core::Wall;

use super::presence::signed;
use crate::rows::{Incarnation, Positions, Start};

/// Starts that are kept: a position that is older than so many restarts is answered by a snapshot.
const KEPT: u64 = 64;

/// Notes a start, and reads what is known of earlier ones.
pub(super) async fn begin(
    connection: &mut PgConnection,
    by: &Incarnation,
    now: Wall,
    proposed_key: [u8; 32],
) -> Result<Positions, sqlx::Error> {
    sqlx::query("INSERT INTO cursor_key (one, key) VALUES (1, $1) ON CONFLICT (one) DO NOTHING")
        .bind(proposed_key.to_vec())
        .execute(&mut *connection)
        .await?;
    let key: Vec<u8> = sqlx::query_scalar("SELECT key FROM cursor_key")
        .fetch_one(&mut *connection)
        .await?;
    let key =
        <[u8; 32]>::try_from(key).map_err(|_| sqlx::Error::Decode("no key of 32 bytes".into()))?;
    sqlx::query(
        "INSERT INTO starts (node_id, number, started_at) VALUES ($1, $2, $3)
        ON CONFLICT (node_id, number) DO UPDATE SET started_at = excluded.started_at, ended_at = NULL",
    )
    .bind(&*by.node)
    .bind(signed(by.number))
    .bind(now.as_millis())
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM starts WHERE node_id = $1 AND number <= $2")
        .bind(&*by.node)
        .bind(signed(by.number.saturating_sub(KEPT)))
        .execute(&mut *connection)
        .await?;
    let rows = sqlx::query(
        "SELECT number, started_at, ended_at FROM starts
        WHERE node_id = $1 AND number <= $2 ORDER BY number",
    )
    .bind(&*by.node)
    .bind(signed(by.number))
    .fetch_all(connection)
    .await?;
    let start = |row: &<sqlx::Postgres as sqlx::Database>::Row| {
        let number: i64 = row.try_get(0)?;
        let ended_at: Option<i64> = row.try_get(2)?;
        Ok(Start {
            number: number.unsigned_abs(),
            started_at: Wall::from_millis(row.try_get(1)?),
            ended_at: ended_at.map(Wall::from_millis),
        })
    };
    let starts = rows.iter().map(start).collect::<Result<_, sqlx::Error>>()?;
    Ok(Positions { key, starts })
}

/// Notes the graceful end of a start.
pub(super) async fn end(
    connection: &mut PgConnection,
    by: &Incarnation,
    at: Wall,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE starts SET ended_at = $1 WHERE node_id = $2 AND number = $3")
        .bind(at.as_millis())
        .bind(&*by.node)
        .bind(signed(by.number))
        .execute(connection)
        .await
        .map(drop)
}
