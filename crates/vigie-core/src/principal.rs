//! Whoever has presence: a typed identifier, and the small number that stands for it inside a process.
//!
//! In: text from the wire, checked once here.
//! Always true of a [`PrincipalId`]: its id has 1 to 128 bytes of the allowed alphabet, and only guests carry the `g_` prefix.

use core::fmt;
use core::str::FromStr;

/// Longest id in bytes; it travels in URLs, room names and every event.
const MAX_ID_BYTES: usize = 128;

/// What the wire's one `userId` field tells guests from users by.
const GUEST_PREFIX: &str = "g_";

/// A checked identifier: 1 to 128 bytes of `A-Z a-z 0-9 . _ ~ @ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Box<str>);

impl Id {
    /// The identifier's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > MAX_ID_BYTES {
            return Err(IdError::Length);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~@-".contains(&byte);
        if !text.bytes().all(allowed) {
            return Err(IdError::Alphabet);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdError {
    /// Empty, or longer than 128 bytes.
    Length,
    /// A byte outside `A-Z a-z 0-9 . _ ~ @ -`.
    Alphabet,
    /// A user's id starts with `g_`, or a guest's does not.
    Prefix,
    /// A typed id whose type is neither `user` nor `guest`.
    Kind,
}

impl fmt::Display for IdError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Length => "an id has 1 to 128 bytes",
            Self::Alphabet => "an id is made of A-Z a-z 0-9 . _ ~ @ -",
            Self::Prefix => "ids that start with g_ belong to guests, and only to them",
            Self::Kind => "a typed id starts with user: or guest:",
        })
    }
}

impl core::error::Error for IdError {}

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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalId {
    /// A registered user.
    User(Id),
    /// A guest; its id starts with `g_`.
    Guest(Id),
}

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
        Ok(Self::User(id))
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
        Ok(Self::Guest(id))
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

    /// The id without its type.
    #[must_use]
    pub fn id(&self) -> &Id {
        match self {
            Self::User(id) | Self::Guest(id) => id,
        }
    }

    /// The id's text without its type, as the wire's `userId` carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.id().as_str()
    }

    /// User or guest.
    #[must_use]
    pub const fn kind(&self) -> PrincipalKind {
        match self {
            Self::User(_) => PrincipalKind::User,
            Self::Guest(_) => PrincipalKind::Guest,
        }
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
