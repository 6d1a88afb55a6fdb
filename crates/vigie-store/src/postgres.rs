//! The store in a PostgreSQL database (13 or later), on which it is the only writer.
//!
//! In and out: as [`Store`] says; each method begins a transaction, hands it to the file of its concern, and commits.
//! Four connections, each made again when it is lost, so that none waits for another:
//!
//! | Connection | What goes over it |
//! |---|---|
//! | presence | whatever touches presence, and with it the lock on the database: what is committed there was committed by the lock's holder |
//! | directory | other changes of the directory; somebody's first sight does not wait for a batch of fifty thousand |
//! | reading | the start, and maintenance |
//! | probe | whether the server answers |
//!
//! Always true: presence is written by one transaction after another, and none commits once a later start has taken over.

mod choices;
mod directory;
mod link;
mod load;
mod lock;
mod opening;
mod positions;
mod presence;
mod privacy;
mod reaping;
mod schema;
mod server;
mod webhooks;

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use vigie_core::{Id, PrincipalId, Privacy, Wall};

use self::link::{Fence, Link};
use self::server::bounded;
use crate::error::{ReadError, WriteError};
use crate::rows::{
    Incarnation, Page, Positions, PresenceWrite, StoredBlock, StoredConversation, StoredGuest,
    StoredPresence, StoredUser, StoredWebhook, WebhookProgress, Written,
};
use crate::store::Store;

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    fence: Fence,
    presence: Link,
    directory: Link,
    reading: Link,
    probe: Link,
}

#[async_trait]
impl Store for PostgresStore {
    async fn load(&self, receive: &mut (dyn FnMut(Page) + Send)) -> Result<(), ReadError> {
        let mut read = self.reading.read("everything").await?;
        let from = read.connection();
        load::users(from, &mut |page| receive(Page::Users(page))).await?;
        load::guests(from, &mut |page| receive(Page::Guests(page))).await?;
        load::privacy(from, &mut |page| receive(Page::Privacy(page))).await?;
        load::blocks(from, &mut |page| receive(Page::Blocks(page))).await?;
        load::conversations(from, &mut |page| receive(Page::Conversations(page))).await?;
        load::everyone(from, &mut |page| receive(Page::Presence(page))).await?;
        read.finish().await
    }

    async fn health(&self) -> Result<(), ReadError> {
        self.probe.probe().await
    }

    async fn read_presence(
        &self,
        principals: &[PrincipalId],
    ) -> Result<Vec<StoredPresence>, ReadError> {
        let mut read = self.reading.read("presence").await?;
        let found = load::presence_of(read.connection(), principals).await?;
        read.finish().await?;
        Ok(found)
    }

    async fn stale_guests(
        &self,
        now: Wall,
        silent_since: Wall,
    ) -> Result<Vec<PrincipalId>, ReadError> {
        let mut read = self.reading.read("stale guests").await?;
        let found = load::stale_guests(read.connection(), now, silent_since).await?;
        read.finish().await?;
        Ok(found)
    }

    async fn begin_incarnation(
        &self,
        now: Wall,
        offline_after: Duration,
    ) -> Result<Incarnation, WriteError> {
        let mut write = self.presence.begin().await?;
        let begun = bounded(
            "an incarnation",
            presence::begin_incarnation(write.connection(), now, offline_after),
        )
        .await?;
        write.commit().await?;
        self.fence.store(begun.number, Ordering::Release);
        Ok(begun)
    }

    async fn begin_positions(
        &self,
        by: &Incarnation,
        now: Wall,
        proposed_key: [u8; 32],
    ) -> Result<Positions, WriteError> {
        let mut write = self.presence.begin().await?;
        let known = bounded(
            "a start",
            positions::begin(write.connection(), by, now, proposed_key),
        )
        .await?;
        write.commit().await?;
        Ok(known)
    }

    async fn write_end(&self, by: &Incarnation, at: Wall) -> Result<(), WriteError> {
        let mut write = self.presence.begin().await?;
        bounded(
            "the end of a start",
            positions::end(write.connection(), by, at),
        )
        .await?;
        write.commit().await
    }

    async fn write_alive(&self, by: &Incarnation, alive_at: Wall) -> Result<(), WriteError> {
        let mut write = self.presence.begin().await?;
        bounded(
            "a proof of life",
            presence::alive(write.connection(), by, alive_at),
        )
        .await?;
        write.commit().await
    }

    async fn write_presence(
        &self,
        by: &Incarnation,
        batch: &[PresenceWrite],
        alive_at: Option<Wall>,
    ) -> Result<Written, WriteError> {
        let mut write = self.presence.begin().await?;
        let mut rows = bounded("presence", presence::write(write.connection(), by, batch)).await?;
        if let Some(alive_at) = alive_at {
            rows += bounded(
                "a proof of life",
                presence::alive(write.connection(), by, alive_at),
            )
            .await?;
        }
        write.commit().await?;
        Ok(Written { rows })
    }

