//! From one start to the next: incarnations, their proofs of life, and taking over.

use vigie_core::PresenceRecord;

use crate::Database;
use crate::cast::{OFFLINE_AFTER, at, load, offline, online, presence_of, user, write};

pub(crate) async fn each_start_is_another_incarnation_of_one_node(database: &impl Database) {
    let mut begun = Vec::new();
    for start in 0..3 {
        let store = database.open().await;
        let by = store.begin_incarnation(at(start), OFFLINE_AFTER).await;
        begun.push(by.unwrap());
    }
    let numbers: Vec<_> = begun.iter().map(|by| by.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(begun.iter().all(|by| by.node == begun[0].node));
    assert!(!begun[0].node.is_empty());
}

pub(crate) async fn a_successor_takes_over_and_reaps(database: &impl Database) {
    let (alice, bob) = (user("alice"), user("bob"));
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let batch = [write(&alice, &online(1)), write(&bob, &online(2))];
    store.write_presence(&by, &batch, None).await.unwrap();
    store.write_alive(&by, at(8)).await.unwrap();
    drop(store);

    let store = database.open().await;
    let found = load(&*store).await.unwrap();
    for (principal, record) in [(&alice, online(1)), (&bob, online(2))] {
        let kept = presence_of(&found, principal).unwrap();
        assert_eq!(kept.record, record);
        assert_eq!(kept.alive_at, Some(at(8)));
    }
    let successor = store
        .begin_incarnation(at(20), OFFLINE_AFTER)
        .await
        .unwrap();
    let restored = PresenceRecord {
        last_active_at: Some(at(21)),
        ..online(1)
    };
    store
        .write_presence(&successor, &[write(&alice, &restored)], None)
        .await
        .unwrap();
    store.reap_predecessors(&successor).await.unwrap();

    let found = load(&*store).await.unwrap();
    let kept = presence_of(&found, &alice).unwrap();
    assert_eq!(kept.record, restored);
    assert_eq!(kept.alive_at, Some(at(20)));
    let reaped = presence_of(&found, &bob).unwrap();
    assert!(!reaped.record.has_lease());
    assert_eq!(reaped.record.last_active_at, Some(at(2)));
    assert_eq!(reaped.record.version, online(2).version);
    assert_eq!(reaped.alive_at, None);

    let again = store.reap_predecessors(&successor).await.unwrap();
    assert_eq!(again.rows, 0);
}

pub(crate) async fn however_many_earlier_rows_there_are_all_are_reaped(database: &impl Database) {
    // Two slices and a half.
    let crowd: Vec<_> = (0..25_000).map(|n| user(&format!("u{n}"))).collect();
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let batch: Vec<_> = crowd.iter().map(|id| write(id, &online(1))).collect();
    store.write_presence(&by, &batch, None).await.unwrap();
    let successor = store
        .begin_incarnation(at(20), OFFLINE_AFTER)
        .await
        .unwrap();
    store.reap_predecessors(&successor).await.unwrap();

    let found = load(&*store).await.unwrap();
    for id in &crowd {
        let kept = presence_of(&found, id).unwrap();
        assert!(!kept.record.has_lease(), "{id} was not reaped");
        assert_eq!(kept.record.last_active_at, Some(at(1)));
    }
    let again = store.reap_predecessors(&successor).await.unwrap();
    assert_eq!(again.rows, 0);
}

pub(crate) async fn an_interrupted_takeover_keeps_the_newest_state(database: &impl Database) {
    let (alice, bob) = (user("alice"), user("bob"));
    let store = database.open().await;
    let first = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let seen_before = PresenceRecord {
        last_seen_at: Some(at(0)),
        ..online(1)
    };
    let batch = [write(&alice, &seen_before), write(&bob, &online(2))];
    store
        .write_presence(&first, &batch, Some(at(5)))
        .await
        .unwrap();
    drop(store);

    let store = database.open().await;
    let second = store.begin_incarnation(at(9), OFFLINE_AFTER).await.unwrap();
    store
        .write_presence(&second, &[write(&alice, &online(10))], Some(at(10)))
        .await
        .unwrap();
    drop(store);

    let found = load(&*database.open().await).await.unwrap();
    let newest = presence_of(&found, &alice).unwrap();
    assert_eq!(newest.record.sessions, online(10).sessions);
    assert_eq!(newest.record.last_seen_at, Some(at(0)));
    assert_eq!(newest.alive_at, Some(at(10)));
    let not_taken_over = presence_of(&found, &bob).unwrap();
    assert_eq!(not_taken_over.record, online(2));
    assert_eq!(not_taken_over.alive_at, Some(at(5)));
}

pub(crate) async fn whom_a_successor_ended_stays_ended(database: &impl Database) {
    let alice = user("alice");
    let store = database.open().await;
    for (start, record) in [(0, online(1)), (9, offline(10))] {
        let by = store
            .begin_incarnation(at(start), OFFLINE_AFTER)
            .await
            .unwrap();
        store
            .write_presence(&by, &[write(&alice, &record)], None)
            .await
            .unwrap();
    }
    let found = load(&*store).await.unwrap();
    assert_eq!(presence_of(&found, &alice).unwrap().record, offline(10));
}

pub(crate) async fn proofs_of_life_never_go_backwards(database: &impl Database) {
    let alice = user("alice");
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    store
        .write_presence(&by, &[write(&alice, &online(1))], Some(at(10)))
        .await
        .unwrap();
    store.write_alive(&by, at(4)).await.unwrap();
    let found = load(&*store).await.unwrap();
    assert_eq!(presence_of(&found, &alice).unwrap().alive_at, Some(at(10)));
}

pub(crate) async fn thousands_come_back_in_the_order_of_their_ids(database: &impl Database) {
    const PEOPLE: i64 = 9_000;
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let id = |number: i64| user(&format!("user-{number:05}"));
    let was = |number: i64| (number % 3 != 0).then(|| write(&id(number), &offline(1)));
    let is = |number: i64| (number % 3 != 1).then(|| write(&id(number), &online(number + 2)));
    for batch in [
        (0..PEOPLE).filter_map(was).collect::<Vec<_>>(),
        (0..PEOPLE).filter_map(is).collect(),
    ] {
        store
            .write_presence(&by, &batch, Some(at(PEOPLE)))
            .await
            .unwrap();
    }
    let found = load(&*store).await.unwrap().presence;
    assert_eq!(found.len(), 9_000);
    for (number, found) in (0..).zip(found) {
        let expected = match number % 3 {
            0 => online(number + 2),
            1 => offline(1),
            _ => PresenceRecord {
                last_seen_at: Some(at(1)),
                ..online(number + 2)
            },
        };
        assert_eq!(found.principal, id(number));
        assert_eq!(found.record, expected);
        let alive_at = (number % 3 != 1).then(|| at(PEOPLE));
        assert_eq!(found.alive_at, alive_at);
    }
}
