//! Presence, everyone's or that of some, from the rows with a lease or a force and the rows with times alone.
//!
//! In: both tables in the order of their principals, merged like the two halves of a zip.
//! Out: one entry per principal. Always true: no time is lost, and a row that a later edge ended is not restored.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::vec::IntoIter;

use futures_util::TryStreamExt;
use sqlx::SqlitePool;
use vigie_core::{Availability, PresenceRecord, PrincipalId, Version, Wall};

use super::pages;
use super::reading::{Reading, query, wrong};
use crate::availability_code;
use crate::error::ReadError;
use crate::rows::StoredPresence;
use crate::sessions;

/// Whose presence is read.
#[derive(Clone, Copy)]
enum Whose<'i> {
    Everyone,
    /// A JSON list of ids.
    Of(&'i str),
}

/// A row of `times`, packed.
#[derive(serde::Deserialize)]
struct PackedTimes {
    principal_id: Box<str>,
    version: u64,
    last_active_at: Option<i64>,
    last_seen_at: Option<i64>,
    left_at: Option<i64>,
}

/// Everyone of whom anything is known.
pub(super) async fn everyone(readers: &SqlitePool) -> Result<Vec<StoredPresence>, ReadError> {
    read(readers, Whose::Everyone).await
}

/// Those among `principals` of whom anything is known.
pub(in crate::sqlite) async fn of(
    readers: &SqlitePool,
    principals: &[PrincipalId],
) -> Result<Vec<StoredPresence>, ReadError> {
    // The alphabet of ids has nothing that JSON would escape.
    let ids: Vec<&str> = principals.iter().map(PrincipalId::as_str).collect();
    let ids = format!("[\"{}\"]", ids.join("\",\""));
    read(readers, Whose::Of(&ids)).await
}

async fn read(readers: &SqlitePool, whose: Whose<'_>) -> Result<Vec<StoredPresence>, ReadError> {
    const TABLE: &str = "times";
    const EVERYONE: &str = "
        SELECT json_group_array(json_array(
            principal_id, version, last_active_at, last_seen_at, left_at
        )), max(principal_id)
        FROM (SELECT * FROM times WHERE principal_id > ?1 ORDER BY principal_id LIMIT ?2)";
    const SOME: &str = "
        SELECT json_group_array(json_array(
            principal_id, version, last_active_at, last_seen_at, left_at
        )), max(principal_id)
        FROM (
            SELECT * FROM times
            WHERE principal_id > ?1 AND principal_id IN (SELECT value FROM json_each(?3))
            ORDER BY principal_id LIMIT ?2
        )";
    let (sql, narrowed_to) = match whose {
        Whose::Everyone => (EVERYONE, None),
        Whose::Of(ids) => (SOME, Some(ids)),
    };
    let mut kept = kept(readers, whose).await?.into_iter().peekable();
    let mut found = Vec::new();
    pages::each(readers, TABLE, sql, narrowed_to, |packed: PackedTimes| {
        let id = &*packed.principal_id;
        found.extend(before(&mut kept, id));
        let times = PresenceRecord {
            version: Version(packed.version),
            last_active_at: packed.last_active_at.map(Wall::from_millis),
            last_seen_at: packed.last_seen_at.map(Wall::from_millis),
            left_at: packed.left_at.map(Wall::from_millis),
            ..PresenceRecord::default()
        };
        let same = kept.next_if(|presence| presence.principal.as_str() == id);
        found.push(match same {
            Some(presence) => with_times(presence, times),
            None => StoredPresence {
                principal: PrincipalId::from_wire(id).map_err(wrong(TABLE))?,
                record: times,
                alive_at: None,
            },
        });
        Ok(())
    })
    .await?;
    found.extend(kept);
    Ok(found)
}

