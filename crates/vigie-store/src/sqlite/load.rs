//! Reading: everything at a start, table after table and page after page; a few rows at a time for maintenance.
//!
//! In: the readers. Out: [`Page`]s, or what was asked for.
//! Always true: a row that this program never writes is an error, not a guess; of a principal with several rows the newest state is kept, and the latest of all times.

mod pages;
mod presence;
mod privacy;
mod reading;
mod stale_guests;

use futures_util::TryStreamExt;
use sqlx::SqlitePool;
use vigie_core::{PrincipalId, Profile, Role, Wall};

use self::pages::{PAGE, Paged};
pub(super) use self::presence::of as presence_of;
use self::reading::{Reading, query, wrong};
pub(super) use self::stale_guests::stale_guests;
use crate::error::ReadError;
use crate::rows::{Page, StoredConversation, StoredGuest, StoredUser};

/// Whoever takes the pages.
type Receive<'r> = &'r mut (dyn FnMut(Page) + Send);

/// Reads all tables.
pub(super) async fn everything(
    readers: &SqlitePool,
    receive: Receive<'_>,
) -> Result<(), ReadError> {
    users(readers, receive).await?;
    guests(readers, receive).await?;
    privacy::settings(readers, receive).await?;
    privacy::blocks(readers, receive).await?;
    conversations(readers, receive).await?;
    presence::everyone(readers, receive).await
}

/// A row of `users`, packed; flags are 0 or 1.
#[derive(serde::Deserialize)]
struct PackedUser {
    id: Box<str>,
    username: Option<Box<str>>,
    display_name: Option<Box<str>>,
    first_name: Option<Box<str>>,
    last_name: Option<Box<str>>,
    language: Option<Box<str>>,
    role: Option<Box<str>>,
    is_active: u8,
    set_by_api: u8,
    is_deleted: u8,
}

const USERS: &str = "users";

async fn users(readers: &SqlitePool, receive: Receive<'_>) -> Result<(), ReadError> {
    let table = Paged {
        table: USERS,
        sql: "
            SELECT json_group_array(json_array(
                id, username, display_name, first_name, last_name, language, role,
                is_active, set_by_api, deleted_at IS NOT NULL
            )), max(id)
            FROM (SELECT * FROM users WHERE id > ?1 ORDER BY id LIMIT ?2)",
        narrowed_to: None,
    };
    let mut pages = table.read(readers);
    while let Some(page) = pages.next().await? {
        let users = page.into_iter().map(user).collect::<Result<_, _>>()?;
        receive(Page::Users(users));
    }
    Ok(())
}

fn user(packed: PackedUser) -> Result<StoredUser, ReadError> {
    let role = packed.role.map(|word| word.parse::<Role>()).transpose();
    Ok(StoredUser {
        id: PrincipalId::user(&packed.id).map_err(wrong(USERS))?,
        profile: Profile {
            username: packed.username,
            display_name: packed.display_name,
            first_name: packed.first_name,
            last_name: packed.last_name,
            language: packed.language,
            role: role.map_err(wrong(USERS))?,
            is_active: packed.is_active != 0,
            set_by_api: packed.set_by_api != 0,
        },
        is_deleted: packed.is_deleted != 0,
    })
}

async fn guests(readers: &SqlitePool, receive: Receive<'_>) -> Result<(), ReadError> {
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
            token_sha256: token.try_into().map_err(wrong(row.table()))?,
            conversation: row.id(2)?,
            display_name: row.column::<&str>(3)?.into(),
            language: row.text(4)?,
            expires_at: row.wall(5)?,
            created_at: Wall::from_millis(row.column(6)?),
        });
        if guests.len() == PAGE {
            receive(Page::Guests(std::mem::take(&mut guests)));
        }
    }
    if !guests.is_empty() {
        receive(Page::Guests(guests));
    }
    Ok(())
}

/// A row of `conversations`, packed with its members.
#[derive(serde::Deserialize)]
struct PackedConversation {
    id: Box<str>,
    title: Option<Box<str>>,
    /// Ids with a space between them, which no id contains; `None` when there are none.
    members: Option<Box<str>>,
}

async fn conversations(readers: &SqlitePool, receive: Receive<'_>) -> Result<(), ReadError> {
    let table = Paged {
        table: "conversations",
        sql: "
            SELECT json_group_array(json_array(id, title, members)), max(id)
            FROM (
                SELECT id, title, (
                    SELECT group_concat(principal_id, ' ' ORDER BY principal_id)
                    FROM members
                    WHERE conversation_id = id
                ) AS members
                FROM conversations
                WHERE id > ?1 ORDER BY id LIMIT ?2
            )",
        narrowed_to: None,
    };
    let mut pages = table.read(readers);
    while let Some(page) = pages.next().await? {
        let conversations = page
            .into_iter()
            .map(conversation)
            .collect::<Result<_, _>>()?;
        receive(Page::Conversations(conversations));
    }
    Ok(())
}

fn conversation(packed: PackedConversation) -> Result<StoredConversation, ReadError> {
    let members = packed.members.as_deref().unwrap_or_default();
    Ok(StoredConversation {
        id: packed.id.parse().map_err(wrong("conversations"))?,
        title: packed.title,
        members: members
            .split_terminator(' ')
            .map(PrincipalId::from_wire)
            .collect::<Result<_, _>>()
            .map_err(wrong("members"))?,
    })
}
