//! Writing presence: incarnations, their proofs of life, and everyone's newest record.
//!
//! In: records of one incarnation. Out: rows of `node_presence` for those with a lease or a force, of `times` for everyone else, of `choices` for whoever chose.
//! Always true: an older record changes nothing that is newer, and whoever was deleted gets no row.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sqlx::{Row, SqliteConnection};
use vigie_core::{PresenceRecord, Wall};

use super::bulk::{Binding, Bulk};
use super::choices;
use crate::availability_code;
use crate::rows::{Incarnation, PresenceWrite};
use crate::sessions;

/// Counts a start of this database's node.
pub(super) async fn begin_incarnation(
    connection: &mut SqliteConnection,
    now: Wall,
    offline_after: Duration,
) -> Result<Incarnation, sqlx::Error> {
    let row =
        sqlx::query("UPDATE node SET incarnations = incarnations + 1 RETURNING id, incarnations")
            .fetch_one(&mut *connection)
            .await?;
    let node: String = row.try_get(0)?;
    let number: i64 = row.try_get(1)?;
    choices::sweep(&mut *connection).await?;
    sqlx::query(
        "INSERT INTO incarnations (node_id, number, started_at, alive_at, offline_after)
        VALUES (?1, ?2, ?3, ?3, ?4)",
    )
    .bind(&node)
    .bind(number)
    .bind(now.as_millis())
    .bind(i64::try_from(offline_after.as_millis()).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(Incarnation {
        node: Arc::from(node),
        number: number.unsigned_abs(),
    })
}

/// Proves an incarnation alive; out comes the number of rows, 1.
pub(super) async fn alive(
    connection: &mut SqliteConnection,
    by: &Incarnation,
    at: Wall,
) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "UPDATE incarnations SET alive_at = max(alive_at, ?) WHERE node_id = ? AND number = ?",
    )
    .bind(at.as_millis())
    .bind(&*by.node)
    .bind(signed(by.number))
    .execute(connection)
    .await
    .map(|outcome| outcome.rows_affected())
}

/// Writes a batch; out comes the number of rows that changed.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    by: &Incarnation,
    batch: &[PresenceWrite],
) -> Result<u64, sqlx::Error> {
    // In the order of the trees they go to, neighbours share a page.
    let mut sorted: Vec<_> = batch.iter().collect();
    sorted.sort_unstable_by_key(|write| write.principal.as_str());
    let mut rows = choices::write(connection, &sorted).await?;
    let (kept, ended): (Vec<_>, Vec<_>) = sorted
        .into_iter()
        .partition(|write| write.record.has_state());
    rows += KEEP
        .run(connection, &kept, |query, write| {
            let record = &write.record;
            bind_times(query, write)
                .bind(&*by.node)
                .bind(signed(by.number))
                .bind(availability_code::encode(record.availability))
                .bind(millis(record.forced_offline_at))
                .bind(millis(record.rest_floor))
                .bind(millis(record.ended_proof_at))
                .bind(sessions::encode(&record.sessions))
        })
        .await?;
    rows += END
        .run(connection, &ended, |query, write| {
            query
                .bind(write.principal.as_str())
                .bind(&*by.node)
                .bind(signed(by.number))
                .bind(version(&write.record))
                .bind(millis(write.record.last_active_at))
        })
        .await?;
    rows += TIMES
        .run(connection, &ended, |query, write| bind_times(query, write))
        .await?;
    Ok(rows)
}

/// The columns that both tables share.
fn bind_times<'q>(query: Binding<'q>, write: &PresenceWrite) -> Binding<'q> {
    query
        .bind(write.principal.as_str())
        .bind(version(&write.record))
        .bind(millis(write.record.last_active_at))
        .bind(millis(write.record.last_seen_at))
        .bind(millis(write.record.left_at))
}

fn millis(at: Option<Wall>) -> Option<i64> {
    at.map(Wall::as_millis)
}

