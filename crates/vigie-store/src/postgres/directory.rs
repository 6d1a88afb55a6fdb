//! Writing the directory: users, guests, conversations and members.
//!
//! In: what memory has decided. Out: rows.
//! Always true: whoever goes takes everything of theirs along, a tombstone yields to an API call only, and no statement is run per row.

use sqlx::PgConnection;
use vigie_core::{Id, PrincipalId, Wall};

use super::privacy;
use crate::rows::{StoredBlock, StoredConversation, StoredGuest, StoredUser};

type Outcome = Result<(), sqlx::Error>;

pub(super) async fn upsert_users(connection: &mut PgConnection, users: &[StoredUser]) -> Outcome {
    const SQL: &str = "
        INSERT INTO users AS kept (
            id, username, display_name, first_name, last_name, language, role, is_active, set_by_api
        )
        SELECT * FROM unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::boolean[], $9::boolean[]
        )
        ON CONFLICT (id) DO UPDATE SET
            username = excluded.username, display_name = excluded.display_name,
            first_name = excluded.first_name, last_name = excluded.last_name,
            language = excluded.language, role = excluded.role,
            is_active = excluded.is_active, set_by_api = excluded.set_by_api,
            deleted_at = NULL";
    put_users(connection, SQL, users).await
}

pub(super) async fn provision_users(
    connection: &mut PgConnection,
    users: &[StoredUser],
) -> Outcome {
    const SQL: &str = "
        INSERT INTO users AS kept (
            id, username, display_name, first_name, last_name, language, role, is_active, set_by_api
        )
        SELECT * FROM unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::boolean[], $9::boolean[]
        )
        ON CONFLICT (id) DO UPDATE SET
            username = excluded.username, display_name = excluded.display_name,
            first_name = excluded.first_name, last_name = excluded.last_name
        WHERE kept.deleted_at IS NULL AND NOT kept.set_by_api";
    put_users(connection, SQL, users).await
}

async fn put_users(
    connection: &mut PgConnection,
    sql: &'static str,
    users: &[StoredUser],
) -> Outcome {
    let mut in_order: Vec<_> = users.iter().collect();
    in_order.sort_unstable_by_key(|user| user.id.as_str());
    let text = |value: for<'u> fn(&'u StoredUser) -> Option<&'u str>| -> Vec<Option<&str>> {
        in_order.iter().map(|user| value(user)).collect()
    };
    let flag = |value: fn(&StoredUser) -> bool| -> Vec<bool> {
        in_order.iter().map(|user| value(user)).collect()
    };
    sqlx::query(sql)
        .bind(text(|user| Some(user.id.as_str())))
        .bind(text(|user| user.profile.username.as_deref()))
        .bind(text(|user| user.profile.display_name.as_deref()))
        .bind(text(|user| user.profile.first_name.as_deref()))
        .bind(text(|user| user.profile.last_name.as_deref()))
        .bind(text(|user| user.profile.language.as_deref()))
        .bind(text(|user| user.profile.role.map(vigie_core::Role::as_str)))
        .bind(flag(|user| user.profile.is_active))
        .bind(flag(|user| user.profile.set_by_api))
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn delete_user(
    connection: &mut PgConnection,
    user: &PrincipalId,
    at: Wall,
) -> Outcome {
    sqlx::query(
        "INSERT INTO users AS kept (id, is_active, set_by_api, deleted_at)
        VALUES ($1, false, false, $2)
        ON CONFLICT (id) DO UPDATE SET
            username = NULL, display_name = NULL, first_name = NULL, last_name = NULL,
            language = NULL, role = NULL, is_active = false, set_by_api = false,
            deleted_at = coalesce(kept.deleted_at, excluded.deleted_at)",
    )
    .bind(user.as_str())
    .bind(at.as_millis())
    .execute(&mut *connection)
    .await?;
    forget(connection, std::slice::from_ref(user)).await
}

