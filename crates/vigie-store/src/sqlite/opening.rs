//! From a path to open connections: folder, lock, file, schema, in that order.
//!
//! Always true: nothing of a file is changed before it is locked and known to be ours or empty.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, SqlitePool};

use super::lock::{Lock, private};
use super::migrations::{APPLICATION_ID, MIGRATOR, NEWEST};
use crate::error::OpenError;

/// How long a statement waits for somebody else's lock, such as a backup's; well above any of our own transactions.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Tables are read side by side at a start; more connections than this would wait for the same disk and cores.
const READERS: u32 = 4;

/// How long a request waits for one of our connections; a little above [`BUSY_TIMEOUT`], which may pass in front of it.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);

/// The writer's page cache, in KiB when negative: the inner pages of the trees of a million principals.
const WRITER_CACHE: &str = "-32768";

/// A reader's page cache, in KiB when negative: a start reads each page once, and each reader keeps its cache afterwards.
const READER_CACHE: &str = "-256";

/// Pages of 4 KiB in the journal before they are written back.
///
/// A batch of random principals changes a page for each; sixteen times SQLite's default writes a page back once for many batches.
const CHECKPOINT_AFTER: &str = "16000";

/// Bytes that the journal keeps on disk once it was written back; somewhat more than [`CHECKPOINT_AFTER`] pages.
const JOURNAL_LIMIT: &str = "67108864";

/// Rows that a reader's thread may be ahead; with the driver's default of 50 the two threads mostly wake each other.
const ROWS_AHEAD: usize = 2_048;

/// SQLite's primary result codes for a file that is not what it should be.
const SQLITE_CORRUPT: i64 = 11;
const SQLITE_NOTADB: i64 = 26;

/// Opens a database for one writer and a few readers.
pub(super) async fn open(path: &Path) -> Result<(Lock, SqlitePool, SqlitePool), OpenError> {
    let path = reach(path)?;
    let lock = Lock::take(&path)?;
    create(&path)?;

    let options = SqliteConnectOptions::new()
        .filename(&path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .disable_statement_logging();
    prepare(&path, &options).await?;

    let writing = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_AFTER)
        .pragma("journal_size_limit", JOURNAL_LIMIT);
    let reading = options
        .read_only(true)
        .pragma("cache_size", READER_CACHE)
        .row_buffer_size(ROWS_AHEAD);
    let writer = pool(1).before_acquire(|connection, _| Box::pin(is_free(connection)));
    let writer = writer.connect_with(writing).await;
    let readers = pool(READERS).connect_with(reading).await;
    match (writer, readers) {
        (Ok(writer), Ok(readers)) => Ok((lock, writer, readers)),
        (Err(source), _) | (_, Err(source)) => Err(unopened(&path, source)),
    }
}

/// Connections are local files: they neither age nor need a ping.
fn pool(connections: u32) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Whether a connection has left its last transaction; one that has not is closed, and another one opened.
///
/// On a full disk SQLite ends a transaction by itself; the driver's rollback then finds none, and it would believe in the transaction for ever.
async fn is_free(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback may only be under way; the ping comes after it.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Makes the folder when missing; out comes one name for one file, however it was spelled, so that its lock has one name too.
fn reach(path: &Path) -> Result<PathBuf, OpenError> {
    let failed = |source| OpenError::File {
        path: path.to_owned(),
        source,
    };
    let Some(name) = path.file_name() else {
        return Err(OpenError::Path {
            path: path.display().to_string(),
            reason: "it names no file",
        });
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    if !folder.is_dir() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed)?;
    }
    match fs::canonicalize(path) {
        Ok(existing) => Ok(existing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(fs::canonicalize(folder).map_err(failed)?.join(name))
        }
        Err(error) => Err(failed(error)),
    }
}

/// SQLite gives its journals the permissions of the database, so only this file needs care.
fn create(path: &Path) -> Result<(), OpenError> {
    private(OpenOptions::new().read(true).append(true).create(true))
        .open(path)
        .map(drop)
        .map_err(|source| OpenError::File {
            path: path.to_owned(),
            source,
        })
}

/// Refuses what is not ours, then migrates.
async fn prepare(path: &Path, options: &SqliteConnectOptions) -> Result<(), OpenError> {
    let mut connection = options
        .connect()
        .await
        .map_err(|source| unopened(path, source))?;
    let outcome = check_and_migrate(path, &mut connection).await;
    let closed = connection.close().await;
    outcome?;
    closed.map_err(|source| unopened(path, source))
}

async fn check_and_migrate(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<(), OpenError> {
    if is_foreign(connection)
        .await
        .map_err(|source| unopened(path, source))?
    {
        return Err(OpenError::Foreign {
            database: name(path),
        });
    }
    match MIGRATOR.run(connection).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) if found > NEWEST => Err(OpenError::Newer {
            database: name(path),
            found,
            known: NEWEST,
        }),
        Err(source) => Err(OpenError::Migrate {
            database: name(path),
            source: source.into(),
        }),
    }
}

/// Whether there are tables that our first migration did not make.
async fn is_foreign(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await?;
    // The list of migrations exists before the first of them has run.
    let tables: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name <> '_sqlx_migrations'",
    )
    .fetch_one(connection)
    .await?;
    Ok(tables > 0 && application != APPLICATION_ID)
}

fn unopened(path: &Path, source: sqlx::Error) -> OpenError {
    // The low byte of an extended result code is its primary code.
    let code = source
        .as_database_error()
        .and_then(|error| error.code())
        .and_then(|code| code.parse::<i64>().ok())
        .map(|code| code & 0xff);
    match code {
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => OpenError::Damaged {
            path: path.to_owned(),
            source: source.into(),
        },
        Some(_) | None => OpenError::Database {
            database: name(path),
            source: source.into(),
        },
    }
}

/// A database as people call it.
fn name(path: &Path) -> Box<str> {
    path.display().to_string().into()
}
