//! What must survive a restart: the directory, and everyone's presence and times.
//!
//! [`open`] turns a database URL into a [`Store`]; what goes in and comes out is in the core's terms ([`PresenceWrite`], [`Page`]).
//! The server reads it whole at its start ([`Store::load`]), answers from memory afterwards, and writes in batches behind.
//! Nothing here decides about presence, speaks HTTP or reads a clock.
//!
//! # Durability
//!
//! Every write is one transaction, on disk before its future resolves: SQLite with a WAL journal and `synchronous=FULL`, PostgreSQL with `synchronous_commit=on`.
//!
//! | After | What is lost |
//! |---|---|
//! | a crash or `kill -9` of the process | nothing that a write returned `Ok` for |
//! | a power loss or a crash of the machine | nothing that a write returned `Ok` for, as far as the disk keeps its promise to flush |
//! | a write that returned an error | the whole of it, and nothing else; it may be repeated as it is (of a failed commit it is unknown, and it may be repeated all the same) |
//!
//! So what a restart can miss is what was not written yet.
//! For `last_active_at` that is at most the throttle interval, by design; for a lease, the age of the last `alive_at`.
//!
//! # One server at a time
//!
//! A database belongs to one store, and a second one is refused.
//! In SQLite a lock on `<database>.lock` sees to that and dies with its holder; in PostgreSQL an advisory lock of the connection that writes presence, and a look in every transaction whether a later start has taken over.
//! A write that finds the database taken [is final](WriteError::is_final): the server has to stop.
//! Others may read the database while it runs, best through its view `presence`, which knows that a stopped server leaves nobody online.
//!
//! # Order
//!
//! An older write never wins: states are ordered by [`vigie_core::Version`], times merge by maximum.
//! Presence of principals that were deleted is dropped, however late it arrives.

mod availability_code;
mod away;
mod cause;
mod choice;
mod error;
mod migrations;
mod postgres;
mod reaping;
mod rows;
mod sessions;
mod sqlite;
mod store;
mod url;
mod webhooks;

use std::sync::Arc;

pub use cause::Cause;
pub use error::{Holder, OpenError, ReadError, WriteError};
pub use rows::{
    Incarnation, Page, Positions, PresenceWrite, Start, StoredBlock, StoredConversation,
    StoredGuest, StoredPresence, StoredPrivacy, StoredUser, StoredWebhook, WebhookProgress,
    Written,
};
pub use store::Store;

/// Opens the store behind a database URL: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
///
/// A file and its folder are created when missing, readable by their owner only; a server's database has to be there.
/// Either is migrated to this version.
///
/// # Errors
/// When the URL names no such store, the file cannot be made or is no database of ours, a newer version wrote it, or another process holds it.
/// Those that [heal by waiting](OpenError::heals_by_waiting) say so.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    match url::parse(url)? {
        url::Target::Sqlite(path) => Ok(Arc::new(sqlite::SqliteStore::open(&path).await?)),
        url::Target::Postgres => Ok(Arc::new(postgres::PostgresStore::open(url).await?)),
    }
}
