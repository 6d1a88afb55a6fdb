//! Reading: everything at a start, table after table and page after page; a few rows at a time for maintenance.
//!
//! In: a transaction that reads. Out: pages of rows in the core's terms, or what was asked for.
//! Always true: a row that this program never writes is an error, not a guess; of a principal with several rows the newest state is kept, and the latest of all times.

mod presence;
mod privacy;
mod reading;

use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use vigie_core::{PrincipalId, Profile, Role, Wall};

pub(super) use self::presence::{everyone, of as presence_of};
pub(super) use self::privacy::{blocks, settings as privacy};
use self::reading::{Reading, Receive, all, pages, wrong};
use crate::error::ReadError;
use crate::rows::{StoredConversation, StoredGuest, StoredUser};

pub(super) async fn users(
    connection: &mut PgConnection,
    receive: Receive<'_, StoredUser>,
) -> Result<(), ReadError> {
    const TABLE: &str = "users";
    const SQL: &str = "
        SELECT id, username, display_name, first_name, last_name, language, role,
            is_active, set_by_api, deleted_at IS NOT NULL
        FROM users
        ORDER BY id";
    fn user(row: &PgRow) -> Result<StoredUser, ReadError> {
        let row = Reading::of(TABLE, row);
        let role: Option<&str> = row.column(6)?;
        let role = role.map(str::parse::<Role>).transpose();
        Ok(StoredUser {
            id: PrincipalId::user(row.column(0)?).map_err(wrong(TABLE))?,
            profile: Profile {
                username: row.text(1)?,
                display_name: row.text(2)?,
                first_name: row.text(3)?,
                last_name: row.text(4)?,
                language: row.text(5)?,
                role: role.map_err(wrong(TABLE))?,
                is_active: row.column(7)?,
                set_by_api: row.column(8)?,
            },
            is_deleted: row.column(9)?,
        })
    }
    pages(connection, TABLE, sqlx::query(SQL), user, receive).await
}

pub(super) async fn guests(
    connection: &mut PgConnection,
    receive: Receive<'_, StoredGuest>,
) -> Result<(), ReadError> {
    const TABLE: &str = "guests";
    const SQL: &str = "
        SELECT id, token_sha256, conversation_id, display_name, language, expires_at, created_at
        FROM guests
        ORDER BY id";
    fn guest(row: &PgRow) -> Result<StoredGuest, ReadError> {
        let row = Reading::of(TABLE, row);
        let token: &[u8] = row.column(1)?;
        Ok(StoredGuest {
            id: row.principal(0)?,
            token_sha256: token.try_into().map_err(wrong(TABLE))?,
            conversation: row.id(2)?,
            display_name: row.column::<&str>(3)?.into(),
            language: row.text(4)?,
            expires_at: row.wall(5)?,
            created_at: Wall::from_millis(row.column(6)?),
        })
    }
    pages(connection, TABLE, sqlx::query(SQL), guest, receive).await
}

pub(super) async fn conversations(
    connection: &mut PgConnection,
    receive: Receive<'_, StoredConversation>,
) -> Result<(), ReadError> {
    const TABLE: &str = "conversations";
    const SQL: &str = "
        SELECT id, title, (
            SELECT string_agg(principal_id, ' ' ORDER BY principal_id)
            FROM members
            WHERE conversation_id = id
        )
        FROM conversations
        ORDER BY id";
    fn conversation(row: &PgRow) -> Result<StoredConversation, ReadError> {
        let row = Reading::of(TABLE, row);
        // Ids with a space between them, which no id contains; NULL when there are none.
        let members: Option<&str> = row.column(2)?;
        Ok(StoredConversation {
            id: row.id(0)?,
            title: row.text(1)?,
            members: members
                .unwrap_or_default()
                .split_terminator(' ')
                .map(PrincipalId::from_wire)
                .collect::<Result<_, _>>()
                .map_err(wrong("members"))?,
        })
    }
    pages(connection, TABLE, sqlx::query(SQL), conversation, receive).await
}

/// Guests past their end at `now`, and guests without one of whom nothing is known since `silent_since`.
pub(super) async fn stale_guests(
    connection: &mut PgConnection,
    now: Wall,
    silent_since: Wall,
) -> Result<Vec<PrincipalId>, ReadError> {
    const SQL: &str = "
        SELECT id FROM guests
        WHERE expires_at <= $1
            OR (
                expires_at IS NULL
                AND created_at < $2
                AND NOT EXISTS (
                    SELECT 1 FROM times
                    WHERE principal_id = guests.id
                        AND (last_active_at >= $2 OR last_seen_at >= $2 OR left_at >= $2)
                )
                AND NOT EXISTS (
                    SELECT 1 FROM node_presence
                    WHERE principal_id = guests.id
                        AND (
                            sessions IS NOT NULL OR rest_floor IS NOT NULL
                            OR last_active_at >= $2 OR last_seen_at >= $2 OR left_at >= $2
                        )
                )
            )
        ORDER BY id";
    let asked = sqlx::query(SQL)
        .bind(now.as_millis())
        .bind(silent_since.as_millis());
    let guest = |row: &PgRow| Reading::of("guests", row).principal(0);
    all(connection, "stale guests", asked, guest).await
}
