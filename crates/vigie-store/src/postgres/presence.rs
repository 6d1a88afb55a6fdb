//! Writing presence: incarnations, their proofs of life, and everyone's newest record.
//!
//! In: records of one incarnation, each principal at most once in a batch. Out: rows of `node_presence` for those with a lease or a force, of `times` for everyone else, of `choices` for whoever chose.
//! Always true: an older record changes nothing that is newer, whoever was deleted gets no row, and no statement is run per row.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection, Row};
use vigie_core::{PresenceRecord, Wall};

use super::choices;
use crate::availability_code;
use crate::rows::{Incarnation, PresenceWrite};
use crate::sessions;

/// Rows in one statement: their arrays are put together in a few milliseconds, and larger ones would not be written faster.
const ROWS: usize = 5_000;

/// Counts a start of this database's node.
pub(super) async fn begin_incarnation(
    connection: &mut PgConnection,
    now: Wall,
    offline_after: Duration,
) -> Result<Incarnation, sqlx::Error> {
    let row = sqlx::query(
        "WITH begun AS (
            UPDATE node SET incarnations = incarnations + 1 RETURNING id, incarnations
        )
        INSERT INTO incarnations (node_id, number, started_at, alive_at, offline_after)
        SELECT id, incarnations, $1, $1, $2 FROM begun
        RETURNING node_id, number",
    )
    .bind(now.as_millis())
    .bind(i64::try_from(offline_after.as_millis()).unwrap_or(i64::MAX))
    .fetch_one(&mut *connection)
    .await?;
    choices::sweep(connection).await?;
    let node: String = row.try_get(0)?;
    let number: i64 = row.try_get(1)?;
    Ok(Incarnation {
        node: Arc::from(node),
        number: number.unsigned_abs(),
    })
}

/// Proves an incarnation alive; out comes the number of rows, 1.
pub(super) async fn alive(
    connection: &mut PgConnection,
    by: &Incarnation,
    at: Wall,
) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "UPDATE incarnations SET alive_at = greatest(alive_at, $1) WHERE node_id = $2 AND number = $3",
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
    connection: &mut PgConnection,
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
    for kept in kept.chunks(ROWS) {
        rows += keep(connection, by, kept).await?;
    }
    for ended in ended.chunks(ROWS) {
        let times = Times::of(ended);
        rows += end(connection, by, &times).await?;
        rows += write_times(connection, &times).await?;
    }
    Ok(rows)
}

/// Inserts or replaces the rows of those who have a lease or a force.
async fn keep(
    connection: &mut PgConnection,
    by: &Incarnation,
    kept: &[&PresenceWrite],
) -> Result<u64, sqlx::Error> {
    let column = |value: fn(&PresenceRecord) -> Option<Wall>| -> Vec<Option<i64>> {
        kept.iter()
            .map(|write| millis(value(&write.record)))
            .collect()
    };
    let availabilities: Vec<i64> = kept
        .iter()
        .map(|write| availability_code::encode(write.record.availability))
        .collect();
    let sessions: Vec<Option<Vec<u8>>> = kept
        .iter()
        .map(|write| sessions::encode(&write.record.sessions))
        .collect();
    let times = Times::of(kept);
    sqlx::query(AssertSqlSafe(Arc::clone(&KEEP)))
        .bind(times.principals)
        .bind(times.versions)
        .bind(times.last_active_at)
        .bind(times.last_seen_at)
        .bind(times.left_at)
        .bind(availabilities)
        .bind(column(|record| record.forced_offline_at))
        .bind(column(|record| record.rest_floor))
        .bind(column(|record| record.ended_proof_at))
        .bind(sessions)
        .bind(&*by.node)
        .bind(signed(by.number))
        .execute(connection)
        .await
        .map(|outcome| outcome.rows_affected())
}

/// Removes the rows of those who have neither lease nor force any more, those of earlier incarnations included.
async fn end(
    connection: &mut PgConnection,
    by: &Incarnation,
    ended: &Times<'_>,
) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "DELETE FROM node_presence AS kept
        USING unnest($1::text[], $2::bigint[], $3::bigint[])
            AS batch (principal_id, version, last_active_at)
        WHERE kept.principal_id = batch.principal_id
            AND kept.node_id = $4
            AND kept.incarnation <= $5
            AND (kept.version, coalesce(kept.last_active_at, -9223372036854775808))
                <= (batch.version, coalesce(batch.last_active_at, -9223372036854775808))",
    )
    .bind(&ended.principals)
    .bind(&ended.versions)
    .bind(&ended.last_active_at)
    .bind(&*by.node)
    .bind(signed(by.number))
    .execute(connection)
    .await
    .map(|outcome| outcome.rows_affected())
}

/// Moves the times of those who have neither lease nor force.
async fn write_times(connection: &mut PgConnection, times: &Times<'_>) -> Result<u64, sqlx::Error> {
    sqlx::query(AssertSqlSafe(Arc::clone(&TIMES)))
        .bind(&times.principals)
        .bind(&times.versions)
        .bind(&times.last_active_at)
        .bind(&times.last_seen_at)
        .bind(&times.left_at)
        .execute(connection)
        .await
        .map(|outcome| outcome.rows_affected())
}

