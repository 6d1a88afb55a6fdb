//! Reading: everything at a start, the tables side by side, row by row; a few rows at a time for maintenance.
//!
//! In: the readers. Out: one [`Snapshot`], or what was asked for.
//! Always true: a row that this program never writes is an error, not a guess; of a principal with several rows the newest state is kept, and the latest of all times.

mod presence;
mod reading;
mod stale_guests;

use futures_util::TryStreamExt;
use sqlx::SqlitePool;
use vigie_core::{Profile, Role, Wall};

pub(super) use self::presence::of as presence_of;
use self::reading::{Reading, query};
pub(super) use self::stale_guests::stale_guests;
use crate::error::ReadError;
use crate::rows::{Snapshot, StoredConversation, StoredGuest, StoredUser};

/// Reads all tables.
pub(super) async fn everything(readers: &SqlitePool) -> Result<Snapshot, ReadError> {
    let (users, guests, conversations, presence) = tokio::try_join!(
        users(readers),
        guests(readers),
        conversations(readers),
        presence::everyone(readers),
    )?;
    Ok(Snapshot {
        users,
        guests,
        conversations,
        presence,
    })
}

async fn users(readers: &SqlitePool) -> Result<Vec<StoredUser>, ReadError> {
    const SQL: &str = "
        SELECT id, username, display_name, first_name, last_name, language, role,
            is_active, set_by_api, deleted_at IS NOT NULL
        FROM users";
    let mut users = Vec::new();
    let mut rows = sqlx::query(SQL).fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query("users"))? {
        let row = Reading::of("users", &row);
        let role: Option<&str> = row.column(6)?;
        let role = role.map(str::parse::<Role>).transpose();
        users.push(StoredUser {
            id: row.principal(0)?,
            profile: Profile {
                username: row.text(1)?,
                display_name: row.text(2)?,
                first_name: row.text(3)?,
                last_name: row.text(4)?,
                language: row.text(5)?,
                role: role.map_err(|error| row.wrong(error))?,
                is_active: row.column(7)?,
                set_by_api: row.column(8)?,
            },
            is_deleted: row.column(9)?,
        });
    }
    Ok(users)
}

async fn guests(readers: &SqlitePool) -> Result<Vec<StoredGuest>, ReadError> {
    const SQL: &str = "
        SELECT id, token_sha256, conversation_id, display_name, language, expires_at, created_at
        FROM guests";
    let mut guests = Vec::new();
    let mut rows = sqlx::query(SQL).fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query("guests"))? {
        let row = Reading::of("guests", &row);
        let token: &[u8] = row.column(1)?;
        guests.push(StoredGuest {
            id: row.principal(0)?,
            token_sha256: token.try_into().map_err(|error| row.wrong(error))?,
            conversation: row.id(2)?,
            display_name: row.column::<&str>(3)?.into(),
            language: row.text(4)?,
            expires_at: row.wall(5)?,
            created_at: Wall::from_millis(row.column(6)?),
        });
    }
    Ok(guests)
}

async fn conversations(readers: &SqlitePool) -> Result<Vec<StoredConversation>, ReadError> {
    const SQL: &str = "
        SELECT c.id, c.title, m.principal_id
        FROM conversations AS c LEFT JOIN members AS m ON m.conversation_id = c.id
        ORDER BY c.id, m.principal_id";
    let mut conversations: Vec<StoredConversation> = Vec::new();
    let mut rows = sqlx::query(SQL).fetch(readers);
    while let Some(row) = rows.try_next().await.map_err(query("conversations"))? {
        let row = Reading::of("conversations", &row);
        let id: &str = row.column(0)?;
        let is_next = conversations
            .last()
            .is_none_or(|conversation| conversation.id.as_str() != id);
        if is_next {
            conversations.push(StoredConversation {
                id: row.id(0)?,
                title: row.text(1)?,
                members: Vec::new(),
            });
        }
        let member: Option<&str> = row.column(2)?;
        if let (Some(conversation), Some(_)) = (conversations.last_mut(), member) {
            conversation.members.push(row.principal(2)?);
        }
    }
    Ok(conversations)
}
