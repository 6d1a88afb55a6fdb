//! SQLite: somebody else holds the file by `BEGIN EXCLUSIVE`.

use sqlx::{Connection, SqliteConnection};

use super::{Trouble, known_people_never_notice, settings};
use crate::server::Site;

struct Lock {
    database: String,
    holder: Option<SqliteConnection>,
}

impl Trouble for Lock {
    async fn begin(&mut self) {
        let mut holder = SqliteConnection::connect(&self.database).await.unwrap();
        sqlx::raw_sql("BEGIN EXCLUSIVE")
            .execute(&mut holder)
            .await
            .unwrap();
        self.holder = Some(holder);
    }

    async fn end(&mut self) {
        let holder = self.holder.take().unwrap();
        holder.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_locked_by_somebody_else_delays_and_loses_nothing() {
    let site = Site::new(&settings());
    let database = format!("sqlite:{}", site.sqlite().display());
    let mut lock = Lock {
        database: database.clone(),
        holder: None,
    };
    known_people_never_notice(&site, &database, &mut lock).await;
}
