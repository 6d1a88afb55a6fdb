//! One connection that is made again when it was lost, and the transactions on it.
//!
//! In: who wants to write or read. Out: one transaction at a time, in the order of asking.
//! Always true: a connection on which anything went wrong, or whose user went away half-way, is never used again;
//! and no write is committed once a later start has taken over, which every transaction checks by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{Connection, PgConnection, Row};
use tokio::sync::{Mutex, MutexGuard};

use super::lock::{self, NotTaken};
use super::server::{STATEMENT_LIMIT, Server, within};
use crate::error::{ReadError, WriteError};

/// Begins a write, and locks the node's row against a later start until the end of it.
const BEGIN_FENCED: &str = "BEGIN; SELECT incarnations FROM node FOR SHARE";

/// How many starts there were, without a transaction or a lock.
const LOOK_AT_FENCE: &str = "SELECT incarnations FROM node";

/// Everything read in one transaction is of one instant; a million rows are put in order in memory, as far as they fit.
const BEGIN_READING: &str = "
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL statement_timeout = 0;
    SET LOCAL work_mem = '64MB'";

/// How long a goodbye may take: it is only a courtesy.
const GOODBYE_LIMIT: Duration = Duration::from_secs(1);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It holds the lock on the database.
    Holder,
    /// It does not.
    Helper,
}

/// The number of the start on whose behalf everything is written; 0 before it began.
pub(super) type Fence = Arc<AtomicU64>;

/// One connection, or none at the moment.
#[derive(Debug)]
pub(super) struct Link {
    server: Arc<Server>,
    role: Role,
    fence: Fence,
    slot: Mutex<Option<PgConnection>>,
}

impl Link {
    pub(super) fn new(server: Arc<Server>, role: Role, fence: Fence) -> Self {
        Self {
            server,
            role,
            fence,
            slot: Mutex::new(None),
        }
    }

    /// Puts a connection that was prepared elsewhere in place.
    pub(super) async fn adopt(&self, connection: PgConnection) {
        *self.slot.lock().await = Some(connection);
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Write<'_>, WriteError> {
        let mut slot = self.slot.lock().await;
        let (connection, incarnations) = match slot.take() {
            Some(connection) => match begin_fenced(connection).await {
                Ok(begun) => begun,
                // It died while nobody looked; only a new connection tells whether the server is away.
                Err(error) if is_lost(&error) => self.begin_anew().await?,
                Err(error) => return Err(not_begun(error)),
            },
            None => self.begin_anew().await?,
        };
        if self.is_superseded(incarnations) {
            return Err(WriteError::Superseded);
        }
        Ok(Write { slot, connection })
    }

    async fn begin_anew(&self) -> Result<(PgConnection, u64), WriteError> {
        let connection = self.connect().await?;
        begin_fenced(connection).await.map_err(not_begun)
    }

    async fn connect(&self) -> Result<PgConnection, WriteError> {
        let mut connection = self.server.connect().await.map_err(not_begun)?;
        if self.role == Role::Holder {
            lock::take(&mut connection, self.server.identity())
                .await
                .map_err(|error| match error {
                    NotTaken::Held(holder) => WriteError::HeldByAnother(holder),
                    NotTaken::Failed(error) => not_begun(error),
                })?;
        }
        Ok(connection)
    }