/// The newest row of whoever has a lease or a force on this node, in the order of the ids.
async fn kept(readers: &SqlitePool, whose: Whose<'_>) -> Result<Vec<StoredPresence>, ReadError> {
    const TABLE: &str = "node_presence";
    const EVERYONE: &str = "
        SELECT p.principal_id, p.version, p.last_active_at, p.last_seen_at, p.left_at,
            p.availability, p.forced_offline_at, p.rest_floor, p.sessions, i.alive_at
        FROM node_presence AS p
        LEFT JOIN incarnations AS i ON i.node_id = p.node_id AND i.number = p.incarnation
        WHERE p.node_id = (SELECT id FROM node)
        ORDER BY p.principal_id, p.incarnation";
    const SOME: &str = "
        SELECT p.principal_id, p.version, p.last_active_at, p.last_seen_at, p.left_at,
            p.availability, p.forced_offline_at, p.rest_floor, p.sessions, i.alive_at
        FROM node_presence AS p
        LEFT JOIN incarnations AS i ON i.node_id = p.node_id AND i.number = p.incarnation
        WHERE p.node_id = (SELECT id FROM node)
            AND p.principal_id IN (SELECT value FROM json_each(?))
        ORDER BY p.principal_id, p.incarnation";
    let rows_of = match whose {
        Whose::Everyone => sqlx::query(EVERYONE),
        Whose::Of(ids) => sqlx::query(SOME).bind(ids),
    };
    let mut kept: Vec<StoredPresence> = Vec::new();
    let mut rows = rows_of.fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query(TABLE))? {
        let row = Reading::of(TABLE, &row);
        let packed: Option<&[u8]> = row.column(8)?;
        let Some(sessions) = sessions::decode(packed) else {
            return Err(wrong(TABLE)("its sessions are packed in an unknown way"));
        };
        let newer = StoredPresence {
            principal: row.principal(0)?,
            record: PresenceRecord {
                version: version(&row, 1)?,
                availability: availability(&row, 5)?,
                last_active_at: row.wall(2)?,
                last_seen_at: row.wall(3)?,
                left_at: row.wall(4)?,
                forced_offline_at: row.wall(6)?,
                rest_floor: row.wall(7)?,
                sessions,
            },
            alive_at: row.wall(9)?,
        };
        match kept.last_mut() {
            Some(older) if older.principal == newer.principal => {
                let times = std::mem::take(&mut older.record);
                *older = newer;
                keep_latest(&mut older.record, &times);
            }
            Some(_) | None => kept.push(newer),
        }
    }
    Ok(kept)
}

/// The entries whose principals come before an id.
fn before<'k>(
    kept: &'k mut Peekable<IntoIter<StoredPresence>>,
    id: &'k str,
) -> impl Iterator<Item = StoredPresence> + 'k {
    std::iter::from_fn(move || {
        kept.next_if(|presence| presence.principal.as_str().cmp(id) == Ordering::Less)
    })
}

/// A principal's row with a lease or a force, joined with the row that has times alone.
fn with_times(kept: StoredPresence, times: PresenceRecord) -> StoredPresence {
    let (mut newer, older, alive_at) = if times.version > kept.record.version {
        (times, kept.record, None)
    } else {
        (kept.record, times, kept.alive_at)
    };
    keep_latest(&mut newer, &older);
    StoredPresence {
        principal: kept.principal,
        record: newer,
        alive_at,
    }
}

/// Keeps the later of all times, beside the state of the newer record.
fn keep_latest(newer: &mut PresenceRecord, older: &PresenceRecord) {
    newer.last_active_at = newer.last_active_at.max(older.last_active_at);
    newer.last_seen_at = newer.last_seen_at.max(older.last_seen_at);
    newer.left_at = newer.left_at.max(older.left_at);
}

fn version(row: &Reading<'_>, column: usize) -> Result<Version, ReadError> {
    let number: i64 = row.column(column)?;
    let number = u64::try_from(number).map_err(wrong(row.table()))?;
    Ok(Version(number))
}

fn availability(row: &Reading<'_>, column: usize) -> Result<Availability, ReadError> {
    let code = row.column(column)?;
    availability_code::decode(code)
        .ok_or_else(|| wrong(row.table())(format_args!("{code} is no availability")))
}
