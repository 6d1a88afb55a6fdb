//! Presence, everyone's or that of some, from the rows with a lease or a force and the rows with times alone, with what was chosen.
//!
//! In: both tables in the order of their principals, merged like the two halves of a zip.
//! Out: one entry per principal.
//! Always true: no time is lost, and a row that a later edge ended is not restored.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::vec::IntoIter;

use serde::de::DeserializeOwned;
use sqlx::SqlitePool;
use vigie_core::{PresenceRecord, PrincipalId, Version, Wall};

use super::Receive;
use super::pages::{PAGE, Paged, Pages};
use super::reading::wrong;
use crate::availability_code;
use crate::choice::{self, Columns};
use crate::error::ReadError;
use crate::rows::{Page, StoredPresence};
use crate::sessions;

/// A row of `times`, packed.
#[derive(serde::Deserialize)]
struct PackedTimes {
    principal_id: Box<str>,
    version: u64,
    last_active_at: Option<i64>,
    last_seen_at: Option<i64>,
    left_at: Option<i64>,
}

/// A row of `node_presence`, packed, with the last proof of life of its incarnation.
#[derive(serde::Deserialize)]
struct PackedLeases {
    times: PackedTimes,
    availability: i64,
    forced_offline_at: Option<i64>,
    rest_floor: Option<i64>,
    ended_proof_at: Option<i64>,
    /// In hexadecimal digits; empty when there are none.
    sessions: Box<str>,
    alive_at: Option<i64>,
}

/// A row of `choices`, packed.
#[derive(serde::Deserialize)]
struct PackedChoice {
    principal_id: Box<str>,
    columns: Columns,
}

const TIMES: &str = "times";
const LEASES: &str = "node_presence";

/// Everyone of whom anything is known.
pub(super) async fn everyone(readers: &SqlitePool, receive: Receive<'_>) -> Result<(), ReadError> {
    let times = Paged {
        table: TIMES,
        sql: "
            SELECT json_group_array(json_array(
                principal_id, version, last_active_at, last_seen_at, left_at
            )), max(principal_id)
            FROM (SELECT * FROM times WHERE principal_id > ?1 ORDER BY principal_id LIMIT ?2)",
        narrowed_to: None,
    };
    // A page ends with all rows of its last principal.
    let leases = Paged {
        table: LEASES,
        sql: "
            SELECT json_group_array(json_array(
                json_array(p.principal_id, p.version, p.last_active_at, p.last_seen_at, p.left_at),
                p.availability, p.forced_offline_at, p.rest_floor, p.ended_proof_at, hex(p.sessions), i.alive_at
            )), max(p.principal_id)
            FROM (
                SELECT * FROM node_presence
                WHERE node_id = (SELECT id FROM node) AND principal_id > ?1 AND principal_id <= (
                    SELECT max(principal_id) FROM (
                        SELECT principal_id FROM node_presence
                        WHERE node_id = (SELECT id FROM node) AND principal_id > ?1
                        ORDER BY principal_id LIMIT ?2
                    )
                )
                ORDER BY principal_id, incarnation
            ) AS p
            LEFT JOIN incarnations AS i ON i.node_id = p.node_id AND i.number = p.incarnation",
        narrowed_to: None,
    };
    let choices = Paged {
        table: choice::TABLE,
        sql: "
            SELECT json_group_array(json_array(
                principal_id, json_array(
                    version, status, text, until,
                    veil_version, veil_last_active_at, veil_last_seen_at, veil_hidden_until
                )
            )), max(principal_id)
            FROM (
                SELECT * FROM choices
                WHERE principal_id > ?1
                    AND coalesce(status, text, veil_version, veil_hidden_until) IS NOT NULL
                ORDER BY principal_id LIMIT ?2
            )",
        narrowed_to: None,
    };
    merge(
        times.read(readers),
        leases.read(readers),
        choices.read(readers),
        receive,
    )
    .await
}

