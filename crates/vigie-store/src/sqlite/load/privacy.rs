//! Reading what people let others see, and whom they blocked; few have a row.

use futures_util::TryStreamExt;
use sqlx::SqlitePool;
use vigie_core::Privacy;

use super::Receive;
use super::pages::PAGE;
use super::reading::{Reading, query, wrong};
use crate::error::ReadError;
use crate::rows::{Page, StoredBlock, StoredPrivacy};

pub(super) async fn settings(readers: &SqlitePool, receive: Receive<'_>) -> Result<(), ReadError> {
    const TABLE: &str = "privacy";
    const SQL: &str = "SELECT principal_id, availability, last_seen FROM privacy";
    let mut settings = Vec::new();
    let mut rows = sqlx::query(SQL).fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query(TABLE))? {
        let row = Reading::of(TABLE, &row);
        let reach = |column| row.column::<&str>(column)?.parse().map_err(wrong(TABLE));
        settings.push(StoredPrivacy {
            principal: row.principal(0)?,
            privacy: Privacy {
                availability: reach(1)?,
                last_seen: reach(2)?,
            },
        });
        if settings.len() == PAGE {
            receive(Page::Privacy(std::mem::take(&mut settings)));
        }
    }
    if !settings.is_empty() {
        receive(Page::Privacy(settings));
    }
    Ok(())
}

pub(super) async fn blocks(readers: &SqlitePool, receive: Receive<'_>) -> Result<(), ReadError> {
    const TABLE: &str = "blocks";
    const SQL: &str = "SELECT blocker_id, blocked_id FROM blocks";
    let mut blocks = Vec::new();
    let mut rows = sqlx::query(SQL).fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query(TABLE))? {
        let row = Reading::of(TABLE, &row);
        blocks.push(StoredBlock {
            blocker: row.principal(0)?,
            blocked: row.principal(1)?,
        });
        if blocks.len() == PAGE {
            receive(Page::Blocks(std::mem::take(&mut blocks)));
        }
    }
    if !blocks.is_empty() {
        receive(Page::Blocks(blocks));
    }
    Ok(())
}
