//! Whoever has presence: a typed identifier, and the small number that stands for it inside a process.
//!
//! In: text from the wire, checked once here.
//! Always true of a [`PrincipalId`]: its id has 1 to 128 bytes of the allowed alphabet, and only guests carry the `g_` prefix.

use core::fmt;
use core::str::FromStr;

use crate::id::{Id, IdError};

/// What the wire's one `userId` field tells guests from users by.
const GUEST_PREFIX: &str = "g_";

/// Registered user or anonymous guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A registered user, known by a JWT.
    User,
    /// An anonymous participant, known by a session token.
    Guest,
}

impl PrincipalKind {
    /// `user` or `guest`, as in typed ids.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Guest => "guest",
        }
    }
}

/// Who has presence: a registered user or a guest.
///
/// Displayed and parsed as a typed id, `user:alice` or `guest:g_7f3a`.
/// Ordered by the id alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(Id);

impl PrincipalId {
    /// A registered user's id.
    ///
    /// # Errors
    /// When the text is no id, or starts with `g_`.
    pub fn user(text: &str) -> Result<Self, IdError> {
        let id: Id = text.parse()?;
        if text.starts_with(GUEST_PREFIX) {
            return Err(IdError::Prefix);
        }
        Ok(Self(id))
    }

    /// A guest's id.
    ///
    /// # Errors
    /// When the text is no id, or does not start with `g_`.
    pub fn guest(text: &str) -> Result<Self, IdError> {
        let id: Id = text.parse()?;
        if !text.starts_with(GUEST_PREFIX) {
            return Err(IdError::Prefix);
        }
        Ok(Self(id))
    }

    /// The principal behind a bare `userId` of the wire: the `g_` prefix tells.
    ///
    /// # Errors
    /// When the text is no id.
    pub fn from_wire(text: &str) -> Result<Self, IdError> {
        if text.starts_with(GUEST_PREFIX) {
            Self::guest(text)
        } else {
            Self::user(text)
        }
    }

    /// The id's text without its type, as the wire's `userId` carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// User or guest.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        if self.as_bytes().starts_with(GUEST_PREFIX.as_bytes()) {
            PrincipalKind::Guest
        } else {
            PrincipalKind::User
        }
    }

    /// The bytes of [`Self::as_str`].
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.kind().as_str(), self.as_str())
    }
}

impl FromStr for PrincipalId {
    type Err = IdError;

    /// Parses `user:<id>`, `guest:<id>`, or a bare id, which is a user.
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.split_once(':') {
            Some(("user", id)) => Self::user(id),
            Some(("guest", id)) => Self::guest(id),
            Some(_) => Err(IdError::Kind),
            None => Self::user(text),
        }
    }
}

/// The number that stands for a principal inside one process; dense, never reused, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalKey(pub u32);

impl PrincipalKey {
    /// The key as a position in a dense table.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_ids_parse_and_print() {
        let check = |text: &str, expected: Result<&str, IdError>| {
            let parsed = text.parse::<PrincipalId>().map(|id| id.to_string());
            assert_eq!(
                parsed.as_deref().map_err(|error| *error),
                expected,
                "{text}"
            );
        };
        check("alice", Ok("user:alice"));
        check("user:alice@example.org", Ok("user:alice@example.org"));
        check("guest:g_1", Ok("guest:g_1"));
        check("guest:1", Err(IdError::Prefix));
        check("user:g_1", Err(IdError::Prefix));
        check("g_1", Err(IdError::Prefix));
        check("", Err(IdError::Length));
        check("user:", Err(IdError::Length));
        check("robot:r2", Err(IdError::Kind));
        check("al ice", Err(IdError::Alphabet));
        check("zoé", Err(IdError::Alphabet));
        check(&"a".repeat(129), Err(IdError::Length));
    }

    #[test]
    fn the_wire_tells_guests_by_their_prefix() {
        assert_eq!(
            PrincipalId::from_wire("g_1").map(|id| id.kind()),
            Ok(PrincipalKind::Guest)
        );
        assert_eq!(
            PrincipalId::from_wire("bob").map(|id| id.kind()),
            Ok(PrincipalKind::User)
        );
    }
}
