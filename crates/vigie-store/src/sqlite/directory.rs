//! Writing the directory: users, guests, conversations and members.
//!
//! In: what memory has decided. Out: rows.
//! Always true: whoever goes takes everything of theirs along, and a tombstone yields to an API call only.

use std::collections::HashSet;
use std::sync::LazyLock;

use sqlx::SqliteConnection;
use vigie_core::{Id, PrincipalId, Wall};

use super::bulk::{Binding, Bulk};
use super::privacy;
use crate::rows::{StoredBlock, StoredConversation, StoredGuest, StoredUser};

type Outcome = Result<(), sqlx::Error>;

pub(super) async fn upsert_users(
    connection: &mut SqliteConnection,
    users: &[StoredUser],
) -> Outcome {
    UPSERT_USERS.run(connection, users, bind_user).await?;
    Ok(())
}

pub(super) async fn provision_users(
    connection: &mut SqliteConnection,
    users: &[StoredUser],
) -> Outcome {
    PROVISION_USERS.run(connection, users, bind_user).await?;
    Ok(())
}

pub(super) async fn delete_user(
    connection: &mut SqliteConnection,
    user: &PrincipalId,
    at: Wall,
) -> Outcome {
    sqlx::query(
        "INSERT INTO users (id, is_active, set_by_api, deleted_at) VALUES (?, 0, 0, ?)
        ON CONFLICT (id) DO UPDATE SET
            username = NULL, display_name = NULL, first_name = NULL, last_name = NULL,
            language = NULL, role = NULL, is_active = 0, set_by_api = 0,
            deleted_at = coalesce(users.deleted_at, excluded.deleted_at)",
    )
    .bind(user.as_str())
    .bind(at.as_millis())
    .execute(&mut *connection)
    .await?;
    forget(connection, std::slice::from_ref(user)).await
}

pub(super) async fn upsert_guests(
    connection: &mut SqliteConnection,
    guests: &[StoredGuest],
) -> Outcome {
    ADD_CONVERSATIONS
        .run(connection, guests, |query, guest| {
            query.bind(guest.conversation.as_str()).bind(None::<&str>)
        })
        .await?;
    UPSERT_GUESTS
        .run(connection, guests, |query, guest| {
            query
                .bind(guest.id.as_str())
                .bind(guest.token_sha256.as_slice())
                .bind(guest.conversation.as_str())
                .bind(&*guest.display_name)
                .bind(guest.language.as_deref())
                .bind(guest.expires_at.map(Wall::as_millis))
                .bind(guest.created_at.as_millis())
        })
        .await?;
    ADD_MEMBERS
        .run(connection, guests, |query, guest| {
            query
                .bind(guest.conversation.as_str())
                .bind(guest.id.as_str())
        })
        .await?;
    Ok(())
}

pub(super) async fn delete_guests(
    connection: &mut SqliteConnection,
    guests: &[PrincipalId],
) -> Outcome {
    DELETE_GUESTS
        .run(connection, guests, |query, guest| {
            query.bind(guest.as_str())
        })
        .await?;
    forget(connection, guests).await
}

pub(super) async fn merge_guest(
    connection: &mut SqliteConnection,
    guest: &PrincipalId,
    user: &PrincipalId,
    blocks: &[StoredBlock],
) -> Outcome {
    sqlx::query(
        "INSERT OR IGNORE INTO members (conversation_id, principal_id)
        SELECT conversation_id, ? FROM members WHERE principal_id = ?",
    )
    .bind(user.as_str())
    .bind(guest.as_str())
    .execute(&mut *connection)
    .await?;
    privacy::add_blocks(connection, blocks).await?;
    delete_guests(connection, std::slice::from_ref(guest)).await
}

pub(super) async fn upsert_conversations(
    connection: &mut SqliteConnection,
    conversations: &[StoredConversation],
) -> Outcome {
    ADD_CONVERSATIONS
        .run(connection, conversations, |query, conversation| {
            query
                .bind(conversation.id.as_str())
                .bind(conversation.title.as_deref())
        })
        .await?;
    let memberships: Vec<_> = conversations
        .iter()
        .flat_map(|conversation| {
            let members = conversation.members.iter();
            members.map(|member| (&conversation.id, member))
        })
        .collect();
    ADD_MEMBERS
        .run(connection, &memberships, |query, (conversation, member)| {
            query.bind(conversation.as_str()).bind(member.as_str())
        })
        .await?;
    Ok(())
}

