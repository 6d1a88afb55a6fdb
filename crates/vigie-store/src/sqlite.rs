//! The store in one SQLite file: one connection writes, a few read, and nobody else may open it meanwhile.
//!
//! In and out: as [`Store`] says; each method begins a transaction, hands it to the file of its concern, and commits.
//! Always true: writes happen one after another, and the lock outlives every connection.

mod bulk;
mod choices;
mod directory;
mod load;
mod lock;
mod migrations;
mod opening;
mod positions;
mod presence;
mod privacy;
mod reaping;
mod webhooks;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};
use vigie_core::{Id, PrincipalId, Privacy, Wall};

use crate::error::{OpenError, ReadError, WriteError};
use crate::rows::{
    Incarnation, Page, Positions, PresenceWrite, StoredBlock, StoredConversation, StoredGuest,
    StoredPresence, StoredUser, StoredWebhook, WebhookProgress, Written,
};
use crate::store::Store;

/// A store in a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    /// One connection: SQLite has one writer, and waiting here is fair where waiting there is not.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Held until the store is closed, or dropped; declared last, so that it is dropped after the connections.
    lock: Mutex<Option<lock::Lock>>,
}

impl SqliteStore {
    /// Opens the file, which is created and migrated as needed.
    pub(crate) async fn open(path: &Path) -> Result<Self, OpenError> {
        let (lock, writer, readers) = opening::open(path).await?;
        Ok(Self {
            writer,
            readers,
            lock: Mutex::new(Some(lock)),
        })
    }

    async fn begin(&self) -> Result<Write, WriteError> {
        // IMMEDIATE: a transaction that becomes a writer half-way could only fail where this one waits.
        let transaction = self
            .writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(|error| WriteError::Begin(error.into()))?;
        Ok(Write { transaction })
    }
}

/// A transaction under way; dropped without a commit, it leaves no trace.
struct Write {
    transaction: Transaction<'static, Sqlite>,
}

impl Write {
    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    async fn commit(self) -> Result<(), WriteError> {
        let committed = self.transaction.commit().await;
        committed.map_err(|error| WriteError::Commit(error.into()))
    }
}

