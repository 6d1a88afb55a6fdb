//! SQLite: the whole contract, and what only a file can show.

mod child;
mod crash;
mod refusal;
mod trouble;

use std::path::PathBuf;
use std::sync::Arc;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use vigie_store::{OpenError, Store};

use crate::Database;

crate::contract!(crate::sqlite::Sqlite);

/// A database file in a folder that goes with the test.
pub(crate) struct Sqlite {
    folder: TempDir,
}

impl Sqlite {
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("data").join("vigie.db")
    }

    async fn try_open(&self) -> Result<Arc<dyn Store>, OpenError> {
        vigie_store::open(&format!("sqlite:{}", self.path().display())).await
    }

    /// A connection beside the store's own, as another program has it.
    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.path())
            .connect()
            .await
            .unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        let mut connection = self.connect().await;
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Database for Sqlite {
    fn fresh() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn open(&self) -> Arc<dyn Store> {
        self.try_open().await.unwrap()
    }

    async fn value(&self, sql: &'static str) -> Option<String> {
        let mut connection = self.connect().await;
        let value: Option<Option<String>> = sqlx::query_scalar(sql)
            .fetch_optional(&mut connection)
            .await
            .unwrap();
        value.flatten()
    }
}
