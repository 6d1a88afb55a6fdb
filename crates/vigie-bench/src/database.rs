//! A database that a measured server keeps its people in, and a look at it from outside.
//!
//! In: SQL. Out: what the database answers.
//! Always true: what is looked at here the server does not know of; the database goes when its handle does.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;
use vigie_testbed::Postgres;

use crate::server::Server;
use crate::stage::{self, Stage};

/// How long a look waits for the server's write.
const BUSY: Duration = Duration::from_secs(60);

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// One database, and a folder for the server that uses it.
#[derive(Debug)]
pub(crate) struct Database {
    folder: TempDir,
    postgres: Option<(Arc<Postgres>, String)>,
}

impl Database {
    /// An empty one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn create(kind: Kind) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let postgres = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => {
                let postgres = start_postgres()?;
                let url = postgres.database()?;
                Some((Arc::new(postgres), name_in(&url)?))
            }
        };
        Ok(Self { folder, postgres })
    }

    /// Another one with the same content; nobody may use this one meanwhile.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(crate) fn copy(&self, name: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let postgres = match &self.postgres {
            None => {
                std::fs::copy(self.file(), file_in(folder.path()))?;
                None
            }
            Some((postgres, template)) => {
                postgres.execute(
                    "postgres",
                    &format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"),
                )?;
                Some((Arc::clone(postgres), name.to_owned()))
            }
        };
        Ok(Self { folder, postgres })
    }

    pub(crate) fn url(&self) -> String {
        match &self.postgres {
            None => stage::database(self.folder.path()),
            Some((postgres, name)) => postgres.url_of(name),
        }
    }

    /// The server behind it, if it is one.
    pub(crate) fn postgres(&self) -> Option<(&Postgres, &str)> {
        let (postgres, name) = self.postgres.as_ref()?;
        Some((postgres, name))
    }

    /// The file of SQLite's.
    pub(crate) fn file(&self) -> PathBuf {
        file_in(self.folder.path())
    }

    /// A Vigie on this database.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn serve(&self, stage: &Stage, settings: &[(&str, &str)]) -> anyhow::Result<Server> {
        stage.vigie_on(&self.url(), self.folder.path(), settings)
    }

    /// Makes the tables, so that they can be looked at before a server starts.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub(crate) async fn migrate(&self) -> anyhow::Result<()> {
        vigie_store::open(&self.url()).await?.close().await;
        Ok(())
    }

    /// A connection of our own to SQLite.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) async fn sqlite(&self) -> anyhow::Result<SqliteConnection> {
        let options = SqliteConnectOptions::new()
            .filename(self.file())
            .busy_timeout(BUSY);
        Ok(options.connect().await?)
    }

    /// Runs statements that answer nothing.
    ///
    /// # Errors
    /// When the database refuses one.
    pub(crate) async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        match self.postgres() {
            None => {
                let statements = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
                self.sqlite().await?.execute(statements).await?;
            }
            Some((postgres, name)) => drop(postgres.execute(name, sql)?),
        }
        Ok(())
    }

    /// The first column of what a query answers, as text.
    ///
    /// # Errors
    /// When the database refuses the query.
    pub(crate) async fn lines(&self, sql: &str) -> anyhow::Result<Vec<String>> {
        match self.postgres() {
            None => {
                let mut connection = self.sqlite().await?;
                let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
                Ok(query.fetch_all(&mut connection).await?)
            }
            Some((postgres, name)) => {
                let printed = postgres.execute(name, sql)?;
                Ok(printed.lines().map(str::to_owned).collect())
            }
        }
    }

    /// The one number that a query answers.
    ///
    /// # Errors
    /// When the database refuses the query, or answers something else.
    pub(crate) async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        match self.postgres() {
            None => {
                let mut connection = self.sqlite().await?;
                let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
                Ok(query.fetch_one(&mut connection).await?)
            }
            Some((postgres, name)) => number_of(&postgres.execute(name, sql)?),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((postgres, name)) = &self.postgres {
            // What is left over goes with the whole server.
            postgres
                .execute("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"))
                .ok();
        }
    }
}

/// A PostgreSQL that waits for the disk, and counts statements by a module that Debian's package brings.
fn start_postgres() -> anyhow::Result<Postgres> {
    let mut postgres = Postgres::start()?;
    postgres.execute(
        "postgres",
        "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'",
    )?;
    postgres.stop()?;
    postgres.start_again()?;
    postgres.execute("postgres", "CREATE EXTENSION pg_stat_statements")?;
    Ok(postgres)
}

/// What `psql` prints of one number.
pub(crate) fn number_of(printed: &str) -> anyhow::Result<i64> {
    printed
        .trim()
        .parse()
        .with_context(|| format!("not a number: {printed}"))
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("vigie.db")
}

fn name_in(url: &str) -> anyhow::Result<String> {
    let name = url.rsplit('/').next().context("a URL without a database")?;
    Ok(name.to_owned())
}