    /// Begins a transaction that reads.
    pub(super) async fn read(&self, what: &'static str) -> Result<Read<'_>, ReadError> {
        let failed = |source: sqlx::Error| ReadError::Query {
            what,
            source: source.into(),
        };
        let mut slot = self.slot.lock().await;
        let connection = match slot.take() {
            Some(connection) => match begin_reading(connection).await {
                Ok(connection) => connection,
                Err(error) if is_lost(&error) => self.read_anew().await.map_err(failed)?,
                Err(error) => return Err(failed(error)),
            },
            None => self.read_anew().await.map_err(failed)?,
        };
        Ok(Read { slot, connection })
    }

    async fn read_anew(&self) -> Result<PgConnection, sqlx::Error> {
        begin_reading(self.server.connect().await?).await
    }

    /// Whether the server answers, and the database is still ours.
    ///
    /// A server that writes nothing would not meet the fence otherwise.
    pub(super) async fn probe(&self) -> Result<(), ReadError> {
        let failed = |source: sqlx::Error| ReadError::Query {
            what: "a probe",
            source: source.into(),
        };
        let mut slot = self.slot.lock().await;
        let (connection, incarnations) = match slot.take() {
            Some(connection) => match look_at_fence(connection).await {
                Ok(seen) => seen,
                Err(error) if is_lost(&error) => self.probe_anew().await.map_err(failed)?,
                Err(error) => return Err(failed(error)),
            },
            None => self.probe_anew().await.map_err(failed)?,
        };
        *slot = Some(connection);
        if self.is_superseded(incarnations) {
            return Err(ReadError::Superseded);
        }
        Ok(())
    }

    async fn probe_anew(&self) -> Result<(PgConnection, u64), sqlx::Error> {
        look_at_fence(self.server.connect().await?).await
    }

    /// Whether a later start than ours has begun, by the number of starts.
    fn is_superseded(&self, incarnations: u64) -> bool {
        let begun = self.fence.load(Ordering::Acquire);
        begun != 0 && begun != incarnations
    }

    /// Says goodbye to the server; the next use would connect again.
    ///
    /// A server that does not answer now has no say in it.
    pub(super) async fn close(&self) {
        let goodbye = async {
            match self.slot.lock().await.take() {
                Some(connection) => connection.close().await,
                None => Ok(()),
            }
        };
        let _ = within(GOODBYE_LIMIT, goodbye).await;
    }
}

/// A write under way; dropped without a commit, it takes its connection along, and leaves no trace.
pub(super) struct Write<'l> {
    slot: MutexGuard<'l, Option<PgConnection>>,
    connection: PgConnection,
}

impl Write<'_> {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    pub(super) async fn commit(mut self) -> Result<(), WriteError> {
        end(&mut self.connection)
            .await
            .map_err(|error| WriteError::Commit(error.into()))?;
        *self.slot = Some(self.connection);
        Ok(())
    }
}

/// A read under way; dropped half-way, it takes its connection along.
pub(super) struct Read<'l> {
    slot: MutexGuard<'l, Option<PgConnection>>,
    connection: PgConnection,
}

impl Read<'_> {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    pub(super) async fn finish(mut self) -> Result<(), ReadError> {
        end(&mut self.connection)
            .await
            .map_err(|source| ReadError::Query {
                what: "to the end",
                source: source.into(),
            })?;
        *self.slot = Some(self.connection);
        Ok(())
    }
}

async fn begin_fenced(connection: PgConnection) -> Result<(PgConnection, u64), sqlx::Error> {
    ask_for_number(connection, BEGIN_FENCED).await
}

async fn look_at_fence(connection: PgConnection) -> Result<(PgConnection, u64), sqlx::Error> {
    ask_for_number(connection, LOOK_AT_FENCE).await
}

/// The connection is lost with an error, whatever it was.
async fn ask_for_number(
    mut connection: PgConnection,
    sql: &'static str,
) -> Result<(PgConnection, u64), sqlx::Error> {
    let row = within(
        STATEMENT_LIMIT,
        sqlx::raw_sql(sql).fetch_one(&mut connection),
    )
    .await?;
    let number: i64 = row.try_get(0)?;
    Ok((connection, number.unsigned_abs()))
}

fn not_begun(error: sqlx::Error) -> WriteError {
    WriteError::Begin(error.into())
}

async fn begin_reading(mut connection: PgConnection) -> Result<PgConnection, sqlx::Error> {
    within(
        STATEMENT_LIMIT,
        sqlx::raw_sql(BEGIN_READING).execute(&mut connection),
    )
    .await?;
    Ok(connection)
}

async fn end(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    within(STATEMENT_LIMIT, sqlx::raw_sql("COMMIT").execute(connection))
        .await
        .map(drop)
}

/// Whether the connection, rather than the server, is gone; silence is the server's.
fn is_lost(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Io(error) = error {
        return error.kind() != std::io::ErrorKind::TimedOut;
    }
    // 57P…: the server ended this connection, crashed, is starting, or was tired of an idle one; 25P03: of an idle transaction.
    matches!(error, sqlx::Error::Protocol(_))
        || error
            .as_database_error()
            .and_then(|error| error.code())
            .is_some_and(|code| code.starts_with("57P") || code == "25P03")
}
