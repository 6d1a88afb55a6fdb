//! A database that fails while it is open: errors, never a panic; and files that are nobody else's.

use std::error::Error;

use vigie_store::{ReadError, WriteError};

use super::Sqlite;
use crate::Database;
use crate::cast::{OFFLINE_AFTER, at, load, online, registered, user, write};

#[tokio::test]
async fn a_lost_table_is_an_error_that_names_its_cause_once() {
    let database = Sqlite::fresh();
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    database.execute("DROP VIEW presence").await;
    database.execute("DROP TABLE node_presence").await;

    let batch = [write(&user("alice"), &online(1))];
    let refused = store.write_presence(&by, &batch, None).await.unwrap_err();
    assert!(
        matches!(refused, WriteError::Statement { .. }),
        "{refused:?}"
    );
    assert_eq!(refused.to_string(), "cannot write presence");
    let cause = refused.source().unwrap().to_string();
    assert!(cause.contains("node_presence"), "{cause}");
    let unread = load(&*store).await.unwrap_err();
    assert!(matches!(unread, ReadError::Query { .. }), "{unread:?}");

    store.upsert_users(&[registered("alice")]).await.unwrap();
    assert!(store.health().await.is_ok());
}

#[tokio::test]
async fn a_row_that_we_never_write_is_an_error_that_names_its_table() {
    for (sql, table) in [
        (
            "INSERT INTO users (id, is_active, set_by_api) VALUES ('not an id', 1, 0)",
            "users",
        ),
        (
            "INSERT INTO users (id, role, is_active, set_by_api) VALUES ('alice', 'PIRATE', 1, 0)",
            "users",
        ),
        (
            "INSERT INTO node_presence (principal_id, node_id, incarnation, version, availability, sessions)
            SELECT 'alice', id, 1, 1, 2, x'ff' FROM node",
            "node_presence",
        ),
        (
            "INSERT INTO times (principal_id, version) VALUES ('alice', -1)",
            "times",
        ),
    ] {
        let database = Sqlite::fresh();
        let store = database.open().await;
        database.execute(sql).await;
        let unread = load(&*store).await.unwrap_err();
        assert!(
            matches!(&unread, ReadError::Row { table: named, .. } if *named == table),
            "{unread:?}"
        );
        assert!(!unread.to_string().contains("alice"), "{unread}");
    }
}

#[tokio::test]
async fn a_closed_store_answers_with_errors() {
    let database = Sqlite::fresh();
    let store = database.open().await;
    store.close().await;
    assert!(store.health().await.is_err());
    let refused = store.upsert_users(&[registered("alice")]).await;
    assert!(matches!(refused, Err(WriteError::Begin(_))), "{refused:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let database = Sqlite::fresh();
    let store = database.open().await;
    store.upsert_users(&[registered("alice")]).await.unwrap();
    let folder = database.path().parent().unwrap().to_owned();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(
        names,
        ["vigie.db", "vigie.db-shm", "vigie.db-wal", "vigie.db.lock"]
    );
}