pub(super) async fn upsert_guests(
    connection: &mut PgConnection,
    guests: &[StoredGuest],
) -> Outcome {
    let conversations: Vec<_> = guests
        .iter()
        .map(|guest| guest.conversation.as_str())
        .collect();
    let ids: Vec<_> = guests.iter().map(|guest| guest.id.as_str()).collect();
    add_conversations(connection, &conversations).await?;
    sqlx::query(
        "INSERT INTO guests (
            id, token_sha256, conversation_id, display_name, language, expires_at, created_at
        )
        SELECT * FROM unnest(
            $1::text[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]
        )
        ON CONFLICT (id) DO UPDATE SET
            token_sha256 = excluded.token_sha256, conversation_id = excluded.conversation_id,
            display_name = excluded.display_name, language = excluded.language,
            expires_at = excluded.expires_at, created_at = excluded.created_at",
    )
    .bind(&ids)
    .bind(
        guests
            .iter()
            .map(|guest| guest.token_sha256.as_slice())
            .collect::<Vec<_>>(),
    )
    .bind(&conversations)
    .bind(
        guests
            .iter()
            .map(|guest| &*guest.display_name)
            .collect::<Vec<_>>(),
    )
    .bind(
        guests
            .iter()
            .map(|guest| guest.language.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind(
        guests
            .iter()
            .map(|guest| guest.expires_at.map(Wall::as_millis))
            .collect::<Vec<_>>(),
    )
    .bind(
        guests
            .iter()
            .map(|guest| guest.created_at.as_millis())
            .collect::<Vec<_>>(),
    )
    .execute(&mut *connection)
    .await?;
    join(connection, &conversations, &ids).await
}

pub(super) async fn delete_guests(
    connection: &mut PgConnection,
    guests: &[PrincipalId],
) -> Outcome {
    sqlx::query("DELETE FROM guests WHERE id = ANY ($1)")
        .bind(names(guests))
        .execute(&mut *connection)
        .await?;
    forget(connection, guests).await
}

pub(super) async fn merge_guest(
    connection: &mut PgConnection,
    guest: &PrincipalId,
    user: &PrincipalId,
    blocks: &[StoredBlock],
) -> Outcome {
    sqlx::query(
        "INSERT INTO members (conversation_id, principal_id)
        SELECT conversation_id, $1 FROM members WHERE principal_id = $2
        ON CONFLICT DO NOTHING",
    )
    .bind(user.as_str())
    .bind(guest.as_str())
    .execute(&mut *connection)
    .await?;
    privacy::add_blocks(connection, blocks).await?;
    delete_guests(connection, std::slice::from_ref(guest)).await
}

pub(super) async fn upsert_conversations(
    connection: &mut PgConnection,
    conversations: &[StoredConversation],
) -> Outcome {
    let ids: Vec<_> = conversations.iter().map(|one| one.id.as_str()).collect();
    let titles: Vec<_> = conversations
        .iter()
        .map(|one| one.title.as_deref())
        .collect();
    // Of a conversation that comes twice the last title counts.
    sqlx::query(
        "INSERT INTO conversations AS kept (id, title)
        SELECT DISTINCT ON (id) id, title
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS batch (id, title, position)
        ORDER BY id, title IS NULL, position DESC
        ON CONFLICT (id) DO UPDATE SET title = excluded.title
        WHERE excluded.title IS NOT NULL AND excluded.title IS DISTINCT FROM kept.title",
    )
    .bind(ids)
    .bind(titles)
    .execute(&mut *connection)
    .await?;
    let (of, members): (Vec<_>, Vec<_>) = conversations
        .iter()
        .flat_map(|one| {
            one.members
                .iter()
                .map(|member| (one.id.as_str(), member.as_str()))
        })
        .unzip();
    join(connection, &of, &members).await
}

pub(super) async fn delete_conversation(
    connection: &mut PgConnection,
    conversation: &Id,
) -> Outcome {
    // Its members go by the foreign key's cascade.
    sqlx::query("DELETE FROM conversations WHERE id = $1")
        .bind(conversation.as_str())
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn add_members(
    connection: &mut PgConnection,
    conversation: &Id,
    members: &[PrincipalId],
) -> Outcome {
    add_conversations(connection, &[conversation.as_str()]).await?;
    let of = vec![conversation.as_str(); members.len()];
    join(connection, &of, &names(members)).await
}

pub(super) async fn remove_members(
    connection: &mut PgConnection,
    conversation: &Id,
    members: &[PrincipalId],
) -> Outcome {
    sqlx::query("DELETE FROM members WHERE conversation_id = $1 AND principal_id = ANY ($2)")
        .bind(conversation.as_str())
        .bind(names(members))
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn replace_members(
    connection: &mut PgConnection,
    conversation: &Id,
    members: &[PrincipalId],
) -> Outcome {
    sqlx::query(
        "DELETE FROM members
        WHERE conversation_id = $1
            AND principal_id NOT IN (SELECT * FROM unnest($2::text[]))",
    )
    .bind(conversation.as_str())
    .bind(names(members))
    .execute(&mut *connection)
    .await?;
    add_members(connection, conversation, members).await
}

/// Makes conversations that are missing, without a title.
async fn add_conversations(connection: &mut PgConnection, ids: &[&str]) -> Outcome {
    sqlx::query(
        "INSERT INTO conversations (id) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING",
    )
    .bind(ids)
    .execute(connection)
    .await
    .map(drop)
}

/// Makes the second of each pair a member of the first.
async fn join(connection: &mut PgConnection, conversations: &[&str], members: &[&str]) -> Outcome {
    sqlx::query(
        "INSERT INTO members (conversation_id, principal_id)
        SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT DO NOTHING",
    )
    .bind(conversations)
    .bind(members)
    .execute(connection)
    .await
    .map(drop)
}

/// Ends memberships, presence, privacy and blocks of principals.
async fn forget(connection: &mut PgConnection, principals: &[PrincipalId]) -> Outcome {
    let principals = names(principals);
    for sql in [
        "DELETE FROM members WHERE principal_id = ANY ($1)",
        "DELETE FROM node_presence WHERE principal_id = ANY ($1)",
        "DELETE FROM times WHERE principal_id = ANY ($1)",
        "DELETE FROM privacy WHERE principal_id = ANY ($1)",
        "DELETE FROM blocks WHERE blocker_id = ANY ($1)",
        "DELETE FROM blocks WHERE blocked_id = ANY ($1)",
        "DELETE FROM choices WHERE principal_id = ANY ($1)",
    ] {
        sqlx::query(sql)
            .bind(&principals)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn names(principals: &[PrincipalId]) -> Vec<&str> {
    principals.iter().map(PrincipalId::as_str).collect()
}
