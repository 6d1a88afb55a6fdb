//! Webhooks: who is told, and how far.
//!
//! In: what was registered, and progress. Out: rows.
//! Always true: a change of a registration leaves its progress alone, and progress never brings a deleted one back.

use sqlx::PgConnection;
use vigie_core::Wall;

use super::presence::signed;
use crate::rows::{StoredWebhook, WebhookProgress};
use crate::webhooks::{list, read};

pub(super) async fn all(connection: &mut PgConnection) -> Result<Vec<StoredWebhook>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, url, secret, tells_status, tells_conversations, created_at, sequence, cursor,
            changed_conversations, must_resync, failing_since, parked_at, last_error
        FROM webhooks ORDER BY id COLLATE \"C\"",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

pub(super) async fn put(
    connection: &mut PgConnection,
    webhook: &StoredWebhook,
) -> Result<(), sqlx::Error> {
    let progress = &webhook.progress;
    sqlx::query(
        "INSERT INTO webhooks (
            id, url, secret, tells_status, tells_conversations, created_at, sequence, cursor,
            changed_conversations, must_resync, failing_since, parked_at, last_error
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (id) DO UPDATE SET
            url = excluded.url, secret = excluded.secret,
            tells_status = excluded.tells_status,
            tells_conversations = excluded.tells_conversations",
    )
    .bind(&*webhook.id)
    .bind(&*webhook.url)
    .bind(&*webhook.secret)
    .bind(webhook.tells_status)
    .bind(webhook.tells_conversations)
    .bind(webhook.created_at.as_millis())
    .bind(signed(progress.sequence))
    .bind(&*progress.cursor)
    .bind(list(&progress.changed_conversations))
    .bind(progress.must_resync)
    .bind(progress.failing_since.map(Wall::as_millis))
    .bind(progress.parked_at.map(Wall::as_millis))
    .bind(progress.last_error.as_deref())
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn delete(connection: &mut PgConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM webhooks WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn note_progress(
    connection: &mut PgConnection,
    progress: &[(Box<str>, WebhookProgress)],
) -> Result<(), sqlx::Error> {
    for (id, progress) in progress {
        note_one(connection, id, progress).await?;
    }
    Ok(())
}

async fn note_one(
    connection: &mut PgConnection,
    id: &str,
    progress: &WebhookProgress,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE webhooks SET
            sequence = $2, cursor = $3, changed_conversations = $4, must_resync = $5,
            failing_since = $6, parked_at = $7, last_error = $8
        WHERE id = $1",
    )
    .bind(id)
    .bind(signed(progress.sequence))
    .bind(&*progress.cursor)
    .bind(list(&progress.changed_conversations))
    .bind(progress.must_resync)
    .bind(progress.failing_since.map(Wall::as_millis))
    .bind(progress.parked_at.map(Wall::as_millis))
    .bind(progress.last_error.as_deref())
    .execute(connection)
    .await
    .map(drop)
}
