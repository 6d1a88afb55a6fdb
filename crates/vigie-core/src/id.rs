//! Identifiers of the wire: checked once where they come in, compared as bytes ever after.
//!
//! Always true: an id has 1 to 128 bytes of the allowed alphabet; a short one lies where its owner lies, without memory of its own.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

/// Longest id in bytes; it travels in URLs, room names and every event.
const LONGEST: usize = 128;

/// Longest id that takes no memory of its own: with its length and its kind it fills half a cache line.
const SHORT: usize = 30;

/// A checked identifier: 1 to 128 bytes of `A-Z a-z 0-9 . _ ~ @ -`.
#[derive(Clone)]
pub struct Id(Text);

#[derive(Clone)]
enum Text {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<str>),
}

impl Id {
    /// The identifier's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Short { .. } => match core::str::from_utf8(self.as_bytes()) {
                Ok(text) => text,
                Err(_) => unreachable!("the alphabet of ids is a part of ASCII"),
            },
            Text::Long(text) => text,
        }
    }

    /// The bytes of [`Self::as_str`].
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Short { length, bytes } => &bytes[..usize::from(*length)],
            Text::Long(text) => text.as_bytes(),
        }
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(IdError::Length);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~@-".contains(&byte);
        if !text.bytes().all(allowed) {
            return Err(IdError::Alphabet);
        }
        let mut bytes = [0; SHORT];
        Ok(Self(match bytes.get_mut(..text.len()) {
            Some(room) => {
                room.copy_from_slice(text.as_bytes());
                let length = text.len() as u8;
                Text::Short { length, bytes }
            }
            None => Text::Long(text.into()),
        }))
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Id {}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Id").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn ids_of_every_length_keep_their_text_and_their_order() {
        let mut before: Option<Id> = None;
        for length in 1..=LONGEST {
            let text = "x".repeat(length);
            let id: Id = text.parse().unwrap();
            assert_eq!(id.as_str(), text);
            assert_eq!(id, text.parse().unwrap());
            assert!(before.is_none_or(|shorter| shorter < id));
            before = Some(id);
        }
        assert_eq!("x".repeat(LONGEST + 1).parse::<Id>(), Err(IdError::Length));
    }

    #[test]
    fn an_id_is_half_a_cache_line() {
        assert_eq!(size_of::<Id>(), 32);
        assert_eq!(size_of::<Option<Id>>(), 32);
    }
}
