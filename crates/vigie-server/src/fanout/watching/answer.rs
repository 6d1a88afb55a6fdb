//! `presence:watching`: what a link is told of its watch list.
//!
//! Always true: it says nothing of whether anybody has an id, or may be seen.

use serde::Serialize;

/// Why somebody is not watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchRefusal {
    /// The text is no id.
    InvalidId,
    /// The list is full.
    TooMany,
    /// Too many were begun to be watched within the minute.
    RateLimited,
}

impl WatchRefusal {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::InvalidId => "invalid_id",
            Self::TooMany => "too_many",
            Self::RateLimited => "rate_limited",
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Refused {
    pub(super) id: String,
    pub(super) code: &'static str,
}

/// `presence:watching`.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    pub(super) total: usize,
    pub(super) refused: Vec<Refused>,
    /// Of whom nothing is told any more; whoever is no contact is, whether or not there is anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gone: Option<Vec<&'a str>>,
}
