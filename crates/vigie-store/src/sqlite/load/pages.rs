//! The large tables, a page of rows at a time: SQLite packs them as JSON, which costs a tenth of handing over each row by itself.
//!
//! In: a query that takes the last key read and the size of a page, and gives the page and its last key.
//! Out: pages of rows in the order of their keys.
//! Always true: SQLite is at most two pages ahead of whoever takes them, so that both work at the same time and neither piles up.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use sqlx::{Row, SqlitePool};
use tokio::sync::mpsc;

use super::reading::query;
use crate::error::ReadError;

/// Rows in a page: about half a megabyte of users.
pub(super) const PAGE: usize = 4_096;

/// Pages that wait to be taken, beside the one that SQLite works on.
const AHEAD: usize = 1;

/// A query for one page.
///
/// It takes the last key (`?1`), the number of rows (`?2`) and, where given, what it is narrowed to (`?3`);
/// it selects a JSON array of rows with the last of their keys, NULL when there are none.
#[derive(Debug, Clone)]
pub(super) struct Paged {
    pub(super) table: &'static str,
    pub(super) sql: &'static str,
    pub(super) narrowed_to: Option<String>,
}

/// The pages of one query, being read.
pub(super) struct Pages<T> {
    table: &'static str,
    packed: mpsc::Receiver<Packed>,
    is_over: bool,
    rows: PhantomData<T>,
}

/// A page as SQLite packed it; `None` after the last, for a reader that died must not look like one that came to the end.
type Packed = Result<Option<String>, ReadError>;

impl Paged {
    /// Begins to read; whoever drops the pages ends it.
    pub(super) fn read<T>(self, readers: &SqlitePool) -> Pages<T> {
        let (sender, packed) = mpsc::channel(AHEAD);
        let table = self.table;
        let readers = readers.clone();
        tokio::spawn(async move {
            let end = self.send_all(&readers, &sender).await.map(|()| None);
            // Where nobody takes the pages any more, nobody wants to know how they end.
            sender.send(end).await.ok();
        });
        Pages {
            table,
            packed,
            is_over: false,
            rows: PhantomData,
        }
    }

    async fn send_all(
        &self,
        readers: &SqlitePool,
        sender: &mpsc::Sender<Packed>,
    ) -> Result<(), ReadError> {
        let failed = || query(self.table);
        let mut connection = readers.acquire().await.map_err(failed())?;
        let mut last = String::new();
        loop {
            let mut page = sqlx::query(self.sql).bind(last.as_str()).bind(PAGE as i64);
            if let Some(narrowed_to) = &self.narrowed_to {
                page = page.bind(narrowed_to.as_str());
            }
            let page = page.fetch_one(&mut *connection).await.map_err(failed())?;
            let next: Option<String> = page.try_get(1).map_err(failed())?;
            let Some(next) = next else {
                return Ok(());
            };
            let packed = page.try_get(0).map_err(failed())?;
            if sender.send(Ok(Some(packed))).await.is_err() {
                return Ok(());
            }
            last = next;
        }
    }
}

impl<T: DeserializeOwned> Pages<T> {
    /// The next page, never empty; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<T>>, ReadError> {
        if self.is_over {
            return Ok(None);
        }
        let died = || Err(query(self.table)(sqlx::Error::WorkerCrashed));
        let Some(packed) = self.packed.recv().await.unwrap_or_else(died)? else {
            self.is_over = true;
            return Ok(None);
        };
        let rows = serde_json::from_str(&packed).map_err(|error| ReadError::Row {
            table: self.table,
            // Its own text could quote a value.
            reason: format!("a column of a wrong type, {:?}", error.classify()),
        })?;
        Ok(Some(rows))
    }
}
