//! What can go wrong, one type per kind of operation.
//!
//! The text says what was attempted; the cause is in the source, never repeated in the text.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::cause::Cause;

/// Who holds a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A process of this machine.
    Process(u32),
    /// A connection to the database server.
    Connection {
        /// The process of the database server that serves it; `None` when it went away while we asked.
        pid: Option<i32>,
        /// The address it comes from, as far as we may know; `None` for a local socket.
        from: Option<String>,
    },
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(pid) => write!(out, "another process (pid {pid})"),
            Self::Connection { pid, from } => {
                out.write_str("another server")?;
                if let Some(from) = from {
                    write!(out, " at {from}")?;
                }
                match pid {
                    Some(pid) => write!(out, " (PostgreSQL's process {pid})"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no kind of store that this build knows.
    #[error("a database URL starts with sqlite: or postgres:; this one starts with \"{scheme}\"")]
    UnknownScheme {
        /// What stands before the first colon; the rest may hold a password.
        scheme: String,
    },
    /// The URL of a database server cannot be read; it is not repeated, for it may hold a password.
    #[error("the database URL cannot be read: write postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Url,
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
    /// No random number could be had for a name of our own.
    #[error("the system gave no random numbers")]
    Random(#[source] getrandom::Error),
    /// Another process, or another store in this one, holds the database.
    #[error(
        "the database {database} is in use by {}; one server at a time may use it: stop that one, or give this one a database of its own",
        holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string)
    )]
    InUse {
        /// The database.
        database: Box<str>,
        /// Who says it holds it.
        holder: Option<Holder>,
    },
    /// The file is no SQLite database, or a damaged one.
    #[error("{} is not a readable SQLite database; restore it from a backup or move it away", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's answer.
        #[source]
        source: Cause,
    },
    /// The database belongs to another program.
    #[error("{database} holds tables of another program; give this server a database of its own")]
    Foreign {
        /// The database.
        database: Box<str>,
    },
    /// The database cannot hold every text: names would be refused one by one, as if the store were away.
    #[error(
        "the database {database} is encoded in {encoding}, which has no place for every name; make one with ENCODING 'UTF8'"
    )]
    Encoding {
        /// The database.
        database: Box<str>,
        /// Its encoding, as the server names it.
        encoding: String,
    },
    /// The database was written by a newer version of this program.
    #[error(
        "the database {database} was migrated to version {found} by a newer release; this one knows versions up to {known}"
    )]
    Newer {
        /// The database.
        database: Box<str>,
        /// The version it is at.
        found: i64,
        /// The newest version this build knows.
        known: i64,
    },
    /// A migration failed; the database is as it was before it.
    #[error("cannot migrate the database {database}")]
    Migrate {
        /// The database.
        database: Box<str>,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The database did not answer, or did not let us in.
    #[error("cannot open the database {database}")]
    Database {
        /// The database; never with its password.
        database: Box<str>,
        /// Why.
        #[source]
        source: Cause,
    },
}

impl OpenError {
    /// Whether the database may open later without anybody changing a setting: it is away, starting, or busy.
    #[must_use]
    pub fn heals_by_waiting(&self) -> bool {
        match self {
            Self::Database { source, .. } | Self::Migrate { source, .. } => source.is_away(),
            Self::UnknownScheme { .. }
            | Self::Url
            | Self::Path { .. }
            | Self::File { .. }
            | Self::Random(_)
            | Self::InUse { .. }
            | Self::Damaged { .. }
            | Self::Foreign { .. }
            | Self::Encoding { .. }
            | Self::Newer { .. } => false,
        }
    }
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
        source: Cause,
    },
    /// A row holds something that this program never writes.
    #[error("the store holds a row of {table} that cannot be understood: {reason}")]
    Row {
        /// The table.
        table: &'static str,
        /// What is wrong with it; names no person.
        reason: String,
    },
    /// Another server has the database: what it holds is no longer ours.
    #[error("a later start of a server has taken over the database")]
    Superseded,
}

/// Why something could not be made durable.
///
/// It may be repeated as it is, for every write is idempotent.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No transaction could be begun: the store is away, or held by another writer for too long.
    #[error("cannot begin a transaction")]
    Begin(#[source] Cause),
    /// A statement was refused.
    #[error("cannot write {what}")]
    Statement {
        /// What was being written.
        what: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The transaction could not be made durable; of this error alone it is unknown whether it was.
    #[error("cannot commit a transaction")]
    Commit(#[source] Cause),
    /// Another server took the database while this one had lost it.
    #[error("the database was taken by {0}")]
    HeldByAnother(Holder),
    /// A later start has taken over the database, and may have ended again.
    #[error("a later start of a server has taken over the database")]
    Superseded,
}

impl ReadError {
    /// Whether the same may succeed later without anybody changing a setting.
    #[must_use]
    pub fn heals_by_waiting(&self) -> bool {
        match self {
            Self::Query { source, .. } => source.is_away(),
            Self::Row { .. } | Self::Superseded => false,
        }
    }
}

impl WriteError {
    /// Whether another server has the database now: nothing may be written any more, and nothing will be.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::HeldByAnother(_) | Self::Superseded => true,
            Self::Begin(_) | Self::Statement { .. } | Self::Commit(_) => false,
        }
    }

    /// Whether the same may succeed later without anybody changing a setting.
    #[must_use]
    pub fn heals_by_waiting(&self) -> bool {
        match self {
            Self::Begin(source) | Self::Statement { source, .. } | Self::Commit(source) => {
                source.is_away()
            }
            Self::HeldByAnother(_) | Self::Superseded => false,
        }
    }
}
