//! What goes into a store and comes out of it, in the core's terms.
//!
//! Always true: a value read back equals the one that was written, and no type here knows which database keeps it.

use std::sync::Arc;

use vigie_core::{Id, PresenceRecord, PrincipalId, Privacy, Profile, Wall};

/// A part of everything that a server needs at its start; each part comes in many pages, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// Users, deleted ones included.
    Users(Vec<StoredUser>),
    /// Guests.
    Guests(Vec<StoredGuest>),
    /// What people let others see, whom earlier pages have named; none of those with the default.
    Privacy(Vec<StoredPrivacy>),
    /// Who blocked whom, whom earlier pages have named.
    Blocks(Vec<StoredBlock>),
    /// Conversations with their members, whom earlier pages have named.
    Conversations(Vec<StoredConversation>),
    /// Of whom anything is known: at most one entry per principal.
    Presence(Vec<StoredPresence>),
}

/// A registered user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUser {
    /// Always a [`PrincipalId::User`].
    pub id: PrincipalId,
    /// Names, language, role; empty for a deleted user.
    pub profile: Profile,
    /// Deleted: never provisioned again by a token, only by an API call.
    pub is_deleted: bool,
}

/// A guest, who takes part in one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGuest {
    /// Always a [`PrincipalId::Guest`].
    pub id: PrincipalId,
    /// SHA-256 of the session token, which itself is kept nowhere.
    pub token_sha256: [u8; 32],
    /// The one conversation.
    pub conversation: Id,
    /// The name to show.
    pub display_name: Box<str>,
    /// Preferred language.
    pub language: Option<Box<str>>,
    /// When the guest's stay ends by itself.
    pub expires_at: Option<Wall>,
    /// When the guest was made.
    pub created_at: Wall,
}

/// What somebody lets others see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPrivacy {
    /// Whose it is.
    pub principal: PrincipalId,
    /// Never the default, which is not kept.
    pub privacy: Privacy,
}

/// A block of one principal by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlock {
    /// Who wants it.
    pub blocker: PrincipalId,
    /// Who is blocked.
    pub blocked: PrincipalId,
}

/// A conversation with its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConversation {
    /// Its id.
    pub id: Id,
    /// Its title, if it has one.
    pub title: Option<Box<str>>,
    /// Users and guests, each once, in the order of their ids.
    pub members: Vec<PrincipalId>,
}

/// What the store knows of one principal's presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPresence {
    /// Whose it is.
    pub principal: PrincipalId,
    /// The newest state, with the latest of all times kept.
    pub record: PresenceRecord,
    /// The last proof of life of the incarnation that wrote the leases; `None` when there are none, or it is unknown.
    pub alive_at: Option<Wall>,
}

/// One principal's presence, to be made durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceWrite {
    /// Whose it is.
    pub principal: PrincipalId,
    /// The newest state.
    pub record: PresenceRecord,
}

/// One start of one node; whoever writes presence says by which.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation {
    /// The node, drawn once per database.
    pub node: Arc<str>,
    /// 1 at the first start, one more at each that follows.
    pub number: u64,
}

/// What positions that clients come back with are read by.
#[derive(Clone, PartialEq, Eq)]
pub struct Positions {
    /// The key that seals them, the same for every start on this database.
    pub key: [u8; 32],
    /// The latest starts of this node in their order; the last one is whoever asked.
    pub starts: Vec<Start>,
}

impl std::fmt::Debug for Positions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key is a secret.
        out.debug_struct("Positions")
            .field("starts", &self.starts)
            .finish_non_exhaustive()
    }
}

/// One start of a node, as later ones know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The incarnation's number.
    pub number: u64,
    /// When it began.
    pub started_at: Wall,
    /// When it ended gracefully; `None` while it runs, and for ever after a crash.
    pub ended_at: Option<Wall>,
}

/// An address that is told of changes.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredWebhook {
    /// Its id, drawn when it was registered.
    pub id: Box<str>,
    /// Where it is; the path or the query may be a credential.
    pub url: Box<str>,
    /// What deliveries are signed with.
    pub secret: Box<str>,
    /// Whether it is told of people.
    pub tells_status: bool,
    /// Whether it is told of conversations.
    pub tells_conversations: bool,
    /// When it was registered.
    pub created_at: Wall,
    /// How far it has been told.
    pub progress: WebhookProgress,
}

impl std::fmt::Debug for StoredWebhook {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the secret nor the address, which may hold one.
        out.debug_struct("StoredWebhook")
            .field("id", &self.id)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// How far a webhook has been told, and how it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookProgress {
    /// The next start numbers its deliveries from here on.
    pub sequence: u64,
    /// The position before which everything has been taken; only the server can read it.
    pub cursor: Box<str>,
    /// Conversations whose changes were not taken.
    pub changed_conversations: Vec<Id>,
    /// Whether the receiver has to read everything anew.
    pub must_resync: bool,
    /// Since when no delivery succeeded.
    pub failing_since: Option<Wall>,
    /// Since when no delivery is tried any more.
    pub parked_at: Option<Wall>,
    /// What the latest failure was.
    pub last_error: Option<Box<str>>,
}

/// What a write cost, as counted by the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Rows inserted, changed or removed.
    pub rows: u64,
}
