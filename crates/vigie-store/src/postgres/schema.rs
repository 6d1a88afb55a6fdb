//! The schema, step by step: the files of `migrations/postgres`, compiled in.
//!
//! In: a connection that holds the lock. Out: tables of this version, or a refusal that changed nothing.
//! Always true: a released step is never edited, because its checksum is kept in every database it ran on.

use std::sync::LazyLock;

use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migrator};

use crate::error::OpenError;
use crate::migrations::{Step, migrator};

const STEPS: [Step; 7] = [
    (
        1,
        "directory",
        include_str!("../../migrations/postgres/0001_directory.sql"),
    ),
    (
        2,
        "presence",
        include_str!("../../migrations/postgres/0002_presence.sql"),
    ),
    (
        3,
        "ended proof",
        include_str!("../../migrations/postgres/0003_ended_proof.sql"),
    ),
    (
        5,
        "positions",
        include_str!("../../migrations/postgres/0005_positions.sql"),
    ),
    (
        6,
        "chosen",
        include_str!("../../migrations/postgres/0006_chosen.sql"),
    ),
    (
        7,
        "webhooks",
        include_str!("../../migrations/postgres/0007_webhooks.sql"),
    ),
    (
        8,
        "privacy and blocks",
        include_str!("../../migrations/postgres/0008_privacy_and_blocks.sql"),
    ),
];

/// The newest version this build knows.
const NEWEST: i64 = STEPS[STEPS.len() - 1].0;

static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = migrator(STEPS);
    // The store's own lock is held already; the migrator's would be one more to lose.
    migrator.set_locking(false);
    migrator
});

/// Refuses what is not ours, then migrates.
pub(super) async fn prepare(connection: &mut PgConnection, name: &str) -> Result<(), OpenError> {
    let database: Box<str> = name.into();
    let failed = |source: sqlx::Error| OpenError::Database {
        database: name.into(),
        source: source.into(),
    };
    let encoding = encoding(connection).await.map_err(failed)?;
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { database, encoding });
    }
    if is_foreign(connection).await.map_err(failed)? {
        return Err(OpenError::Foreign { database });
    }
    match MIGRATOR.run(connection).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) if found > NEWEST => Err(OpenError::Newer {
            database,
            found,
            known: NEWEST,
        }),
        Err(source) => Err(OpenError::Migrate {
            database,
            source: source.into(),
        }),
    }
}

/// How the database keeps text.
async fn encoding(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("SHOW server_encoding")
        .fetch_one(connection)
        .await
}

/// Whether the schema holds tables that our first step did not make.
async fn is_foreign(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let (tables, has_list): (i64, bool) = sqlx::query_as(
        "SELECT
            count(*) FILTER (WHERE tablename <> '_sqlx_migrations'),
            count(*) FILTER (WHERE tablename = '_sqlx_migrations') > 0
        FROM pg_tables WHERE schemaname = current_schema()",
    )
    .fetch_one(&mut *connection)
    .await?;
    if tables == 0 {
        return Ok(false);
    }
    if !has_list {
        return Ok(true);
    }
    let is_ours: bool = sqlx::query_scalar(
        "SELECT EXISTS (
            SELECT 1 FROM _sqlx_migrations WHERE version = 1 AND description = 'directory'
        )",
    )
    .fetch_one(connection)
    .await?;
    Ok(!is_ours)
}
