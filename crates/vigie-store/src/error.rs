//! What can go wrong, one type per kind of operation.
//!
//! The text says what was attempted; the cause is in the source, never repeated in the text.

use std::io;
use std::path::PathBuf;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no kind of store that this build knows.
    #[error(
        "a database URL starts with sqlite: followed by a path; this one starts with \"{scheme}\""
    )]
    UnknownScheme {
        /// What stands before the first colon; the rest may hold a password.
        scheme: String,
    },
    /// The URL's path cannot name a database file.
    #[error("\"{path}\" cannot name a database file: {reason}")]
    Path {
        /// The part after `sqlite:`.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file or its folder could not be made or reached.
    #[error("cannot create or reach {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// Another process, or another store in this one, holds the database.
    #[error(
        "the database {} is in use by another process{}; one server at a time may open it",
        path.display(),
        holder.map_or_else(String::new, |pid| format!(" (pid {pid})"))
    )]
    InUse {
        /// The database.
        path: PathBuf,
        /// The process that says it holds it.
        holder: Option<u32>,
    },
    /// The file is no SQLite database, or a damaged one.
    #[error("{} is not a readable SQLite database; restore it from a backup or move it away", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's answer.
        #[source]
        source: sqlx::Error,
    },
    /// The database belongs to another program.
    #[error("{} holds tables of another program; give this server a database of its own", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The database was written by a newer version of this program.
    #[error(
        "the database {} was migrated to version {found} by a newer release; this one knows versions up to {known}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it is at.
        found: i64,
        /// The newest version this build knows.
        known: i64,
    },
    /// A migration failed; the database is as it was before it.
    #[error("cannot migrate the database {}", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The database did not answer.
    #[error("cannot open the database {}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
}

/// Why something could not be read from the store.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database did not answer.
    #[error("cannot read {what} from the store")]
    Query {
        /// What was being read.
        what: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A row holds something that this program never writes.
    #[error("the store holds a row of {table} that cannot be understood: {reason}")]
    Row {
        /// The table.
        table: &'static str,
        /// What is wrong with it; names no person.
        reason: String,
    },
}

/// Why something could not be made durable.
///
/// Nothing of the operation was kept, and it may be repeated as it is: every write is idempotent.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No transaction could be begun: the store is away, or held by another writer for too long.
    #[error("cannot begin a transaction")]
    Begin(#[source] sqlx::Error),
    /// A statement was refused.
    #[error("cannot write {what}")]
    Statement {
        /// What was being written.
        what: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The transaction could not be made durable.
    #[error("cannot commit a transaction")]
    Commit(#[source] sqlx::Error),
}