/// The columns that both tables share, one array each.
struct Times<'b> {
    principals: Vec<&'b str>,
    versions: Vec<i64>,
    last_active_at: Vec<Option<i64>>,
    last_seen_at: Vec<Option<i64>>,
    left_at: Vec<Option<i64>>,
}

impl<'b> Times<'b> {
    fn of(batch: &[&'b PresenceWrite]) -> Self {
        let column = |value: fn(&PresenceRecord) -> Option<Wall>| {
            batch
                .iter()
                .map(|write| millis(value(&write.record)))
                .collect()
        };
        Self {
            principals: batch.iter().map(|write| write.principal.as_str()).collect(),
            versions: batch
                .iter()
                .map(|write| signed(write.record.version.0))
                .collect(),
            last_active_at: column(|record| record.last_active_at),
            last_seen_at: column(|record| record.last_seen_at),
            left_at: column(|record| record.left_at),
        }
    }
}

fn millis(at: Option<Wall>) -> Option<i64> {
    at.map(Wall::as_millis)
}

/// Versions are wall times in milliseconds, so they fit for millions of years.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// True of a row of `batch` whose principal may have presence.
///
/// A user is written before its first sight is, so one without a row is only late; a guest has its row before its token is given out.
pub(super) const MAY_BE_PRESENT: &str = "
    CASE WHEN left(batch.principal_id, 2) = 'g_'
        THEN EXISTS (SELECT 1 FROM guests WHERE guests.id = batch.principal_id)
        ELSE NOT EXISTS (
            SELECT 1 FROM users
            WHERE users.id = batch.principal_id AND users.deleted_at IS NOT NULL
        )
    END";

static KEEP: LazyLock<Arc<str>> = LazyLock::new(|| {
    // The newer of two records has the later version; of one version, the later activity.
    let newer = "(excluded.version, coalesce(excluded.last_active_at, -9223372036854775808))
        >= (kept.version, coalesce(kept.last_active_at, -9223372036854775808))";
    let state = [
        "availability",
        "forced_offline_at",
        "rest_floor",
        "ended_proof_at",
        "sessions",
    ]
    .map(|column| {
        format!("{column} = CASE WHEN {newer} THEN excluded.{column} ELSE kept.{column} END")
    })
    .join(", ");
    let times = latest_times();
    let later = any_later_time();
    format!(
        "INSERT INTO node_presence AS kept (
            principal_id, version, last_active_at, last_seen_at, left_at,
            availability, forced_offline_at, rest_floor, ended_proof_at, sessions, node_id, incarnation
        )
        SELECT batch.*, $11, $12
        FROM unnest(
            $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
            $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[]
        ) AS batch (
            principal_id, version, last_active_at, last_seen_at, left_at,
            availability, forced_offline_at, rest_floor, ended_proof_at, sessions
        )
        WHERE {MAY_BE_PRESENT}
            AND NOT EXISTS (
                SELECT 1 FROM times
                WHERE times.principal_id = batch.principal_id AND times.version > batch.version
            )
        ON CONFLICT (principal_id, node_id, incarnation) DO UPDATE SET {times}, {state}
        WHERE {later} OR {newer} AND (
            excluded.availability, excluded.forced_offline_at, excluded.rest_floor,
            excluded.ended_proof_at, excluded.sessions
        ) IS DISTINCT FROM (
            kept.availability, kept.forced_offline_at, kept.rest_floor, kept.ended_proof_at, kept.sessions
        )"
    )
    .into()
});

static TIMES: LazyLock<Arc<str>> = LazyLock::new(|| {
    let latest = latest_times();
    let later = any_later_time();
    format!(
        "INSERT INTO times AS kept (principal_id, version, last_active_at, last_seen_at, left_at)
        SELECT *
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
            AS batch (principal_id, version, last_active_at, last_seen_at, left_at)
        WHERE {MAY_BE_PRESENT}
        ON CONFLICT (principal_id) DO UPDATE SET {latest}
        WHERE {later}"
    )
    .into()
});

/// The columns that only ever grow; unknown is less than any time.
const TIMES_AND_VERSION: [&str; 4] = ["version", "last_active_at", "last_seen_at", "left_at"];

/// Assignments that keep the larger of what is stored and what comes; `greatest` passes over unknown ones.
pub(super) fn latest_times() -> String {
    TIMES_AND_VERSION
        .map(|column| format!("{column} = greatest(excluded.{column}, kept.{column})"))
        .join(", ")
}

/// Whether anything that comes is larger than what is stored: only then is the row worth a write.
pub(super) fn any_later_time() -> String {
    let later = TIMES_AND_VERSION.map(|column| {
        format!("coalesce(excluded.{column} > kept.{column}, excluded.{column} IS NOT NULL)")
    });
    format!("({})", later.join(" OR "))
}
