//! Writing what people chose: one row per person, in the transaction of their presence.
//!
//! In: the choices of those in a batch who ever chose. Out: rows of `choices`.
//! Always true: of two choices the one with the later version is kept, and a batch of people who chose nothing runs no statement here.

use std::sync::LazyLock;

use sqlx::SqliteConnection;
use vigie_core::{StoredChoice, Wall};

use super::bulk::Bulk;
use super::presence::{MAY_BE_PRESENT, signed};
use crate::choice::times_shown;
use crate::rows::PresenceWrite;

/// Writes the choices of a batch; out comes the number of rows that changed.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    batch: &[&PresenceWrite],
) -> Result<u64, sqlx::Error> {
    let choices: Vec<(&str, &StoredChoice)> = batch
        .iter()
        .filter_map(|write| Some((write.principal.as_str(), write.record.choice.as_ref()?)))
        .collect();
    CHOOSE
        .run(connection, &choices, |query, (principal, choice)| {
            let chosen = choice.chosen.as_deref();
            let status = chosen.and_then(|chosen| chosen.status);
            let until = chosen.and_then(|chosen| chosen.until);
            let veil = choice.veil;
            let [last_active_at, last_seen_at] = times_shown(choice);
            query
                .bind(*principal)
                .bind(signed(choice.version.0))
                .bind(status.map(vigie_core::ChosenStatus::as_str))
                .bind(chosen.and_then(|chosen| chosen.text.as_deref()))
                .bind(until.map(Wall::as_millis))
                .bind(veil.map(|veil| signed(veil.version.0)))
                .bind(last_active_at)
                .bind(last_seen_at)
                .bind(choice.lifted.map(|lifted| lifted.hidden_until.as_millis()))
        })
        .await
}

/// Removes what was taken back: at a start no earlier write is under way that its version would have to keep out.
pub(super) async fn sweep(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "DELETE FROM choices WHERE status IS NULL AND text IS NULL AND veil_version IS NULL
            AND veil_hidden_until IS NULL",
    )
    .execute(connection)
    .await
    .map(|outcome| outcome.rows_affected())
}

/// Inserts or replaces a person's row.
pub(super) static CHOOSE: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        9,
        &format!(
            "WITH batch (
                principal_id, version, status, text, until,
                veil_version, veil_last_active_at, veil_last_seen_at, veil_hidden_until
            ) AS (VALUES {{rows}})
            INSERT INTO choices (
                principal_id, version, status, text, until,
                veil_version, veil_last_active_at, veil_last_seen_at, veil_hidden_until
            )
            SELECT * FROM batch WHERE {MAY_BE_PRESENT}
            ON CONFLICT (principal_id) DO UPDATE SET
                version = excluded.version, status = excluded.status, text = excluded.text,
                until = excluded.until, veil_version = excluded.veil_version,
                veil_last_active_at = excluded.veil_last_active_at,
                veil_last_seen_at = excluded.veil_last_seen_at,
                veil_hidden_until = excluded.veil_hidden_until
            WHERE excluded.version > choices.version OR excluded.version = choices.version AND (
                excluded.status, excluded.text, excluded.until,
                excluded.veil_version, excluded.veil_last_active_at, excluded.veil_last_seen_at,
                excluded.veil_hidden_until
            ) IS NOT (
                choices.status, choices.text, choices.until,
                choices.veil_version, choices.veil_last_active_at, choices.veil_last_seen_at,
                choices.veil_hidden_until
            )"
        ),
    )
});
