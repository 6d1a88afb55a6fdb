//! The large tables, a page of rows at a time: SQLite packs them as JSON, which costs a tenth of handing over each row by itself.
//!
//! In: a query that takes the last key read and the size of a page, and gives the page and its last key.
//! Out: the rows, in the order of their keys, one after another to whoever takes them.

use serde::de::DeserializeOwned;
use sqlx::{Row, SqlitePool};

use super::reading::query;
use crate::error::ReadError;

/// Rows in a page: about half a megabyte of users.
const PAGE: i64 = 4_096;

/// Hands the rows of a table to `take`.
///
/// `sql` takes the last key (`?1`), the number of rows (`?2`) and, where given, `narrowed_to` (`?3`);
/// it selects a JSON array of rows with the last of their keys, NULL when there are none.
pub(super) async fn each<T: DeserializeOwned>(
    readers: &SqlitePool,
    table: &'static str,
    sql: &'static str,
    narrowed_to: Option<&str>,
    mut take: impl FnMut(T) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut connection = readers.acquire().await.map_err(query(table))?;
    let mut last = String::new();
    loop {
        let mut page = sqlx::query(sql).bind(last.as_str()).bind(PAGE);
        if let Some(narrowed_to) = narrowed_to {
            page = page.bind(narrowed_to);
        }
        let page = page
            .fetch_one(&mut *connection)
            .await
            .map_err(query(table))?;
        let next: Option<String> = page.try_get(1).map_err(query(table))?;
        let Some(next) = next else {
            return Ok(());
        };
        let packed: &str = page.try_get(0).map_err(query(table))?;
        let rows: Vec<T> = serde_json::from_str(packed).map_err(|error| ReadError::Row {
            table,
            // Its own text could quote a value.
            reason: format!("a column of a wrong type, {:?}", error.classify()),
        })?;
        for row in rows {
            take(row)?;
        }
        last = next;
    }
}
