//! PostgreSQL: the whole contract, and what only a server can show.

mod lock;
mod refusal;
mod trouble;

use std::sync::{Arc, LazyLock};

use sqlx::{Connection, PgConnection};
use vigie_store::{OpenError, Store};
use vigie_testbed::Postgres;

use crate::Database;

crate::contract!(crate::postgres::OnServer);

/// The server of all tests that do not break it.
static SHARED: LazyLock<Postgres> = LazyLock::new(|| Postgres::start_without_fsync().unwrap());

/// A database of one test's own on a server.
pub(crate) struct OnServer {
    pub(crate) url: String,
}

impl OnServer {
    pub(crate) async fn try_open(&self) -> Result<Arc<dyn Store>, OpenError> {
        vigie_store::open(&self.url).await
    }

    /// A connection beside the store's own, as another program has it.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &'static str) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Database for OnServer {
    fn fresh() -> Self {
        Self {
            url: SHARED.database().unwrap(),
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
        connection.close().await.unwrap();
        value.flatten()
    }
}
