//! One server at a time, also when the connection that holds the lock is lost.

use std::slice::from_ref;
use std::sync::Arc;

use vigie_store::{OpenError, Store, WriteError};

use super::OnServer;
use crate::Database;
use crate::cast::{OFFLINE_AFTER, at, load, online, presence_of, registered, user, write};

/// Ends the connections that hold an advisory lock on this database, and waits until they are gone.
const CUT_THE_HOLDER: &str = "
    DO $$
    BEGIN
        PERFORM pg_terminate_backend(pid, 10000) FROM pg_locks
        WHERE locktype = 'advisory'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
    END
    $$";

const HOLDERS: &str = "
    SELECT count(*)::text FROM pg_locks
    WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[tokio::test]
async fn a_second_store_is_refused_until_the_first_is_closed() {
    let database = OnServer::fresh();
    let first = database.open().await;
    let refused = database.try_open().await.unwrap_err();
    assert!(
        matches!(
            &refused,
            OpenError::InUse {
                holder: Some(_),
                ..
            }
        ),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("stop that one"), "{refused}");
    first.close().await;
    database.open().await;
}

#[tokio::test]
async fn a_lost_lock_is_taken_again_before_the_next_write() {
    let database = OnServer::fresh();
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let alice = user("alice");
    for second in 1..4 {
        database.execute(CUT_THE_HOLDER).await;
        assert_eq!(database.value(HOLDERS).await.as_deref(), Some("0"));
        store
            .write_presence(&by, &[write(&alice, &online(second))], None)
            .await
            .unwrap();
        assert_eq!(database.value(HOLDERS).await.as_deref(), Some("1"));
        let snapshot = load(&*store).await.unwrap();
        let kept = presence_of(&snapshot, &alice).unwrap();
        assert_eq!(kept.record, online(second));
    }
}

#[tokio::test]
async fn nothing_is_written_against_the_one_who_took_the_lock() {
    let database = OnServer::fresh();
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    database.execute(CUT_THE_HOLDER).await;
    let competitor = database.open().await;

    let refused = write_presence(&store, &by).await;
    assert!(
        matches!(refused, WriteError::HeldByAnother(_)),
        "{refused:?}"
    );
    assert!(refused.is_final());
    // The competitor has not begun yet, so the directory's connection knows of nobody else.
    competitor
        .begin_incarnation(at(1), OFFLINE_AFTER)
        .await
        .unwrap();
    let refused = store.upsert_users(&[registered("bob")]).await.unwrap_err();
    assert!(matches!(refused, WriteError::Superseded), "{refused:?}");

    let snapshot = load(&*competitor).await.unwrap();
    assert_eq!(presence_of(&snapshot, &user("alice")), None);
    assert_eq!(snapshot.users, []);
}

#[tokio::test]
async fn whoever_took_over_and_ended_was_there_all_the_same() {
    let database = OnServer::fresh();
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    database.execute(CUT_THE_HOLDER).await;
    let competitor = database.open().await;
    competitor
        .begin_incarnation(at(1), OFFLINE_AFTER)
        .await
        .unwrap();
    competitor.close().await;

    let refused = write_presence(&store, &by).await;
    assert!(matches!(refused, WriteError::Superseded), "{refused:?}");
    assert!(refused.is_final());
}

#[tokio::test]
async fn a_later_start_waits_for_the_write_under_way() {
    let database = OnServer::fresh();
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let alice = user("alice");
    // Somebody else holds alice's row, so the write stands in the middle of its transaction.
    store
        .write_presence(&by, &[write(&alice, &online(1))], None)
        .await
        .unwrap();
    let mut blocker = database.connect().await;
    sqlx::raw_sql("BEGIN; SELECT * FROM node_presence FOR UPDATE")
        .execute(&mut blocker)
        .await
        .unwrap();
    let writing = tokio::spawn({
        let (store, by, alice) = (Arc::clone(&store), by.clone(), alice.clone());
        async move {
            store
                .write_presence(&by, &[write(&alice, &online(2))], None)
                .await
        }
    });
    let waits = "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while database.value(waits).await.as_deref() != Some("1") {}
    let mut successor = database.connect().await;
    let took_over =
        sqlx::raw_sql("SET lock_timeout = '50ms'; UPDATE node SET incarnations = incarnations + 1")
            .execute(&mut successor)
            .await;
    assert!(took_over.is_err(), "{took_over:?}");
    sqlx::raw_sql("COMMIT").execute(&mut blocker).await.unwrap();
    writing.await.unwrap().unwrap();
    database
        .execute("UPDATE node SET incarnations = incarnations + 1")
        .await;
    let refused = write_presence(&store, &by).await;
    assert!(matches!(refused, WriteError::Superseded), "{refused:?}");
}

async fn write_presence(store: &Arc<dyn Store>, by: &vigie_store::Incarnation) -> WriteError {
    let written = write(&user("alice"), &online(9));
    store
        .write_presence(by, from_ref(&written), None)
        .await
        .unwrap_err()
}
