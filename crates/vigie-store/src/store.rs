//! The one door to what is kept: what every store can do, whichever database is behind it.
//!
//! In: changes already decided in memory. Out: everything, once, at a start, in pages.
//! Always true: each write is one transaction, durable before it returns, and may be repeated without harm.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use vigie_core::{Id, PrincipalId, Privacy, Wall};

use crate::error::{ReadError, WriteError};
use crate::rows::{
    Incarnation, Page, Positions, PresenceWrite, StoredBlock, StoredConversation, StoredGuest,
    StoredPresence, StoredUser, StoredWebhook, WebhookProgress, Written,
};

/// Keeps the directory and everyone's presence; shared as `Arc<dyn Store>`.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Hands everything to `receive`, a page at a time; meant for a start, before the first write.
    ///
    /// All users come first, then all guests, privacy, blocks, conversations and presence, so that no page names a principal that was not handed over.
    /// What does not fit into memory twice need not: of each part a few pages exist at the same time, whatever the database holds.
    ///
    /// # Errors
    /// When the database does not answer, or holds what this program never writes; then pages are missing.
    async fn load(&self, receive: &mut (dyn FnMut(Page) + Send)) -> Result<(), ReadError>;

    /// Whether the store answers; cheap enough for every probe.
    ///
    /// # Errors
    /// When it does not.
    async fn health(&self) -> Result<(), ReadError>;

    /// Reads what is kept of these principals' presence, in the order of their ids; whoever nothing is known of is left out.
    ///
    /// # Errors
    /// When the database does not answer, or holds what this program never writes.
    async fn read_presence(
        &self,
        principals: &[PrincipalId],
    ) -> Result<Vec<StoredPresence>, ReadError>;

    /// Guests whose stay was over at `now`, and guests without an end of whom nothing is known since `silent_since`.
    ///
    /// Whoever of the latter has a lease here is left out; memory may know of more leases.
    ///
    /// # Errors
    /// When the database does not answer, or holds what this program never writes.
    async fn stale_guests(
        &self,
        now: Wall,
        silent_since: Wall,
    ) -> Result<Vec<PrincipalId>, ReadError>;

    /// Begins to write presence on behalf of this start of this node.
    ///
    /// `offline_after` is the rule in force, by which whoever reads the database directly tells when a REST lease is over.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn begin_incarnation(
        &self,
        now: Wall,
        offline_after: Duration,
    ) -> Result<Incarnation, WriteError>;

    /// Notes a start for whoever comes back with a position; what is known of this and earlier ones.
    ///
    /// `proposed_key` becomes the key that seals positions if the database has none yet.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn begin_positions(
        &self,
        by: &Incarnation,
        now: Wall,
        proposed_key: [u8; 32],
    ) -> Result<Positions, WriteError>;

    /// Notes that a start ended gracefully: everything it ever told is durable.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn write_end(&self, by: &Incarnation, at: Wall) -> Result<(), WriteError>;

    /// Proves that an incarnation is alive at `alive_at`, and with it everyone whose session is open on it.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn write_alive(&self, by: &Incarnation, alive_at: Wall) -> Result<(), WriteError>;

    /// Makes presence durable, and `alive_at` with it when given.
    ///
    /// A batch names a principal once at most.
    /// A refresh touches one row per principal, and an unchanged record none.
    /// An older record loses: its version and its times change nothing that is newer.
    /// Deleted users and guests that do not exist are skipped.
    ///
    /// # Errors
    /// When nothing can be written; the batch waits and may be repeated, merged with what came later.
    async fn write_presence(
        &self,
        by: &Incarnation,
        batch: &[PresenceWrite],
        alive_at: Option<Wall>,
    ) -> Result<Written, WriteError>;

    /// Removes what earlier incarnations of the same node wrote, keeping the times.
    ///
    /// For a successor that has taken over what it wanted of them, and has written it as its own.
    /// It goes in slices, each a transaction of its own, so that other writes come in between; what fails half-way is gone on with by the next call.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn reap_predecessors(&self, of: &Incarnation) -> Result<Written, WriteError>;

    /// Adds users, or gives known ones these profiles; a deleted one comes back.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn upsert_users(&self, users: &[StoredUser]) -> Result<(), WriteError>;

    /// Adds users seen for the first time in a token.
    ///
    /// Of a known one only the names change, and only while no API call has set them; a deleted one stays deleted.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn provision_users(&self, users: &[StoredUser]) -> Result<(), WriteError>;

    /// Forgets a user but for the id, which is not provisioned again by a token; memberships, presence, privacy and blocks go too.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn delete_user(&self, user: &PrincipalId, at: Wall) -> Result<(), WriteError>;

    /// Adds guests, or replaces known ones; each becomes a member of its conversation, which is created when missing.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn upsert_guests(&self, guests: &[StoredGuest]) -> Result<(), WriteError>;

    /// Forgets guests with their memberships, presence, privacy and blocks: one that was deleted, or all that a purge chose.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn delete_guests(&self, guests: &[PrincipalId]) -> Result<(), WriteError>;

    /// A guest became a user, who exists: the guest's memberships are the user's from now on, these blocks are added, and the guest is forgotten with its presence, its privacy and its own blocks.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn merge_guest(
        &self,
        guest: &PrincipalId,
        user: &PrincipalId,
        blocks: &[StoredBlock],
    ) -> Result<(), WriteError>;

    /// Adds conversations and the members they are given here; a title of `None` leaves a known one as it is, and no member is removed.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn upsert_conversations(
        &self,
        conversations: &[StoredConversation],
    ) -> Result<(), WriteError>;

    /// Forgets a conversation and its memberships.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn delete_conversation(&self, conversation: &Id) -> Result<(), WriteError>;

    /// Makes principals members of a conversation, which is created when missing.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn add_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError>;

    /// Ends the memberships of principals in a conversation.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn remove_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError>;

    /// Makes exactly these principals the members of a conversation, which is created when missing.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn replace_members(
        &self,
        conversation: &Id,
        members: &[PrincipalId],
    ) -> Result<(), WriteError>;

    /// Keeps what somebody lets others see.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn write_privacy(&self, whose: &PrincipalId, privacy: Privacy) -> Result<(), WriteError>;

    /// Keeps a block.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn add_block(
        &self,
        blocker: &PrincipalId,
        blocked: &PrincipalId,
    ) -> Result<(), WriteError>;

    /// Ends a block, if there is one.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn remove_block(
        &self,
        blocker: &PrincipalId,
        blocked: &PrincipalId,
    ) -> Result<(), WriteError>;

    /// Every webhook, in the order of their ids.
    ///
    /// # Errors
    /// When the database does not answer, or holds what this program never writes.
    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, ReadError>;

    /// Adds a webhook, or gives a known one this address, secret and choice of events; how far a known one has been told stays as it is.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn put_webhook(&self, webhook: &StoredWebhook) -> Result<(), WriteError>;

    /// Forgets a webhook.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn delete_webhook(&self, id: &str) -> Result<(), WriteError>;

    /// Notes how far webhooks have been told; those that are gone meanwhile are skipped.
    ///
    /// # Errors
    /// When nothing can be written.
    async fn write_webhook_progress(
        &self,
        progress: &[(Box<str>, WebhookProgress)],
    ) -> Result<(), WriteError>;

    /// Closes every connection to the database and releases it; later calls fail.
    async fn close(&self);
}
