//! The right to be the one store on a database: an advisory lock, held by the connection that writes presence.
//!
//! In: a connection. Out: the lock on it, or who has it.
//! Always true: the server drops the lock with the connection, so whatever is committed on a connection was committed by the lock's holder.
//! An advisory lock belongs to one database; the schema is part of the key, so that one database can keep several servers apart.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use super::server::{STATEMENT_LIMIT, within};
use crate::error::Holder;

/// "VIGI", the first half of the key; the second is the schema's.
const KEY: i32 = 0x5649_4749;

/// A holder that is about to end, such as a server that was killed a moment ago, has this long.
const PATIENCE: Duration = Duration::from_secs(3);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Why the lock was not taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// Somebody else has it.
    Held(Holder),
    /// The server did not answer.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for NotTaken {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

/// Takes the lock for as long as the connection lives.
///
/// A connection of our own that the server still believes in, because its end has not reached it, is ended for us.
pub(super) async fn take(connection: &mut PgConnection, identity: &str) -> Result<(), NotTaken> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if within(STATEMENT_LIMIT, try_lock(connection)).await? {
            return Ok(());
        }
        let holder = within(STATEMENT_LIMIT, holder(connection)).await?;
        if let Some(found) = &holder
            && found.identity.as_deref() == Some(identity)
        {
            within(STATEMENT_LIMIT, end(connection, found.pid)).await?;
        }
        if Instant::now() >= deadline {
            return Err(NotTaken::Held(Holder::Connection {
                pid: holder.as_ref().map(|found| found.pid),
                from: holder.and_then(|found| found.address),
            }));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A connection that has the lock, as far as we may see.
struct Found {
    pid: i32,
    identity: Option<String>,
    address: Option<String>,
}

async fn try_lock(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1, hashtext(current_schema()))")
        .bind(KEY)
        .fetch_one(connection)
        .await
}

async fn holder(connection: &mut PgConnection) -> Result<Option<Found>, sqlx::Error> {
    // What another role's connection calls itself may be hidden from us; then it is nobody of ours.
    let row: Option<(i32, Option<String>, Option<String>)> = sqlx::query_as(
        "SELECT l.pid, a.application_name, host(a.client_addr)
        FROM pg_locks AS l
        LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.classid::bigint = $1
            AND l.objid::bigint = hashtext(current_schema())::bigint & 4294967295
        LIMIT 1",
    )
    .bind(i64::from(KEY))
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(pid, identity, address)| Found {
        pid,
        identity,
        address,
    }))
}

async fn end(connection: &mut PgConnection, pid: i32) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_terminate_backend($1)")
        .bind(pid)
        .execute(connection)
        .await
        .map(drop)
}
