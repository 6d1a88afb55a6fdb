//! A choice on its way into and out of a database, whichever one that is.
//!
//! In: the columns of a row of `choices`. Out: the core's value, or nothing when this program never writes such a row.

use std::sync::Arc;

use vigie_core::{Chosen, ChosenStatus, Lifted, StoredChoice, Veil, Version, Wall};

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
    pub(crate) veil_hidden_until: Option<i64>,
}

/// The times that others are shown of the last activity and of when the person was seen, where a veil or what is left of one says so.
pub(crate) fn times_shown(choice: &StoredChoice) -> [Option<i64>; 2] {
    let by_veil = choice
        .veil
        .map(|veil| [veil.last_active_at, veil.last_seen_at]);
    let by_lifted = choice
        .lifted
        .map(|lifted| [lifted.last_active_at, lifted.last_seen_at]);
    let times = by_veil.or(by_lifted).unwrap_or_default();
    times.map(|time| time.map(Wall::as_millis))
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
        let last_active_at = self.veil_last_active_at.map(Wall::from_millis);
        let last_seen_at = self.veil_last_seen_at.map(Wall::from_millis);
        let veil = match self.veil_version {
            Some(version) => Some(Veil {
                version: Version(u64::try_from(version).ok()?),
                last_active_at,
                last_seen_at,
            }),
            None => None,
        };
        let lifted = self.veil_hidden_until.map(|hidden_until| Lifted {
            hidden_until: Wall::from_millis(hidden_until),
            last_active_at,
            last_seen_at,
        });
        Some(StoredChoice {
            version: Version(u64::try_from(self.version).ok()?),
            chosen: (!chosen.is_nothing()).then(|| Arc::new(chosen)),
            veil,
            lifted,
        })
    }
}
