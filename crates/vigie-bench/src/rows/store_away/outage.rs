//! Makes a store stop answering, and lets it answer again.

use sqlx::Executor;
use sqlx::sqlite::SqliteConnection;

use crate::database::Database;

/// A store that is away.
#[derive(Debug)]
pub(super) enum Outage {
    /// A foreign transaction holds the database until it ends.
    Held(SqliteConnection),
    /// Every process stands still.
    Stopped,
}

impl Outage {
    pub(super) async fn begin(database: &Database) -> anyhow::Result<Self> {
        if let Some((postgres, _)) = database.postgres() {
            postgres.pause()?;
            return Ok(Self::Stopped);
        }
        let mut foreign = database.sqlite().await?;
        foreign.execute("BEGIN EXCLUSIVE").await?;
        Ok(Self::Held(foreign))
    }

    pub(super) async fn end(self, database: &Database) -> anyhow::Result<()> {
        match self {
            Self::Held(mut foreign) => {
                foreign.execute("ROLLBACK").await?;
            }
            Self::Stopped => {
                if let Some((postgres, _)) = database.postgres() {
                    postgres.resume()?;
                }
            }
        }
        Ok(())
    }
}