/// Versions are wall times in milliseconds, so they fit for millions of years.
fn version(record: &PresenceRecord) -> i64 {
    signed(record.version.0)
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// True of a row of `batch` whose principal may have presence.
///
/// A user is written before its first sight is, so one without a row is only late; a guest has its row before its token is given out.
pub(super) const MAY_BE_PRESENT: &str = "
    CASE WHEN substr(batch.principal_id, 1, 2) = 'g_'
        THEN EXISTS (SELECT 1 FROM guests WHERE guests.id = batch.principal_id)
        ELSE NOT EXISTS (
            SELECT 1 FROM users INDEXED BY tombstones
            WHERE users.id = batch.principal_id AND users.deleted_at IS NOT NULL
        )
    END";

/// Inserts or replaces the row of whoever has a lease or a force.
static KEEP: LazyLock<Bulk> = LazyLock::new(|| {
    // The newer of two records has the later version; of one version, the later activity.
    let newer = "(excluded.version, ifnull(excluded.last_active_at, -9223372036854775808))
        >= (node_presence.version, ifnull(node_presence.last_active_at, -9223372036854775808))";
    let state = [
        "availability",
        "forced_offline_at",
        "rest_floor",
        "ended_proof_at",
        "sessions",
    ]
    .map(|column| {
        format!(
            "{column} = CASE WHEN {newer} THEN excluded.{column} ELSE node_presence.{column} END"
        )
    })
    .join(", ");
    let times = latest_times("node_presence");
    let later = any_later_time("node_presence");
    Bulk::new(
        12,
        &format!(
            "WITH batch (
                principal_id, version, last_active_at, last_seen_at, left_at,
                node_id, incarnation, availability, forced_offline_at, rest_floor, ended_proof_at,
                sessions
            ) AS (VALUES {{rows}})
            INSERT INTO node_presence (
                principal_id, version, last_active_at, last_seen_at, left_at,
                node_id, incarnation, availability, forced_offline_at, rest_floor, ended_proof_at,
                sessions
            )
            SELECT * FROM batch
            WHERE {MAY_BE_PRESENT}
                AND NOT EXISTS (
                    SELECT 1 FROM times
                    WHERE times.principal_id = batch.principal_id AND times.version > batch.version
                )
            ON CONFLICT (principal_id, node_id, incarnation) DO UPDATE SET {times}, {state}
            WHERE {later} OR {newer} AND (
                excluded.availability, excluded.forced_offline_at, excluded.rest_floor,
                excluded.ended_proof_at, excluded.sessions
            ) IS NOT (
                node_presence.availability, node_presence.forced_offline_at, node_presence.rest_floor,
                node_presence.ended_proof_at, node_presence.sessions
            )"
        ),
    )
});

/// Removes the rows of whoever has neither lease nor force any more, those of earlier incarnations included.
static END: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        5,
        "WITH batch (principal_id, node_id, incarnation, version, last_active_at) AS (VALUES {rows})
        DELETE FROM node_presence
        WHERE (principal_id, node_id, incarnation) IN (
            SELECT kept.principal_id, kept.node_id, kept.incarnation
            FROM batch
            CROSS JOIN node_presence AS kept
                ON kept.principal_id = batch.principal_id
                AND kept.node_id = batch.node_id
                AND kept.incarnation <= batch.incarnation
            WHERE (kept.version, ifnull(kept.last_active_at, -9223372036854775808))
                <= (batch.version, ifnull(batch.last_active_at, -9223372036854775808))
        )",
    )
});

/// Moves the times of whoever has neither lease nor force.
static TIMES: LazyLock<Bulk> = LazyLock::new(|| {
    let latest = latest_times("times");
    let later = any_later_time("times");
    Bulk::new(
        5,
        &format!(
            "WITH batch (principal_id, version, last_active_at, last_seen_at, left_at) AS (VALUES {{rows}})
            INSERT INTO times (principal_id, version, last_active_at, last_seen_at, left_at)
            SELECT * FROM batch WHERE {MAY_BE_PRESENT}
            ON CONFLICT (principal_id) DO UPDATE SET {latest}
            WHERE {later}"
        ),
    )
});

/// The columns that only ever grow; unknown is less than any time.
const TIMES_AND_VERSION: [&str; 4] = ["version", "last_active_at", "last_seen_at", "left_at"];

/// Assignments that keep the larger of what is stored and what comes.
pub(super) fn latest_times(table: &str) -> String {
    TIMES_AND_VERSION
        .map(|column| {
            format!(
                "{column} = max(
                    ifnull(excluded.{column}, {table}.{column}),
                    ifnull({table}.{column}, excluded.{column})
                )"
            )
        })
        .join(", ")
}

/// Whether anything that comes is larger than what is stored: only then is the row worth a write.
pub(super) fn any_later_time(table: &str) -> String {
    let later = TIMES_AND_VERSION.map(|column| {
        format!("ifnull(excluded.{column} > {table}.{column}, excluded.{column} IS NOT NULL)")
    });
    format!("({})", later.join(" OR "))
}

/// The statements that are run for batches, for the test of their plans.
#[cfg(test)]
pub(super) fn statements() -> impl Iterator<Item = &'static Bulk> {
    [&KEEP, &END, &TIMES, &choices::CHOOSE]
        .into_iter()
        .map(LazyLock::force)
}
