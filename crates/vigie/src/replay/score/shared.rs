//! The ledger while a replay runs: written by the watcher, waited for by the players.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{EdgeIndex, Ledger, PersonIndex, Verdict};
use crate::replay::score::Told;

/// A handle to the one ledger; clones share it.
#[derive(Debug, Clone)]
pub(in crate::replay) struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    book: Mutex<Book>,
    /// One for each person, woken when an edge of theirs was seen.
    seen: Vec<Notify>,
}

#[derive(Debug, Default)]
struct Book {
    ledger: Ledger,
    troubles: Vec<String>,
    /// After closing, nothing more is taken in.
    is_closed: bool,
}

impl Shared {
    pub(in crate::replay) fn new(people: usize) -> Self {
        Self(Arc::new(Inner {
            book: Mutex::new(Book {
                ledger: Ledger::new(people),
                ..Book::default()
            }),
            seen: (0..people).map(|_| Notify::new()).collect(),
        }))
    }

    /// Reads or writes the ledger, for an instant.
    pub(in crate::replay) fn with<T>(&self, action: impl FnOnce(&mut Ledger) -> T) -> T {
        action(&mut self.book().ledger)
    }

    /// Takes in what the watcher was told at `now`, and wakes who waits for it.
    pub(in crate::replay) fn tell(&self, told: Told, now: Instant) {
        let person = told.person;
        let mut book = self.book();
        if !book.is_closed && book.ledger.tell(told, now) == Verdict::Due {
            self.0.seen[person.0].notify_one();
        }
    }

    /// Notes something that went wrong beside the edges.
    pub(in crate::replay) fn trouble(&self, what: String) {
        let mut book = self.book();
        if !book.is_closed {
            book.troubles.push(what);
        }
    }

    /// Waits until the edge was seen; false when `within` passed first.
    pub(in crate::replay) async fn settled(
        &self,
        person: PersonIndex,
        edge: EdgeIndex,
        within: Duration,
    ) -> bool {
        let seen = async {
            // A wake-up may be left over from an edge that was seen after its time.
            while !self.with(|ledger| ledger.is_seen(edge)) {
                self.0.seen[person.0].notified().await;
            }
        };
        tokio::time::timeout(within, seen).await.is_ok()
    }

    /// Closes the book: the ledger and the troubles, and nothing that comes later.
    pub(in crate::replay) fn close(&self) -> (Ledger, Vec<String>) {
        let mut book = self.book();
        book.is_closed = true;
        let ledger = std::mem::take(&mut book.ledger);
        (ledger, std::mem::take(&mut book.troubles))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // A panic elsewhere leaves at worst one statement out of the book.
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
