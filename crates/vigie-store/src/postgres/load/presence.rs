//! Presence, everyone's or that of some, from the rows with a lease or a force and the rows with times alone, with what was chosen.
//!
//! Out: one entry per principal. Always true: no time is lost, and a row that a later edge ended is not restored.

use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use vigie_core::{Availability, PresenceRecord, PrincipalId, StoredChoice, Version};

use super::reading::{Reading, Receive, all, pages, wrong};
use crate::availability_code;
use crate::choice::{self, Columns};
use crate::error::ReadError;
use crate::rows::StoredPresence;
use crate::sessions;

/// Everyone of whom anything is known: of several incarnations' rows the newest one's state, beside the latest of all times.
///
/// The state counts unless the principal's times say that it ended later (`is_over`).
macro_rules! presence {
    ($kept:literal, $times:literal) => {
        concat!(
            "WITH kept AS (
                SELECT DISTINCT ON (p.principal_id)
                    p.principal_id, p.version,
                    max(p.last_active_at) OVER everyones_rows AS last_active_at,
                    max(p.last_seen_at) OVER everyones_rows AS last_seen_at,
                    max(p.left_at) OVER everyones_rows AS left_at,
                    p.availability, p.forced_offline_at, p.rest_floor, p.ended_proof_at, p.sessions,
                    i.alive_at
                FROM node_presence AS p
                LEFT JOIN incarnations AS i ON i.node_id = p.node_id AND i.number = p.incarnation
                WHERE p.node_id = (SELECT id FROM node)",
            $kept,
            "
                WINDOW everyones_rows AS (PARTITION BY p.principal_id)
                ORDER BY p.principal_id, p.incarnation DESC
            ),
            known AS (SELECT * FROM times AS t",
            $times,
            ")
            SELECT
                principal_id,
                greatest(kept.version, known.version),
                greatest(kept.last_active_at, known.last_active_at),
                greatest(kept.last_seen_at, known.last_seen_at),
                greatest(kept.left_at, known.left_at),
                kept.version IS NULL OR coalesce(known.version > kept.version, false) AS is_over,
                kept.availability, kept.forced_offline_at, kept.rest_floor, kept.ended_proof_at,
                kept.sessions, kept.alive_at,
                c.version, c.status, c.text, c.until,
                c.veil_version, c.veil_last_active_at, c.veil_last_seen_at, c.veil_hidden_until
            FROM kept FULL JOIN known USING (principal_id)
            LEFT JOIN choices AS c USING (principal_id)
            ORDER BY principal_id",
        )
    };
}

/// Everyone of whom anything is known.
pub(in crate::postgres) async fn everyone(
    connection: &mut PgConnection,
    receive: Receive<'_, StoredPresence>,
) -> Result<(), ReadError> {
    let asked = sqlx::query(presence!("", ""));
    pages(connection, TABLE, asked, presence, receive).await
}

/// Those among `principals` of whom anything is known, in the order of their ids.
pub(in crate::postgres) async fn of(
    connection: &mut PgConnection,
    principals: &[PrincipalId],
) -> Result<Vec<StoredPresence>, ReadError> {
    let ids: Vec<&str> = principals.iter().map(PrincipalId::as_str).collect();
    let asked = sqlx::query(presence!(
        " AND p.principal_id = ANY ($1)",
        " WHERE t.principal_id = ANY ($1)"
    ))
    .bind(ids);
    all(connection, TABLE, asked, presence).await
}

const TABLE: &str = "node_presence";

fn presence(row: &PgRow) -> Result<StoredPresence, ReadError> {
    const TIMES: &str = "times";
    let is_over: bool = Reading::of(TIMES, row).column(5)?;
    let table = if is_over { TIMES } else { TABLE };
    let row = Reading::of(table, row);
    let times = PresenceRecord {
        version: version(&row, table)?,
        last_active_at: row.wall(2)?,
        last_seen_at: row.wall(3)?,
        left_at: row.wall(4)?,
        choice: choice(&row)?,
        ..PresenceRecord::default()
    };
    let principal = row.principal(0)?;
    if is_over {
        return Ok(StoredPresence {
            principal,
            record: times,
            alive_at: None,
        });
    }
    let Some(sessions) = sessions::decode(row.column(10)?) else {
        return Err(wrong(table)("its sessions are packed in an unknown way"));
    };
    Ok(StoredPresence {
        principal,
        record: PresenceRecord {
            availability: availability(&row, table)?,
            forced_offline_at: row.wall(7)?,
            rest_floor: row.wall(8)?,
            ended_proof_at: row.wall(9)?,
            sessions,
            ..times
        },
        alive_at: row.wall(11)?,
    })
}

/// What was chosen; a choice that was taken back is none.
fn choice(row: &Reading<'_>) -> Result<Option<StoredChoice>, ReadError> {
    let Some(version) = row.column(12)? else {
        return Ok(None);
    };
    let columns = Columns {
        version,
        status: row.text(13)?,
        text: row.text(14)?,
        until: row.column(15)?,
        veil_version: row.column(16)?,
        veil_last_active_at: row.column(17)?,
        veil_last_seen_at: row.column(18)?,
        veil_hidden_until: row.column(19)?,
    };
    let choice = columns
        .read()
        .ok_or_else(|| wrong(choice::TABLE)("a choice is kept in an unknown way"))?;
    Ok(Some(choice).filter(StoredChoice::is_kept))
}

fn version(row: &Reading<'_>, table: &'static str) -> Result<Version, ReadError> {
    let number: i64 = row.column(1)?;
    Ok(Version(u64::try_from(number).map_err(wrong(table))?))
}

fn availability(row: &Reading<'_>, table: &'static str) -> Result<Availability, ReadError> {
    let code: i16 = row.column(6)?;
    availability_code::decode(code.into())
        .ok_or_else(|| wrong(table)(format_args!("{code} is no availability")))
}