/// Names what was being written when a statement was refused.
fn statement(what: &'static str) -> impl FnOnce(sqlx::Error) -> WriteError {
    move |source| WriteError::Statement {
        what,
        source: source.into(),
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, receive: &mut (dyn FnMut(Page) + Send)) -> Result<(), ReadError> {
        load::everything(&self.readers, receive).await
    }

    async fn health(&self) -> Result<(), ReadError> {
        sqlx::query("SELECT incarnations FROM node")
            .execute(&self.readers)
            .await
            .map(drop)
            .map_err(|source| ReadError::Query {
                what: "a probe",
                source: source.into(),
            })
    }

    async fn read_presence(
        &self,
        principals: &[PrincipalId],
    ) -> Result<Vec<StoredPresence>, ReadError> {
        load::presence_of(&self.readers, principals).await
    }

    async fn stale_guests(
        &self,
        now: Wall,
        silent_since: Wall,
    ) -> Result<Vec<PrincipalId>, ReadError> {
        load::stale_guests(&self.readers, now, silent_since).await
    }

    async fn begin_incarnation(
        &self,
        now: Wall,
        offline_after: Duration,
    ) -> Result<Incarnation, WriteError> {
        let mut write = self.begin().await?;
        let begun = presence::begin_incarnation(write.connection(), now, offline_after)
            .await
            .map_err(statement("an incarnation"))?;
        write.commit().await?;
        Ok(begun)
    }

    async fn begin_positions(
        &self,
        by: &Incarnation,
        now: Wall,
        proposed_key: [u8; 32],
    ) -> Result<Positions, WriteError> {
        let mut write = self.begin().await?;
        let known = positions::begin(write.connection(), by, now, proposed_key)
            .await
            .map_err(statement("a start"))?;
        write.commit().await?;
        Ok(known)
    }

    async fn write_end(&self, by: &Incarnation, at: Wall) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        positions::end(write.connection(), by, at)
            .await
            .map_err(statement("the end of a start"))?;
        write.commit().await
    }

    async fn write_alive(&self, by: &Incarnation, alive_at: Wall) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        presence::alive(write.connection(), by, alive_at)
            .await
            .map_err(statement("a proof of life"))?;
        write.commit().await
    }

    async fn write_presence(
        &self,
        by: &Incarnation,
        batch: &[PresenceWrite],
        alive_at: Option<Wall>,
    ) -> Result<Written, WriteError> {
        let mut write = self.begin().await?;
        let mut rows = presence::write(write.connection(), by, batch)
            .await
            .map_err(statement("presence"))?;
        if let Some(alive_at) = alive_at {
            rows += presence::alive(write.connection(), by, alive_at)
                .await
                .map_err(statement("a proof of life"))?;
        }
        write.commit().await?;
        Ok(Written { rows })
    }

    async fn reap_predecessors(&self, of: &Incarnation) -> Result<Written, WriteError> {
        let mut rows = 0;
        let mut after = String::new();
        loop {
            let mut write = self.begin().await?;
            let slice = reaping::slice(write.connection(), of, &after)
                .await
                .map_err(statement("the end of earlier incarnations"))?;
            write.commit().await?;
            rows += slice.rows;
            match slice.last {
                Some(last) => after = last,
                None => return Ok(Written { rows }),
            }
        }
    }

    async fn upsert_users(&self, users: &[StoredUser]) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::upsert_users(write.connection(), users)
            .await
            .map_err(statement("users"))?;
        write.commit().await
    }

    async fn provision_users(&self, users: &[StoredUser]) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::provision_users(write.connection(), users)
            .await
            .map_err(statement("provisioned users"))?;
        write.commit().await
    }

    async fn delete_user(&self, user: &PrincipalId, at: Wall) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::delete_user(write.connection(), user, at)
            .await
            .map_err(statement("the end of a user"))?;
        write.commit().await
    }

    async fn upsert_guests(&self, guests: &[StoredGuest]) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::upsert_guests(write.connection(), guests)
            .await
            .map_err(statement("guests"))?;
        write.commit().await
    }

    async fn delete_guests(&self, guests: &[PrincipalId]) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::delete_guests(write.connection(), guests)
            .await
            .map_err(statement("the end of guests"))?;
        write.commit().await
    }

    async fn merge_guest(
        &self,
        guest: &PrincipalId,
        user: &PrincipalId,
        blocks: &[StoredBlock],
    ) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::merge_guest(write.connection(), guest, user, blocks)
            .await
            .map_err(statement("a guest who became a user"))?;
        write.commit().await
    }

    async fn upsert_conversations(
        &self,
        conversations: &[StoredConversation],
    ) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::upsert_conversations(write.connection(), conversations)
            .await
            .map_err(statement("conversations"))?;
        write.commit().await
    }

    async fn delete_conversation(&self, conversation: &Id) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::delete_conversation(write.connection(), conversation)
            .await
            .map_err(statement("the end of a conversation"))?;
        write.commit().await
    }

    async fn add_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::add_members(write.connection(), conversation, members)
            .await
            .map_err(statement("members"))?;
        write.commit().await
    }

    async fn remove_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::remove_members(write.connection(), conversation, members)
            .await
            .map_err(statement("the end of memberships"))?;
        write.commit().await
    }

    async fn replace_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        directory::replace_members(write.connection(), conversation, members)
            .await
            .map_err(statement("members"))?;
        write.commit().await
    }

    async fn write_privacy(&self, whose: &PrincipalId, privacy: Privacy) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        privacy::write(write.connection(), whose, privacy)
            .await
            .map_err(statement("privacy"))?;
        write.commit().await
    }

    async fn add_block(
        &self,
        blocker: &PrincipalId,
        blocked: &PrincipalId,
    ) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        privacy::add_block(write.connection(), blocker, blocked)
            .await
            .map_err(statement("a block"))?;
        write.commit().await
    }

    async fn remove_block(
        &self,
        blocker: &PrincipalId,
        blocked: &PrincipalId,
    ) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        privacy::remove_block(write.connection(), blocker, blocked)
            .await
            .map_err(statement("the end of a block"))?;
        write.commit().await
    }

    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, ReadError> {
        webhooks::all(&self.readers)
            .await
            .map_err(|source| ReadError::Query {
                what: "webhooks",
                source: source.into(),
            })
    }

    async fn put_webhook(&self, webhook: &StoredWebhook) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        webhooks::put(write.connection(), webhook)
            .await
            .map_err(statement("a webhook"))?;
        write.commit().await
    }

    async fn delete_webhook(&self, id: &str) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        webhooks::delete(write.connection(), id)
            .await
            .map_err(statement("a webhook's end"))?;
        write.commit().await
    }

    async fn write_webhook_progress(
        &self,
        progress: &[(Box<str>, WebhookProgress)],
    ) -> Result<(), WriteError> {
        let mut write = self.begin().await?;
        webhooks::note_progress(write.connection(), progress)
            .await
            .map_err(statement("the progress of webhooks"))?;
        write.commit().await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        // Another store may open the database now, also while handles to this one are still around.
        let lock = self
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(lock);
    }
}
