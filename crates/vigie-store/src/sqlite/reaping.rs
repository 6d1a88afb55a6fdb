//! Ends what earlier incarnations of the node wrote, a slice of principals at a time.
//!
//! In: the successor, and the principal after which the slice begins. Out: rows touched, and the slice's last principal while there was one.
//! Always true: the times of a row are kept in the same transaction in which it goes, and all rows of a principal go together.

use std::sync::{Arc, LazyLock};

use sqlx::{AssertSqlSafe, SqlSafeStr, SqliteConnection};

use super::presence::{any_later_time, latest_times, signed};
use crate::rows::Incarnation;

/// Principals in one slice: some tens of milliseconds, which is what another write waits at most.
const AT_ONCE: i64 = 10_000;

/// What one slice did.
#[derive(Debug)]
pub(super) struct Slice {
    /// Rows written or removed.
    pub(super) rows: u64,
    /// Where the next slice begins; `None` when nothing was left.
    pub(super) last: Option<String>,
}

/// Ends the rows of the principals that follow `after`, or, when there are none, the earlier incarnations themselves.
pub(super) async fn slice(
    connection: &mut SqliteConnection,
    of: &Incarnation,
    after: &str,
) -> Result<Slice, sqlx::Error> {
    let (node, number) = (&*of.node, signed(of.number));
    let last: Option<String> = sqlx::query_scalar(LAST_OF_SLICE)
        .bind(node)
        .bind(number)
        .bind(after)
        .bind(AT_ONCE)
        .fetch_one(&mut *connection)
        .await?;
    let mut rows = 0;
    let Some(last) = last else {
        rows += sqlx::query(FORGET)
            .bind(node)
            .bind(number)
            .execute(connection)
            .await?
            .rows_affected();
        return Ok(Slice { rows, last: None });
    };
    for sql in [
        AssertSqlSafe(Arc::clone(&KEEP_TIMES)).into_sql_str(),
        END.into_sql_str(),
    ] {
        rows += sqlx::query(sql)
            .bind(node)
            .bind(number)
            .bind(after)
            .bind(&last)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    Ok(Slice {
        rows,
        last: Some(last),
    })
}

const LAST_OF_SLICE: &str = "
    SELECT max(principal_id) FROM (
        SELECT principal_id FROM node_presence
        WHERE node_id = ?1 AND incarnation < ?2 AND principal_id > ?3
        ORDER BY principal_id LIMIT ?4
    ) AS slice";

/// The times of every row that goes, as if they came from a batch.
static KEEP_TIMES: LazyLock<Arc<str>> = LazyLock::new(|| {
    let latest = latest_times("times");
    let later = any_later_time("times");
    format!(
        "INSERT INTO times (principal_id, version, last_active_at, last_seen_at, left_at)
        SELECT principal_id, max(version), max(last_active_at), max(last_seen_at), max(left_at)
        FROM node_presence
        WHERE node_id = ?1 AND incarnation < ?2 AND principal_id > ?3 AND principal_id <= ?4
        GROUP BY principal_id
        ON CONFLICT (principal_id) DO UPDATE SET {latest} WHERE {later}"
    )
    .into()
});

const END: &str = "
    DELETE FROM node_presence
    WHERE node_id = ?1 AND incarnation < ?2 AND principal_id > ?3 AND principal_id <= ?4";

const FORGET: &str = "DELETE FROM incarnations WHERE node_id = ?1 AND number < ?2";