pub(super) async fn delete_conversation(
    connection: &mut SqliteConnection,
    conversation: &Id,
) -> Outcome {
    // Its members go by the foreign key's cascade.
    sqlx::query("DELETE FROM conversations WHERE id = ?")
        .bind(conversation.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn add_members(
    connection: &mut SqliteConnection,
    conversation: &Id,
    members: &[PrincipalId],
) -> Outcome {
    ADD_CONVERSATIONS
        .run(connection, &[conversation], |query, conversation| {
            query.bind(conversation.as_str()).bind(None::<&str>)
        })
        .await?;
    ADD_MEMBERS
        .run(connection, members, |query, member| {
            query.bind(conversation.as_str()).bind(member.as_str())
        })
        .await?;
    Ok(())
}

pub(super) async fn remove_members(
    connection: &mut SqliteConnection,
    conversation: &Id,
    members: &[PrincipalId],
) -> Outcome {
    REMOVE_MEMBERS
        .run(connection, members, |query, member| {
            query.bind(conversation.as_str()).bind(member.as_str())
        })
        .await?;
    Ok(())
}

pub(super) async fn replace_members(
    connection: &mut SqliteConnection,
    conversation: &Id,
    members: &[PrincipalId],
) -> Outcome {
    let before: Vec<String> =
        sqlx::query_scalar("SELECT principal_id FROM members WHERE conversation_id = ?")
            .bind(conversation.as_str())
            .fetch_all(&mut *connection)
            .await?;
    let after: HashSet<_> = members.iter().map(PrincipalId::as_str).collect();
    let gone: Vec<_> = before
        .iter()
        .map(String::as_str)
        .filter(|member| !after.contains(member))
        .collect();
    REMOVE_MEMBERS
        .run(connection, &gone, |query, member| {
            query.bind(conversation.as_str()).bind(*member)
        })
        .await?;
    add_members(connection, conversation, members).await
}

/// Ends memberships, presence, privacy and blocks of principals.
async fn forget(connection: &mut SqliteConnection, principals: &[PrincipalId]) -> Outcome {
    for bulk in [&END_MEMBERSHIPS, &END_PRESENCE, &END_TIMES, &END_CHOICES] {
        bulk.run(connection, principals, |query, principal| {
            query.bind(principal.as_str())
        })
        .await?;
    }
    privacy::forget(connection, principals).await
}

fn bind_user<'q>(query: Binding<'q>, user: &StoredUser) -> Binding<'q> {
    let profile = &user.profile;
    query
        .bind(user.id.as_str())
        .bind(profile.username.as_deref())
        .bind(profile.display_name.as_deref())
        .bind(profile.first_name.as_deref())
        .bind(profile.last_name.as_deref())
        .bind(profile.language.as_deref())
        .bind(profile.role.map(vigie_core::Role::as_str))
        .bind(profile.is_active)
        .bind(profile.set_by_api)
}

static UPSERT_USERS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        9,
        "INSERT INTO users (
            id, username, display_name, first_name, last_name, language, role, is_active, set_by_api
        ) VALUES {rows}
        ON CONFLICT (id) DO UPDATE SET
            username = excluded.username, display_name = excluded.display_name,
            first_name = excluded.first_name, last_name = excluded.last_name,
            language = excluded.language, role = excluded.role,
            is_active = excluded.is_active, set_by_api = excluded.set_by_api,
            deleted_at = NULL",
    )
});

static PROVISION_USERS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        9,
        "INSERT INTO users (
            id, username, display_name, first_name, last_name, language, role, is_active, set_by_api
        ) VALUES {rows}
        ON CONFLICT (id) DO UPDATE SET
            username = excluded.username, display_name = excluded.display_name,
            first_name = excluded.first_name, last_name = excluded.last_name
        WHERE users.deleted_at IS NULL AND NOT users.set_by_api",
    )
});

static UPSERT_GUESTS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        7,
        "INSERT INTO guests (
            id, token_sha256, conversation_id, display_name, language, expires_at, created_at
        ) VALUES {rows}
        ON CONFLICT (id) DO UPDATE SET
            token_sha256 = excluded.token_sha256, conversation_id = excluded.conversation_id,
            display_name = excluded.display_name, language = excluded.language,
            expires_at = excluded.expires_at, created_at = excluded.created_at",
    )
});

static DELETE_GUESTS: LazyLock<Bulk> =
    LazyLock::new(|| Bulk::new(1, "DELETE FROM guests WHERE id IN (VALUES {rows})"));

static ADD_CONVERSATIONS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        2,
        "INSERT INTO conversations (id, title) VALUES {rows}
        ON CONFLICT (id) DO UPDATE SET title = excluded.title
        WHERE excluded.title IS NOT NULL AND excluded.title IS NOT conversations.title",
    )
});

static ADD_MEMBERS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        2,
        "INSERT INTO members (conversation_id, principal_id) VALUES {rows} ON CONFLICT DO NOTHING",
    )
});

static REMOVE_MEMBERS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        2,
        "WITH gone (conversation_id, principal_id) AS (VALUES {rows})
        DELETE FROM members
        WHERE (conversation_id, principal_id) IN (SELECT conversation_id, principal_id FROM gone)",
    )
});

static END_MEMBERSHIPS: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        1,
        "DELETE FROM members WHERE principal_id IN (VALUES {rows})",
    )
});

static END_PRESENCE: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        1,
        "DELETE FROM node_presence WHERE principal_id IN (VALUES {rows})",
    )
});

static END_TIMES: LazyLock<Bulk> =
    LazyLock::new(|| Bulk::new(1, "DELETE FROM times WHERE principal_id IN (VALUES {rows})"));

static END_CHOICES: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        1,
        "DELETE FROM choices WHERE principal_id IN (VALUES {rows})",
    )
});

/// Every statement above, for the test of their plans.
#[cfg(test)]
pub(super) fn statements() -> impl Iterator<Item = &'static Bulk> {
    [
        &UPSERT_USERS,
        &PROVISION_USERS,
        &UPSERT_GUESTS,
        &DELETE_GUESTS,
        &ADD_CONVERSATIONS,
        &ADD_MEMBERS,
        &REMOVE_MEMBERS,
        &END_MEMBERSHIPS,
        &END_PRESENCE,
        &END_TIMES,
        &END_CHOICES,
    ]
    .into_iter()
    .map(LazyLock::force)
}
