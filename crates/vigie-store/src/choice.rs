//! A choice on its way out of a database, whichever one that is.
//!
//! In: the columns of a row of `choices`. Out: the core's value, or nothing when this program never writes such a row.

use std::sync::Arc;

use vigie_core::{Chosen, ChosenStatus, StoredChoice, Veil, Version, Wall};

/// The table.
pub(crate) const TABLE: &str = "choices";

/// The columns after the person's id, in their order.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Columns {
    pub(crate) version: i64,
    pub(crate) status: Option<Box<str>>,
    pub(crate) text: Option<Box<str>>,
    pub(crate) until: Option<i64>,
    pub(crate) veil_version: Option<i64>,
    pub(crate) veil_last_active_at: Option<i64>,
    pub(crate) veil_last_seen_at: Option<i64>,
}

impl Columns {
    /// The choice; `None` when its status is a word, or one of its versions a number, that there is not.
    pub(crate) fn read(self) -> Option<StoredChoice> {
        let status = match self.status {
            Some(word) => Some(ChosenStatus::from_word(&word)?),
            None => None,
        };
        let chosen = Chosen {
            status,
            text: self.text.map(Arc::from),
            until: self.until.map(Wall::from_millis),
        };
        let veil = match self.veil_version {
            Some(version) => Some(Veil {
                version: Version(u64::try_from(version).ok()?),
                last_active_at: self.veil_last_active_at.map(Wall::from_millis),
                last_seen_at: self.veil_last_seen_at.map(Wall::from_millis),
            }),
            None => None,
        };
        Some(StoredChoice {
            version: Version(u64::try_from(self.version).ok()?),
            chosen: (!chosen.is_nothing()).then(|| Arc::new(chosen)),
            veil,
        })
    }
}