    async fn reap_predecessors(&self, of: &Incarnation) -> Result<Written, WriteError> {
        let mut rows = 0;
        let mut after = String::new();
        loop {
            let mut write = self.presence.begin().await?;
            let slice = bounded(
                "the end of earlier incarnations",
                reaping::slice(write.connection(), of, &after),
            )
            .await?;
            write.commit().await?;
            rows += slice.rows;
            match slice.last {
                Some(last) => after = last,
                None => return Ok(Written { rows }),
            }
        }
    }

    async fn upsert_users(&self, users: &[StoredUser]) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded("users", directory::upsert_users(write.connection(), users)).await?;
        write.commit().await
    }

    async fn provision_users(&self, users: &[StoredUser]) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "provisioned users",
            directory::provision_users(write.connection(), users),
        )
        .await?;
        write.commit().await
    }

    async fn delete_user(&self, user: &PrincipalId, at: Wall) -> Result<(), WriteError> {
        // In line with presence: a batch that has not seen the tombstone must not commit after it.
        let mut write = self.presence.begin().await?;
        bounded(
            "the end of a user",
            directory::delete_user(write.connection(), user, at),
        )
        .await?;
        write.commit().await
    }

    async fn upsert_guests(&self, guests: &[StoredGuest]) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "guests",
            directory::upsert_guests(write.connection(), guests),
        )
        .await?;
        write.commit().await
    }

    async fn delete_guests(&self, guests: &[PrincipalId]) -> Result<(), WriteError> {
        // In line with presence, as the end of a user is.
        let mut write = self.presence.begin().await?;
        bounded(
            "the end of guests",
            directory::delete_guests(write.connection(), guests),
        )
        .await?;
        write.commit().await
    }

    async fn merge_guest(
        &self,
        guest: &PrincipalId,
        user: &PrincipalId,
        blocks: &[StoredBlock],
    ) -> Result<(), WriteError> {
        // In line with presence, as the end of a guest is.
        let mut write = self.presence.begin().await?;
        bounded(
            "a guest who became a user",
            directory::merge_guest(write.connection(), guest, user, blocks),
        )
        .await?;
        write.commit().await
    }

    async fn upsert_conversations(
        &self,
        conversations: &[StoredConversation],
    ) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "conversations",
            directory::upsert_conversations(write.connection(), conversations),
        )
        .await?;
        write.commit().await
    }

    async fn delete_conversation(&self, conversation: &Id) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "the end of a conversation",
            directory::delete_conversation(write.connection(), conversation),
        )
        .await?;
        write.commit().await
    }

    async fn add_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "members",
            directory::add_members(write.connection(), conversation, members),
        )
        .await?;
        write.commit().await
    }

    async fn remove_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "the end of memberships",
            directory::remove_members(write.connection(), conversation, members),
        )
        .await?;
        write.commit().await
    }

    async fn replace_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "members",
            directory::replace_members(write.connection(), conversation, members),
        )
        .await?;
        write.commit().await
    }

    async fn write_privacy(&self, whose: &PrincipalId, privacy: Privacy) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "privacy",
            privacy::write(write.connection(), whose, privacy),
        )
        .await?;
        write.commit().await
    }

    async fn add_block(
        &self,
        blocker: &PrincipalId,
        blocked: &PrincipalId,
    ) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "a block",
            privacy::add_block(write.connection(), blocker, blocked),
        )
        .await?;
        write.commit().await
    }

    async fn remove_block(
        &self,
        blocker: &PrincipalId,
        blocked: &PrincipalId,
    ) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "the end of a block",
            privacy::remove_block(write.connection(), blocker, blocked),
        )
        .await?;
        write.commit().await
    }

    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, ReadError> {
        let mut read = self.reading.read("webhooks").await?;
        let found = webhooks::all(read.connection())
            .await
            .map_err(|source| ReadError::Query {
                what: "webhooks",
                source: source.into(),
            })?;
        read.finish().await?;
        Ok(found)
    }

    async fn put_webhook(&self, webhook: &StoredWebhook) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded("a webhook", webhooks::put(write.connection(), webhook)).await?;
        write.commit().await
    }

    async fn delete_webhook(&self, id: &str) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded("a webhook's end", webhooks::delete(write.connection(), id)).await?;
        write.commit().await
    }

    async fn write_webhook_progress(
        &self,
        progress: &[(Box<str>, WebhookProgress)],
    ) -> Result<(), WriteError> {
        let mut write = self.directory.begin().await?;
        bounded(
            "the progress of webhooks",
            webhooks::note_progress(write.connection(), progress),
        )
        .await?;
        write.commit().await
    }

    async fn close(&self) {
        for link in [&self.probe, &self.reading, &self.directory] {
            link.close().await;
        }
        // The lock goes last.
        self.presence.close().await;
    }
}
