//! A process that is killed: nothing it was told to be durable is lost, and it blocks nobody.

use std::path::Path;
use std::slice::from_ref;

use vigie_store::{Holder, OpenError};

use super::{Sqlite, child};
use crate::Database;
use crate::cast::{OFFLINE_AFTER, at, load, online, presence_of, registered, user, write};

#[tokio::test]
async fn kill_nine_loses_nothing_that_was_written() {
    if let Some(path) = child::database() {
        write_until_killed(&path).await;
    }
    let database = Sqlite::fresh();
    let mut process = child::Process::start(
        "sqlite::crash::kill_nine_loses_nothing_that_was_written",
        &database.path(),
    );
    let mut told: i64 = 0;
    while told < 30 {
        told = process.next_told().unwrap().parse().unwrap();
    }
    process.kill();
    while let Some(line) = process.next_told() {
        told = line.parse().unwrap();
    }

    let snapshot = load(&*database.open().await).await.unwrap();
    for written in 1..=told {
        let somebody = registered(&format!("user-{written}"));
        assert!(snapshot.users.contains(&somebody), "{written} of {told}");
        let kept = presence_of(&snapshot, &somebody.id).unwrap();
        assert_eq!(kept.record, online(written));
        assert!(kept.alive_at >= Some(at(told)));
    }
}

/// One user and one presence after the other, each told once it is durable.
async fn write_until_killed(path: &Path) {
    let store = open(path).await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    for number in 1.. {
        let somebody = registered(&format!("user-{number}"));
        store.upsert_users(from_ref(&somebody)).await.unwrap();
        store
            .write_presence(
                &by,
                &[write(&somebody.id, &online(number))],
                Some(at(number)),
            )
            .await
            .unwrap();
        child::tell(&number.to_string());
    }
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_has_died() {
    if let Some(path) = child::database() {
        let _held = open(&path).await;
        child::tell(&std::process::id().to_string());
        std::future::pending::<()>().await;
    }
    let database = Sqlite::fresh();
    let mut process = child::Process::start(
        "sqlite::crash::a_second_process_is_refused_until_the_first_has_died",
        &database.path(),
    );
    let pid: u32 = process.next_told().unwrap().parse().unwrap();
    let refused = database.try_open().await;
    assert!(
        matches!(&refused, Err(OpenError::InUse { holder, .. }) if *holder == Some(Holder::Process(pid))),
        "{refused:?}"
    );
    process.kill();
    let store = database.open().await;
    store.upsert_users(&[registered("alice")]).await.unwrap();
    assert_eq!(load(&*store).await.unwrap().users[0].id, user("alice"));
}

#[tokio::test]
async fn a_full_disk_refuses_and_keeps_what_was_there() {
    if let Some(path) = child::database() {
        write_until_full(&path).await;
        return;
    }
    let database = Sqlite::fresh();
    drop(database.open().await);
    let mut process = child::Process::start_with_little_disk(
        "sqlite::crash::a_full_disk_refuses_and_keeps_what_was_there",
        &database.path(),
        2_048,
    );
    let refusal = process.next_told().unwrap();
    assert!(refusal.starts_with("cannot "), "{refusal}");
    let kept: usize = process.next_told().unwrap().parse().unwrap();
    assert!(kept > 0);
    assert_eq!(process.next_told(), None);

    let store = database.open().await;
    assert_eq!(load(&*store).await.unwrap().users.len(), kept);
    store.upsert_users(&[registered("zoe")]).await.unwrap();
    assert_eq!(load(&*store).await.unwrap().users.len(), kept + 1);
}

/// Batches of a hundred users until one is refused; tells the refusal and how many users were kept, which is those of the batches before.
async fn write_until_full(path: &Path) {
    let store = open(path).await;
    let mut kept = 0;
    let refusal = loop {
        let batch: Vec<_> = (kept..kept + 100)
            .map(|number| registered(&format!("user-{number:08}")))
            .collect();
        match store.upsert_users(&batch).await {
            Ok(()) => kept += batch.len(),
            Err(error) => break error,
        }
    };
    child::tell(&refusal.to_string());
    assert_eq!(load(&*store).await.unwrap().users.len(), kept);
    child::tell(&kept.to_string());
}

async fn open(path: &Path) -> std::sync::Arc<dyn vigie_store::Store> {
    vigie_store::open(&format!("sqlite:{}", path.display()))
        .await
        .unwrap()
}
