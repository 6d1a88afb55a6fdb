//! Presence, everyone's or that of some, from the rows with a lease or a force and the rows with times alone.
//!
//! In: both tables in the order of their principals, merged like the two halves of a zip.
//! Out: one entry per principal. Always true: no time is lost, and a row that a later edge ended is not restored.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::vec::IntoIter;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqlitePool};
use vigie_core::{Availability, PresenceRecord, PrincipalId, Version};

use super::reading::{Reading, query};
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

impl<'i> Whose<'i> {
    /// The one or the other statement; the second takes the list.
    fn query(
        self,
        of_everyone: &'static str,
        of_some: &'static str,
    ) -> sqlx::query::Query<'i, Sqlite, SqliteArguments> {
        match self {
            Self::Everyone => sqlx::query(of_everyone),
            Self::Of(ids) => sqlx::query(of_some).bind(ids),
        }
    }
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
    const EVERYONE: &str = "
        SELECT principal_id, version, last_active_at, last_seen_at, left_at
        FROM times
        ORDER BY principal_id";
    const SOME: &str = "
        SELECT principal_id, version, last_active_at, last_seen_at, left_at
        FROM times
        WHERE principal_id IN (SELECT value FROM json_each(?))
        ORDER BY principal_id";
    let mut kept = kept(readers, whose).await?.into_iter().peekable();
    let mut found = Vec::new();
    let mut rows = whose.query(EVERYONE, SOME).fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query("times"))? {
        let row = Reading::of("times", &row);
        let id: &str = row.column(0)?;
        found.extend(before(&mut kept, id));
        let times = PresenceRecord {
            version: version(&row, 1)?,
            last_active_at: row.wall(2)?,
            last_seen_at: row.wall(3)?,
            left_at: row.wall(4)?,
            ..PresenceRecord::default()
        };
        let same = kept.next_if(|presence| presence.principal.as_str() == id);
        found.push(match same {
            Some(presence) => with_times(presence, times),
            None => StoredPresence {
                principal: row.principal(0)?,
                record: times,
                alive_at: None,
            },
        });
    }
    found.extend(kept);
    Ok(found)
}

/// The newest row of whoever has a lease or a force on this node, in the order of the ids.
async fn kept(readers: &SqlitePool, whose: Whose<'_>) -> Result<Vec<StoredPresence>, ReadError> {
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
    let mut kept: Vec<StoredPresence> = Vec::new();
    let mut rows = whose.query(EVERYONE, SOME).fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query("presence"))? {
        let row = Reading::of("node_presence", &row);
        let packed: Option<&[u8]> = row.column(8)?;
        let Some(sessions) = sessions::decode(packed) else {
            return Err(row.wrong("its sessions are packed in an unknown way"));
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
    let number = u64::try_from(number).map_err(|error| row.wrong(error))?;
    Ok(Version(number))
}

fn availability(row: &Reading<'_>, column: usize) -> Result<Availability, ReadError> {
    let code = row.column(column)?;
    availability_code::decode(code)
        .ok_or_else(|| row.wrong(format_args!("{code} is no availability")))
}