/// Those among `principals` of whom anything is known.
pub(in crate::sqlite) async fn of(
    readers: &SqlitePool,
    principals: &[PrincipalId],
) -> Result<Vec<StoredPresence>, ReadError> {
    // The alphabet of ids has nothing that JSON would escape.
    let ids: Vec<&str> = principals.iter().map(PrincipalId::as_str).collect();
    let ids = format!("[\"{}\"]", ids.join("\",\""));
    let times = Paged {
        table: TIMES,
        sql: "
            SELECT json_group_array(json_array(
                principal_id, version, last_active_at, last_seen_at, left_at
            )), max(principal_id)
            FROM (
                SELECT * FROM times
                WHERE principal_id > ?1 AND principal_id IN (SELECT value FROM json_each(?3))
                ORDER BY principal_id LIMIT ?2
            )",
        narrowed_to: Some(ids.clone()),
    };
    let leases = Paged {
        table: LEASES,
        sql: "
            SELECT json_group_array(json_array(
                json_array(p.principal_id, p.version, p.last_active_at, p.last_seen_at, p.left_at),
                p.availability, p.forced_offline_at, p.rest_floor, p.ended_proof_at, hex(p.sessions), i.alive_at
            )), max(p.principal_id)
            FROM (
                SELECT * FROM node_presence
                WHERE node_id = (SELECT id FROM node)
                    AND principal_id IN (SELECT value FROM json_each(?3))
                    AND principal_id > ?1 AND principal_id <= (
                        SELECT max(principal_id) FROM (
                            SELECT principal_id FROM node_presence
                            WHERE node_id = (SELECT id FROM node)
                                AND principal_id IN (SELECT value FROM json_each(?3))
                                AND principal_id > ?1
                            ORDER BY principal_id LIMIT ?2
                        )
                    )
                ORDER BY principal_id, incarnation
            ) AS p
            LEFT JOIN incarnations AS i ON i.node_id = p.node_id AND i.number = p.incarnation",
        narrowed_to: Some(ids.clone()),
    };
    let choices = Paged {
        table: choice::TABLE,
        sql: "
            SELECT json_group_array(json_array(
                principal_id, json_array(
                    version, status, text, until,
                    veil_version, veil_last_active_at, veil_last_seen_at, veil_hidden_until
                )
            )), max(principal_id)
            FROM (
                SELECT * FROM choices
                WHERE principal_id > ?1 AND principal_id IN (SELECT value FROM json_each(?3))
                    AND coalesce(status, text, veil_version, veil_hidden_until) IS NOT NULL
                ORDER BY principal_id LIMIT ?2
            )",
        narrowed_to: Some(ids),
    };
    let mut found = Vec::new();
    let mut receive = |page| {
        if let Page::Presence(presence) = page {
            found.extend(presence);
        }
    };
    merge(
        times.read(readers),
        leases.read(readers),
        choices.read(readers),
        &mut receive,
    )
    .await?;
    Ok(found)
}

/// Adds what a principal chose: whoever did has a row in one of the other tables, written in the same transaction.
async fn with_choice(
    next: Option<StoredPresence>,
    choices: &mut Side<PackedChoice>,
) -> Result<Option<StoredPresence>, ReadError> {
    let Some(mut next) = next else {
        return Ok(None);
    };
    while let Some(of) = choices.head().await?
        && of.as_str() <= next.principal.as_str()
    {
        let is_own = *of == next.principal;
        let chosen = choices.take().and_then(|chosen| chosen.record.choice);
        if is_own {
            next.record.choice = chosen;
        }
    }
    Ok(Some(next))
}

/// Both tables in the order of their principals, merged like the two halves of a zip.
async fn merge(
    times: Pages<PackedTimes>,
    leases: Pages<PackedLeases>,
    choices: Pages<PackedChoice>,
    receive: Receive<'_>,
) -> Result<(), ReadError> {
    let mut times = Side::of(times, |page| page.into_iter().map(times_of).collect());
    let mut leases = Side::of(leases, leases_of);
    let mut choices = Side::of(choices, |page| page.into_iter().map(choice_of).collect());
    let mut found = Vec::new();
    loop {
        let next = match (leases.head().await?, times.head().await?) {
            (None, None) => break,
            (Some(_), None) => leases.take(),
            (None, Some(_)) => times.take(),
            (Some(lease), Some(time)) => match lease.as_str().cmp(time.as_str()) {
                Ordering::Less => leases.take(),
                Ordering::Greater => times.take(),
                Ordering::Equal => leases.take().zip(times.take()).map(joined),
            },
        };
        found.extend(with_choice(next, &mut choices).await?);
        if found.len() == PAGE {
            receive(Page::Presence(std::mem::take(&mut found)));
        }
    }
    if !found.is_empty() {
        receive(Page::Presence(found));
    }
    Ok(())
}

