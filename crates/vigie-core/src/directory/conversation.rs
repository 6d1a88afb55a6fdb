//! A fan-out group.

use crate::id::Id;
use crate::principal::PrincipalKey;

/// The number that stands for a conversation inside one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationKey(pub u32);

impl ConversationKey {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A fan-out group.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its id.
    pub id: Id,
    /// Its title, if it has one.
    pub title: Option<Box<str>>,
    pub(super) members: Vec<PrincipalKey>,
}

impl Conversation {
    /// Its members, sorted by key.
    #[must_use]
    pub fn members(&self) -> &[PrincipalKey] {
        &self.members
    }
}
