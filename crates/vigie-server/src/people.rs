//! Who exists and who shares what, as the server keeps it: the directory in memory, and the store behind it.
//!
//! In: provisioning by API calls and by first sight of a token. Out: the directory, for everyone who reads.
//! Always true: a change is durable before it is visible, changes come one after another, and reads never wait for the store.

mod conversations;
mod guests;
mod line;
mod loading;
mod moves;
mod privacy;
mod provisioning;
mod read;
mod users;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use vigie_core::{ConversationKey, Directory, PrincipalId, PrincipalKey, Profile};
use vigie_store::{Store, WriteError};

use crate::engine_host::EngineHost;
use crate::webhooks::Webhooks;

pub use guests::{Merged, NewGuest};
use line::Line;
pub use line::Stuck;
pub use moves::{Before, Moved};
pub use privacy::MOST_BLOCKS;
use provisioning::Newcomer;
pub use provisioning::ProvisionError;
use read::Read;
use users::Named;
pub use users::{Names, Put, UserPatch};

/// The digest of a guest's session token.
pub type TokenDigest = [u8; 32];

/// The directory and its store.
#[derive(Debug)]
pub struct People {
    host: Arc<EngineHost>,
    store: Arc<dyn Store>,
    /// Told of changes of conversations, in their order.
    webhooks: Arc<Webhooks>,
    directory: RwLock<Directory>,
    guests: RwLock<HashMap<TokenDigest, PrincipalKey>>,
    /// When the token was issued that gave a user its names, and whether newer ones are being written.
    named: Mutex<HashMap<PrincipalKey, Named>>,
    /// Whoever was seen for the first time and waits for the next transaction.
    newcomers: Mutex<Vec<Newcomer>>,
    line: Line,
}

/// Why a change of the directory was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Nobody has this id.
    #[error("nobody has the id {0}")]
    UnknownPrincipal(PrincipalId),
    /// There is no such conversation.
    #[error("there is no such conversation")]
    UnknownConversation,
    /// The person blocks as many people as it may.
    #[error("at most {MOST_BLOCKS} people can be blocked")]
    TooManyBlocks,
    /// The store refused; memory is as it was.
    #[error("the store is away")]
    Store(#[from] WriteError),
    /// The store keeps those before this one waiting; nothing was begun.
    #[error("the store is away")]
    Stuck(#[from] Stuck),
    /// No random number could be had for a new id or token.
    #[error("the system gave no random numbers")]
    Random(#[from] getrandom::Error),
}

impl People {
    /// Keeps whoever wants to change something waiting, until this is dropped.
    ///
    /// # Errors
    /// When a change before still waits for the store.
    pub(crate) async fn hold_changes(&self) -> Result<impl Drop, Stuck> {
        self.line.turn().await
    }

    /// The directory, to read; never hold it while calling the engine, nor while reading it again.
    pub fn directory(&self) -> Read<'_> {
        Read::of(&self.directory)
    }

    /// The guest behind a token.
    #[must_use]
    pub fn guest_of_token(&self, digest: &TokenDigest) -> Option<PrincipalKey> {
        self.guests.read().get(digest).copied()
    }

    /// The key of a principal that exists.
    #[must_use]
    pub fn find(&self, id: &PrincipalId) -> Option<PrincipalKey> {
        let directory = self.directory();
        let key = directory.key(id)?;
        (!directory.member(key).is_deleted()).then_some(key)
    }

    /// The members of a conversation as they are now; none when there is no such conversation.
    #[must_use]
    pub fn members_of(&self, conversation: ConversationKey) -> Vec<PrincipalKey> {
        let directory = self.directory();
        let members = directory
            .conversation(conversation)
            .map(|group| group.members().to_vec());
        members.unwrap_or_default()
    }

    /// The profile of a user that exists.
    #[must_use]
    pub fn profile(&self, id: &PrincipalId) -> Option<Profile> {
        let key = self.find(id)?;
        Some(self.directory().member(key).profile())
    }
}
