//! What is refused at opening, each with a message of its own, and left as it was.

use std::fs;
use std::path::Path;

use vigie_store::{Holder, OpenError};

use super::Sqlite;
use crate::Database;
use crate::cast::registered;

fn put(database: &Sqlite, bytes: &[u8]) {
    fs::create_dir_all(database.path().parent().unwrap()).unwrap();
    fs::write(database.path(), bytes).unwrap();
}

async fn refusal(database: &Sqlite) -> OpenError {
    database.try_open().await.unwrap_err()
}

#[tokio::test]
async fn a_newer_database_is_refused_and_not_touched() {
    let database = Sqlite::fresh();
    drop(database.open().await);
    database
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'from the future', 1, x'00', 0)",
        )
        .await;
    let refused = refusal(&database).await;
    assert!(
        matches!(refused, OpenError::Newer { found: 9999, .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("newer release"), "{refused}");
}

#[tokio::test]
async fn garbage_is_refused_and_left_as_it_was() {
    let garbage: Vec<u8> = (0..40_000_u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    let database = Sqlite::fresh();
    put(&database, &garbage);
    let refused = refusal(&database).await;
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused:?}");
    assert_eq!(fs::read(database.path()).unwrap(), garbage);
}

#[tokio::test]
async fn a_torn_database_is_refused() {
    let database = Sqlite::fresh();
    let store = database.open().await;
    let users: Vec<_> = (0..2_000)
        .map(|number| registered(&format!("user-{number}")))
        .collect();
    store.upsert_users(&users).await.unwrap();
    store.close().await;
    drop(store);
    let whole = fs::read(database.path()).unwrap();
    put(&database, &whole[..whole.len() / 2]);
    let refused = refusal(&database).await;
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused:?}");
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_not_touched() {
    let database = Sqlite::fresh();
    put(&database, b"");
    database.execute("CREATE TABLE users (name TEXT)").await;
    let before = fs::read(database.path()).unwrap();
    let refused = refusal(&database).await;
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}");
    assert_eq!(fs::read(database.path()).unwrap(), before);
}

#[tokio::test]
async fn a_path_that_cannot_be_a_file_is_refused() {
    let database = Sqlite::fresh();
    fs::create_dir_all(database.path()).unwrap();
    let refused = refusal(&database).await;
    assert!(matches!(refused, OpenError::File { .. }), "{refused:?}");

    let under_a_file = Sqlite::fresh();
    let folder = under_a_file.path();
    fs::write(folder.parent().unwrap(), b"a file, not a folder").unwrap();
    let refused = refusal(&under_a_file).await;
    assert!(matches!(refused, OpenError::File { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_second_store_in_one_process_is_refused_by_whatever_name() {
    let database = Sqlite::fresh();
    let first = database.open().await;
    let folder = database.path().parent().unwrap().to_owned();
    let dotted = folder.join("..").join("data").join("vigie.db");
    #[cfg(unix)]
    std::os::unix::fs::symlink(database.path(), folder.join("alias.db")).unwrap();
    for path in [database.path(), dotted, folder.join("alias.db")] {
        let refused = open(&path).await;
        assert!(
            matches!(&refused, Err(OpenError::InUse { holder, .. }) if *holder == Some(Holder::Process(std::process::id()))),
            "{refused:?}"
        );
    }
    drop(first);
    assert!(open(&folder.join("alias.db")).await.is_ok());
}

async fn open(path: &Path) -> Result<std::sync::Arc<dyn vigie_store::Store>, OpenError> {
    vigie_store::open(&format!("sqlite:{}", path.display())).await
}