/// One of the tables: one entry per principal, in the order of the ids.
struct Side<T> {
    pages: Pages<T>,
    unpack: fn(Vec<T>) -> Result<Vec<StoredPresence>, ReadError>,
    page: Peekable<IntoIter<StoredPresence>>,
}

impl<T: DeserializeOwned> Side<T> {
    fn of(pages: Pages<T>, unpack: fn(Vec<T>) -> Result<Vec<StoredPresence>, ReadError>) -> Self {
        Self {
            pages,
            unpack,
            page: Vec::new().into_iter().peekable(),
        }
    }

    /// Whose entry comes next; `None` after the last.
    async fn head(&mut self) -> Result<Option<&PrincipalId>, ReadError> {
        if self.page.peek().is_none()
            && let Some(page) = self.pages.next().await?
        {
            self.page = (self.unpack)(page)?.into_iter().peekable();
        }
        Ok(self.page.peek().map(|presence| &presence.principal))
    }

    fn take(&mut self) -> Option<StoredPresence> {
        self.page.next()
    }
}

fn times_of(packed: PackedTimes) -> Result<StoredPresence, ReadError> {
    Ok(StoredPresence {
        principal: PrincipalId::from_wire(&packed.principal_id).map_err(wrong(TIMES))?,
        record: PresenceRecord {
            version: Version(packed.version),
            last_active_at: packed.last_active_at.map(Wall::from_millis),
            last_seen_at: packed.last_seen_at.map(Wall::from_millis),
            left_at: packed.left_at.map(Wall::from_millis),
            ..PresenceRecord::default()
        },
        alive_at: None,
    })
}

/// An entry that has the choice alone.
fn choice_of(packed: PackedChoice) -> Result<StoredPresence, ReadError> {
    let choice = packed
        .columns
        .read()
        .ok_or_else(|| wrong(choice::TABLE)("a choice is kept in an unknown way"))?;
    Ok(StoredPresence {
        principal: PrincipalId::from_wire(&packed.principal_id).map_err(wrong(choice::TABLE))?,
        record: PresenceRecord {
            choice: Some(choice),
            ..PresenceRecord::default()
        },
        alive_at: None,
    })
}

/// The newest row of each principal, with the latest of all times.
fn leases_of(page: Vec<PackedLeases>) -> Result<Vec<StoredPresence>, ReadError> {
    let mut found: Vec<StoredPresence> = Vec::with_capacity(page.len());
    for packed in page {
        let newer = lease_of(packed)?;
        match found.last_mut() {
            Some(older) if older.principal == newer.principal => {
                let times = std::mem::take(&mut older.record);
                *older = newer;
                keep_latest(&mut older.record, &times);
            }
            Some(_) | None => found.push(newer),
        }
    }
    Ok(found)
}

fn lease_of(packed: PackedLeases) -> Result<StoredPresence, ReadError> {
    let availability = availability_code::decode(packed.availability)
        .ok_or_else(|| wrong(LEASES)(format_args!("{} is no availability", packed.availability)))?;
    let sessions = sessions::decode_hex(&packed.sessions)
        .ok_or_else(|| wrong(LEASES)("its sessions are packed in an unknown way"))?;
    let times = times_of(packed.times)?;
    Ok(StoredPresence {
        record: PresenceRecord {
            availability,
            forced_offline_at: packed.forced_offline_at.map(Wall::from_millis),
            rest_floor: packed.rest_floor.map(Wall::from_millis),
            ended_proof_at: packed.ended_proof_at.map(Wall::from_millis),
            sessions,
            ..times.record
        },
        alive_at: packed.alive_at.map(Wall::from_millis),
        ..times
    })
}

/// A principal's row with a lease or a force, joined with the row that has times alone.
fn joined((kept, times): (StoredPresence, StoredPresence)) -> StoredPresence {
    let (mut newer, older, alive_at) = if times.record.version > kept.record.version {
        (times.record, kept.record, None)
    } else {
        (kept.record, times.record, kept.alive_at)
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
