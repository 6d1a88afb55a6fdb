//! Writing what people chose: one row per person, in the transaction of their presence.
//!
//! In: the choices of those in a batch who ever chose. Out: rows of `choices`.
//! Always true: of two choices the one with the later version is kept, and a batch of people who chose nothing runs no statement here.

use std::sync::{Arc, LazyLock};

use sqlx::{AssertSqlSafe, PgConnection};
use vigie_core::{Chosen, ChosenStatus, StoredChoice, Wall};

use super::presence::{MAY_BE_PRESENT, signed};
use crate::choice::times_shown;
use crate::rows::PresenceWrite;

/// Writes the choices of a batch; out comes the number of rows that changed.
pub(super) async fn write(
    connection: &mut PgConnection,
    batch: &[&PresenceWrite],
) -> Result<u64, sqlx::Error> {
    let choices: Vec<(&str, &StoredChoice)> = batch
        .iter()
        .filter_map(|write| Some((write.principal.as_str(), write.record.choice.as_ref()?)))
        .collect();
    if choices.is_empty() {
        return Ok(0);
    }
    let principals: Vec<&str> = choices.iter().map(|(principal, _)| *principal).collect();
    let versions: Vec<i64> = choices
        .iter()
        .map(|(_, choice)| signed(choice.version.0))
        .collect();
    let chosen = |choice: &'_ StoredChoice| choice.chosen.clone().unwrap_or_default();
    let chosen: Vec<Arc<Chosen>> = choices.iter().map(|(_, choice)| chosen(choice)).collect();
    let statuses: Vec<Option<&str>> = chosen
        .iter()
        .map(|chosen| chosen.status.map(ChosenStatus::as_str))
        .collect();
    let texts: Vec<Option<&str>> = chosen.iter().map(|chosen| chosen.text.as_deref()).collect();
    let ends: Vec<Option<i64>> = chosen
        .iter()
        .map(|chosen| chosen.until.map(Wall::as_millis))
        .collect();
    let veil_versions: Vec<Option<i64>> = choices
        .iter()
        .map(|(_, choice)| choice.veil.map(|veil| signed(veil.version.0)))
        .collect();
    let (last_active, last_seen): (Vec<Option<i64>>, Vec<Option<i64>>) = choices
        .iter()
        .map(|(_, choice)| times_shown(choice).into())
        .unzip();
    let hidden_until: Vec<Option<i64>> = choices
        .iter()
        .map(|(_, choice)| choice.lifted.map(|lifted| lifted.hidden_until.as_millis()))
        .collect();
    sqlx::query(AssertSqlSafe(Arc::clone(&CHOOSE)))
        .bind(principals)
        .bind(versions)
        .bind(statuses)
        .bind(texts)
        .bind(ends)
        .bind(veil_versions)
        .bind(last_active)
        .bind(last_seen)
        .bind(hidden_until)
        .execute(connection)
        .await
        .map(|outcome| outcome.rows_affected())
}

/// Removes what was taken back: at a start no earlier write is under way that its version would have to keep out.
pub(super) async fn sweep(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "DELETE FROM choices WHERE status IS NULL AND text IS NULL AND veil_version IS NULL
            AND veil_hidden_until IS NULL",
    )
    .execute(connection)
    .await
    .map(|outcome| outcome.rows_affected())
}

/// Inserts or replaces the rows of people.
static CHOOSE: LazyLock<Arc<str>> = LazyLock::new(|| {
    format!(
        "INSERT INTO choices AS kept (
            principal_id, version, status, text, until,
            veil_version, veil_last_active_at, veil_last_seen_at, veil_hidden_until
        )
        SELECT *
        FROM unnest(
            $1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[],
            $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]
        ) AS batch (
            principal_id, version, status, text, until,
            veil_version, veil_last_active_at, veil_last_seen_at, veil_hidden_until
        )
        WHERE {MAY_BE_PRESENT}
        ON CONFLICT (principal_id) DO UPDATE SET
            version = excluded.version, status = excluded.status, text = excluded.text,
            until = excluded.until, veil_version = excluded.veil_version,
            veil_last_active_at = excluded.veil_last_active_at,
            veil_last_seen_at = excluded.veil_last_seen_at,
            veil_hidden_until = excluded.veil_hidden_until
        WHERE excluded.version > kept.version OR excluded.version = kept.version AND (
            excluded.status, excluded.text, excluded.until,
            excluded.veil_version, excluded.veil_last_active_at, excluded.veil_last_seen_at,
            excluded.veil_hidden_until
        ) IS DISTINCT FROM (
            kept.status, kept.text, kept.until,
            kept.veil_version, kept.veil_last_active_at, kept.veil_last_seen_at,
            kept.veil_hidden_until
        )"
    )
    .into()
});
