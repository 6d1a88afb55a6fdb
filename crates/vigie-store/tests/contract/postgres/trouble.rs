//! A server that goes away while it is used: errors within a bound, never a hang, and nothing lost.

use vigie_store::{ReadError, WriteError};
use vigie_testbed::Postgres;

use super::OnServer;
use crate::Database;
use crate::cast::{OFFLINE_AFTER, at, load, online, presence_of, registered, user, write};

#[tokio::test]
async fn a_lost_table_is_an_error_that_names_its_cause_once() {
    use std::error::Error;

    let database = OnServer::fresh();
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    database
        .execute("DROP VIEW presence; DROP TABLE node_presence")
        .await;
    let batch = [write(&user("alice"), &online(1))];
    let refused = store.write_presence(&by, &batch, None).await.unwrap_err();
    assert!(!refused.heals_by_waiting(), "{refused:?}");
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
            "INSERT INTO users (id, is_active, set_by_api) VALUES ('not an id', true, false)",
            "users",
        ),
        (
            "INSERT INTO users (id, role, is_active, set_by_api) VALUES ('alice', 'PIRATE', true, false)",
            "users",
        ),
        (
            "INSERT INTO node_presence (principal_id, node_id, incarnation, version, availability, sessions)
            SELECT 'alice', id, 1, 1, 2, '\\xff' FROM node",
            "node_presence",
        ),
        (
            "INSERT INTO times (principal_id, version) VALUES ('alice', -1)",
            "times",
        ),
    ] {
        let database = OnServer::fresh();
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
async fn a_server_that_was_killed_and_restarted_is_used_again() {
    let mut server = Postgres::start().unwrap();
    let database = OnServer {
        url: server.database().unwrap(),
    };
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let batch = [write(&user("alice"), &online(1))];
    store.write_presence(&by, &batch, None).await.unwrap();
    store.upsert_users(&[registered("alice")]).await.unwrap();

    server.kill().unwrap();
    let refused = store.write_presence(&by, &batch, None).await.unwrap_err();
    assert!(refused.heals_by_waiting(), "{refused:?}");
    let refused = store.upsert_users(&[registered("bob")]).await.unwrap_err();
    assert!(matches!(refused, WriteError::Begin(_)), "{refused:?}");
    assert!(store.health().await.is_err());

    server.start_again().unwrap();
    store.health().await.unwrap();
    let batch = [write(&user("bob"), &online(2))];
    store.write_presence(&by, &batch, None).await.unwrap();
    store.upsert_users(&[registered("bob")]).await.unwrap();
    let snapshot = load(&*store).await.unwrap();
    assert_eq!(snapshot.users.len(), 2);
    for (name, since) in [("alice", 1), ("bob", 2)] {
        let kept = presence_of(&snapshot, &user(name)).unwrap();
        assert_eq!(kept.record, online(since));
    }
}

#[tokio::test]
async fn whoever_gives_up_on_a_silent_server_does_not_lock_itself_out() {
    let server = Postgres::start_without_fsync().unwrap();
    let database = OnServer {
        url: server.database().unwrap(),
    };
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let batch = [write(&user("alice"), &online(1))];
    store.write_presence(&by, &batch, None).await.unwrap();

    server.pause().unwrap();
    let given_up = tokio::time::timeout(
        std::time::Duration::from_millis(200),
        store.write_presence(&by, &batch, None),
    );
    assert!(given_up.await.is_err());
    server.resume().unwrap();
    // The server may still believe in the connection that was given up, and in its lock.
    let batch = [write(&user("alice"), &online(2))];
    store.write_presence(&by, &batch, None).await.unwrap();
    let snapshot = load(&*store).await.unwrap();
    let kept = presence_of(&snapshot, &user("alice")).unwrap();
    assert_eq!(kept.record, online(2));
}

#[tokio::test]
async fn a_closed_store_has_let_go_of_the_database() {
    let database = OnServer::fresh();
    let store = database.open().await;
    store.health().await.unwrap();
    store.close().await;
    let connections = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'vigie-%'";
    while database.value(connections).await.as_deref() != Some("0") {}
    database.open().await;
}
