//! Reading what people let others see, and whom they blocked; few have a row.

use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use vigie_core::Privacy;

use super::reading::{Reading, Receive, pages, wrong};
use crate::error::ReadError;
use crate::rows::{StoredBlock, StoredPrivacy};

pub(in crate::postgres) async fn settings(
    connection: &mut PgConnection,
    receive: Receive<'_, StoredPrivacy>,
) -> Result<(), ReadError> {
    const TABLE: &str = "privacy";
    const SQL: &str = "
        SELECT principal_id, availability, last_seen FROM privacy ORDER BY principal_id";
    fn setting(row: &PgRow) -> Result<StoredPrivacy, ReadError> {
        let row = Reading::of(TABLE, row);
        let reach = |column| row.column::<&str>(column)?.parse().map_err(wrong(TABLE));
        Ok(StoredPrivacy {
            principal: row.principal(0)?,
            privacy: Privacy {
                availability: reach(1)?,
                last_seen: reach(2)?,
            },
        })
    }
    pages(connection, TABLE, sqlx::query(SQL), setting, receive).await
}

pub(in crate::postgres) async fn blocks(
    connection: &mut PgConnection,
    receive: Receive<'_, StoredBlock>,
) -> Result<(), ReadError> {
    const TABLE: &str = "blocks";
    const SQL: &str = "
        SELECT blocker_id, blocked_id FROM blocks ORDER BY blocker_id, blocked_id";
    fn block(row: &PgRow) -> Result<StoredBlock, ReadError> {
        let row = Reading::of(TABLE, row);
        Ok(StoredBlock {
            blocker: row.principal(0)?,
            blocked: row.principal(1)?,
        })
    }
    pages(connection, TABLE, sqlx::query(SQL), block, receive).await
}
