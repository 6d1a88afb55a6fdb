//! What people call a principal, and what it may do.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

/// The describing part of a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Login name.
    pub username: Option<Box<str>>,
    /// The name to show.
    pub display_name: Option<Box<str>>,
    /// Given name.
    pub first_name: Option<Box<str>>,
    /// Family name.
    pub last_name: Option<Box<str>>,
    /// Language tag.
    pub language: Option<Box<str>>,
    /// A role set through the API, which overrides the token's.
    pub role: Option<Role>,
    /// Deactivated principals cannot authenticate.
    pub is_active: bool,
    /// A name was set through the API: later claims do not change it.
    pub set_by_api: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            username: None,
            display_name: None,
            first_name: None,
            last_name: None,
            language: None,
            role: None,
            is_active: true,
            set_by_api: false,
        }
    }
}

impl Profile {
    /// Longest name in characters: it travels in every event about a person.
    pub const MAX_NAME_CHARS: usize = 200;

    /// The names, to read.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names {
            username: self.username.as_deref(),
            display_name: self.display_name.as_deref(),
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            language: self.language.as_deref(),
        }
    }
}

/// How many names there are, the language counted with them.
pub(super) const NAMES: usize = 5;

/// What a principal is called, and in which language it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Names<'a> {
    /// Login name.
    pub username: Option<&'a str>,
    /// The name to show.
    pub display_name: Option<&'a str>,
    /// Given name.
    pub first_name: Option<&'a str>,
    /// Family name.
    pub last_name: Option<&'a str>,
    /// Language tag.
    pub language: Option<&'a str>,
}

impl<'a> Names<'a> {
    /// All of them, in the order above.
    pub(super) fn fields(self) -> [Option<&'a str>; NAMES] {
        [
            self.username,
            self.display_name,
            self.first_name,
            self.last_name,
            self.language,
        ]
    }

    /// What [`Self::fields`] took apart.
    pub(super) fn of_fields(fields: [Option<&'a str>; NAMES]) -> Self {
        let [username, display_name, first_name, last_name, language] = fields;
        Self {
            username,
            display_name,
            first_name,
            last_name,
            language,
        }
    }

    /// Display name, else "First Last", else username, else `id`.
    #[must_use]
    pub fn name_or(self, id: &'a str) -> Cow<'a, str> {
        let given = |name: Option<&'a str>| name.filter(|name| !name.is_empty());
        if let Some(name) = given(self.display_name) {
            return Cow::Borrowed(name);
        }
        match (given(self.first_name), given(self.last_name)) {
            (Some(first), Some(last)) => Cow::Owned(format!("{first} {last}")),
            (Some(name), None) | (None, Some(name)) => Cow::Borrowed(name),
            (None, None) => Cow::Borrowed(given(self.username).unwrap_or(id)),
        }
    }
}

/// What a registered user may do beyond being present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everybody.
    User,
    /// May use maintenance routes.
    Admin,
    /// Moderates conversations.
    Moderator,
    /// Reads for audits.
    Audit,
    /// Reads for analyses.
    Analyst,
    /// May use maintenance routes.
    BigBoss,
}

impl Role {
    /// The word of the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Admin => "ADMIN",
            Self::Moderator => "MODERATOR",
            Self::Audit => "AUDIT",
            Self::Analyst => "ANALYST",
            Self::BigBoss => "BIGBOSS",
        }
    }

    /// Whether this role sees everybody as a contact does, and cannot be blocked.
    #[must_use]
    pub const fn may_moderate(self) -> bool {
        match self {
            Self::Admin | Self::BigBoss | Self::Moderator => true,
            Self::User | Self::Audit | Self::Analyst => false,
        }
    }

    /// Whether maintenance routes are open to this role.
    #[must_use]
    pub const fn may_maintain(self) -> bool {
        match self {
            Self::Admin | Self::BigBoss => true,
            Self::User | Self::Moderator | Self::Audit | Self::Analyst => false,
        }
    }
}

/// A word that names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRole;

impl fmt::Display for UnknownRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a role is one of USER, ADMIN, MODERATOR, MODO, AUDIT, ANALYST, BIGBOSS")
    }
}

impl core::error::Error for UnknownRole {}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        match word {
            "USER" => Ok(Self::User),
            "ADMIN" => Ok(Self::Admin),
            "MODERATOR" | "MODO" => Ok(Self::Moderator),
            "AUDIT" => Ok(Self::Audit),
            "ANALYST" => Ok(Self::Analyst),
            "BIGBOSS" => Ok(Self::BigBoss),
            _ => Err(UnknownRole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_back_from_display_to_full_to_user_name_to_id() {
        let check = |display: &str, first: &str, last: &str, user: &str, expected: &str| {
            let boxed = |text: &str| (!text.is_empty()).then(|| text.into());
            let profile = Profile {
                username: boxed(user),
                display_name: boxed(display),
                first_name: boxed(first),
                last_name: boxed(last),
                ..Profile::default()
            };
            assert_eq!(profile.names().name_or("id"), expected);
        };
        check("Ally", "Alice", "Liddell", "alice", "Ally");
        check("", "Alice", "Liddell", "alice", "Alice Liddell");
        check("", "Alice", "", "alice", "Alice");
        check("", "", "", "alice", "alice");
        check("", "", "", "", "id");
    }
}
