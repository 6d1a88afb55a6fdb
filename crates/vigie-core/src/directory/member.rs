//! One principal as the directory knows it: the row that is kept, and the view that is handed out.

use core::fmt;
use std::borrow::Cow;

use crate::principal::{PrincipalId, PrincipalKey};
use crate::time::Wall;
use crate::visibility::Privacy;

use super::key_list::KeyList;
use super::profile::{Names, Profile, Role};
use super::{ConversationKey, Directory};

/// What is kept of each principal beside its names: one cache line, which a lookup by id has to fetch anyhow.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Row {
    pub(super) id: PrincipalId,
    pub(super) conversations: KeyList,
    pub(super) expires_at: Option<Wall>,
    pub(super) role: Option<Role>,
    pub(super) is_active: bool,
    pub(super) set_by_api: bool,
    pub(super) is_deleted: bool,
    pub(super) privacy: Privacy,
    /// It blocked somebody, or was blocked.
    pub(super) has_blocks: bool,
}

/// A principal as the directory knows it.
#[derive(Clone, Copy)]
pub struct Member<'d> {
    pub(super) directory: &'d Directory,
    pub(super) key: PrincipalKey,
    pub(super) row: &'d Row,
}

impl<'d> Member<'d> {
    /// The typed id.
    #[must_use]
    pub fn id(self) -> &'d PrincipalId {
        &self.row.id
    }

    /// A role set through the API, which overrides the token's.
    #[must_use]
    pub fn role(self) -> Option<Role> {
        self.row.role
    }

    /// Deactivated principals cannot authenticate.
    #[must_use]
    pub fn is_active(self) -> bool {
        self.row.is_active
    }

    /// A name was set through the API: later claims do not change it.
    #[must_use]
    pub fn is_set_by_api(self) -> bool {
        self.row.set_by_api
    }

    /// Deleted principals keep their key and may not come back by themselves.
    #[must_use]
    pub fn is_deleted(self) -> bool {
        self.row.is_deleted
    }

    /// A guest's end; `None` for users and for guests without one.
    #[must_use]
    pub fn expires_at(self) -> Option<Wall> {
        self.row.expires_at
    }

    /// Whether this principal may authenticate at `now`.
    #[must_use]
    pub fn is_admitted(self, now: Wall) -> bool {
        let expired = self.row.expires_at.is_some_and(|end| end <= now);
        self.row.is_active && !self.row.is_deleted && !expired
    }

    /// What it lets others see.
    #[must_use]
    pub fn privacy(self) -> Privacy {
        self.row.privacy
    }

    /// Whom it blocked, sorted by key.
    #[must_use]
    pub fn blocked(self) -> &'d [PrincipalKey] {
        if self.row.has_blocks {
            self.directory.blocks.blocked_by(self.key)
        } else {
            &[]
        }
    }

    /// Who blocked it, sorted by key.
    #[must_use]
    pub fn blockers(self) -> &'d [PrincipalKey] {
        if self.row.has_blocks {
            self.directory.blocks.blockers_of(self.key)
        } else {
            &[]
        }
    }

    /// Whether somebody blocked it, or it blocked somebody: else it sees and is seen without a look at the blocks.
    #[must_use]
    pub fn has_blocks(self) -> bool {
        self.row.has_blocks
    }

    /// The conversations this principal is a member of, sorted by key.
    #[must_use]
    pub fn conversations(self) -> &'d [ConversationKey] {
        self.row.conversations.as_slice()
    }

    /// Its names and language; none of a deleted principal.
    #[must_use]
    pub fn names(self) -> Names<'d> {
        self.directory.shelves.names(self.key.index())
    }

    /// What people call this principal; never empty.
    #[must_use]
    pub fn name(self) -> Cow<'d, str> {
        self.names().name_or(self.row.id.as_str())
    }

    /// The describing part, as it was put.
    #[must_use]
    pub fn profile(self) -> Profile {
        let Names {
            username,
            display_name,
            first_name,
            last_name,
            language,
        } = self.names();
        Profile {
            username: username.map(Box::from),
            display_name: display_name.map(Box::from),
            first_name: first_name.map(Box::from),
            last_name: last_name.map(Box::from),
            language: language.map(Box::from),
            role: self.row.role,
            is_active: self.row.is_active,
            set_by_api: self.row.set_by_api,
        }
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Member")
            .field("key", &self.key)
            .field("row", &self.row)
            .field("names", &self.names())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_cache_line() {
        assert_eq!(size_of::<Row>(), 64);
    }
}
