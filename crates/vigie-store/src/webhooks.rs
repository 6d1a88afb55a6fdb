//! What both databases keep of webhooks in the same way: the order of the columns, and the list of conversations, as JSON.

use sqlx::{ColumnIndex, Decode, Row, Type};
use vigie_core::{Id, Wall};

use crate::rows::{StoredWebhook, WebhookProgress};

/// A webhook, from a row with its columns in the order of the table.
pub(crate) fn read<R: Row>(row: &R) -> Result<StoredWebhook, sqlx::Error>
where
    usize: ColumnIndex<R>,
    for<'r> bool: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
{
    let text = |column: usize| row.try_get::<String, _>(column);
    let time = |column: usize| {
        let millis: Option<i64> = row.try_get(column)?;
        Ok::<_, sqlx::Error>(millis.map(Wall::from_millis))
    };
    let last_error: Option<String> = row.try_get(12)?;
    Ok(StoredWebhook {
        id: text(0)?.into(),
        url: text(1)?.into(),
        secret: text(2)?.into(),
        tells_status: row.try_get(3)?,
        tells_conversations: row.try_get(4)?,
        created_at: Wall::from_millis(row.try_get(5)?),
        progress: WebhookProgress {
            sequence: row.try_get::<i64, _>(6)?.unsigned_abs(),
            cursor: text(7)?.into(),
            changed_conversations: read_list(&text(8)?)?,
            must_resync: row.try_get(9)?,
            failing_since: time(10)?,
            parked_at: time(11)?,
            last_error: last_error.map(Into::into),
        },
    })
}

/// Ids as they are kept.
pub(crate) fn list(conversations: &[Id]) -> String {
    let ids: Vec<&str> = conversations.iter().map(Id::as_str).collect();
    // A list of texts can always be written.
    serde_json::to_string(&ids).unwrap_or_else(|_| "[]".to_owned())
}

/// Ids as they were kept.
fn read_list(text: &str) -> Result<Vec<Id>, sqlx::Error> {
    let ids: Vec<String> =
        serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))?;
    ids.iter()
        .map(|id| id.parse())
        .collect::<Result<_, vigie_core::IdError>>()
        .map_err(|error| sqlx::Error::Decode(error.into()))
}
