//! Presence and times: the newest state is kept, whatever the order of writes, and at what cost.

use vigie_core::{Availability, PresenceRecord, SessionId, StoredSession};

use crate::Database;
use crate::cast::{
    OFFLINE_AFTER, at, guest, load, offline, online, presence_of, registered, user, version,
    visitor, write,
};

pub(crate) async fn a_record_comes_back_whole(database: &impl Database) {
    let session = |id, backgrounded, lost: Option<i64>| StoredSession {
        id: SessionId(id),
        active_at: at(9),
        backgrounded,
        lost_alive_at: lost.map(at),
    };
    let record = PresenceRecord {
        version: version(10),
        availability: Availability::Away,
        last_active_at: Some(at(9)),
        last_seen_at: Some(at(2)),
        left_at: Some(at(1)),
        forced_offline_at: Some(at(3)),
        rest_floor: Some(at(40)),
        ended_proof_at: Some(at(7)),
        choice: None,
        sessions: vec![session(u128::MAX, false, None), session(1, true, Some(8))],
    };
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let alice = user("alice");
    store
        .write_presence(&by, &[write(&alice, &record)], Some(at(11)))
        .await
        .unwrap();
    drop(store);

    let snapshot = load(&*database.open().await).await.unwrap();
    let kept = presence_of(&snapshot, &alice).unwrap();
    assert_eq!(kept.record, record);
    assert_eq!(kept.alive_at, Some(at(11)));
}

pub(crate) async fn a_principal_without_leases_is_its_times(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let alice = user("alice");
    let gone = PresenceRecord {
        left_at: Some(at(5)),
        ..offline(5)
    };
    for record in [online(1), gone.clone()] {
        store
            .write_presence(&by, &[write(&alice, &record)], None)
            .await
            .unwrap();
    }
    let snapshot = load(&*store).await.unwrap();
    let kept = presence_of(&snapshot, &alice).unwrap();
    assert_eq!(kept.record, gone);
    assert_eq!(kept.alive_at, None);
}

pub(crate) async fn an_older_write_never_wins(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let away = PresenceRecord {
        availability: Availability::Away,
        ..online(20)
    };
    let refreshed = PresenceRecord {
        last_active_at: Some(at(25)),
        ..online(20)
    };
    let forced = PresenceRecord {
        availability: Availability::Offline,
        forced_offline_at: Some(at(30)),
        ..online(30)
    };
    let in_order = [online(10), away, refreshed, forced, offline(40), online(50)];
    for (older, early) in in_order.iter().enumerate() {
        for (newer, late) in in_order.iter().enumerate().skip(older + 1) {
            let alice = user(&format!("alice-{older}-{newer}"));
            for record in [late, early] {
                store
                    .write_presence(&by, &[write(&alice, record)], None)
                    .await
                    .unwrap();
            }
            let snapshot = load(&*store).await.unwrap();
            let kept = &presence_of(&snapshot, &alice).unwrap().record;
            let expected = PresenceRecord {
                last_seen_at: late.last_seen_at.max(early.last_seen_at),
                ..late.clone()
            };
            assert_eq!(*kept, expected, "{early:?} came after {late:?}");
        }
    }
}

pub(crate) async fn a_late_lease_does_not_revive(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let alice = user("alice");
    for record in [online(1), offline(3), online(2)] {
        store
            .write_presence(&by, &[write(&alice, &record)], Some(at(3)))
            .await
            .unwrap();
    }
    let snapshot = load(&*store).await.unwrap();
    assert_eq!(presence_of(&snapshot, &alice).unwrap().record, offline(3));
    // Nor may a reader of the database take it for a lease.
    let rows = "SELECT CAST(count(*) AS TEXT) FROM node_presence";
    assert_eq!(database.value(rows).await.as_deref(), Some("0"));
}

pub(crate) async fn a_late_end_does_not_end_a_newer_lease(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let alice = user("alice");
    for record in [online(1), online(3), offline(2)] {
        store
            .write_presence(&by, &[write(&alice, &record)], Some(at(3)))
            .await
            .unwrap();
    }
    let snapshot = load(&*store).await.unwrap();
    let expected = PresenceRecord {
        last_seen_at: Some(at(2)),
        ..online(3)
    };
    assert_eq!(presence_of(&snapshot, &alice).unwrap().record, expected);
}

pub(crate) async fn unknown_never_replaces_a_time(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let alice = user("alice");
    let unknown = |seconds| PresenceRecord {
        version: version(seconds),
        ..PresenceRecord::default()
    };
    let timeless_lease = PresenceRecord {
        last_active_at: None,
        ..online(5)
    };
    for record in [offline(2), unknown(3), timeless_lease, unknown(6)] {
        store
            .write_presence(&by, &[write(&alice, &record)], None)
            .await
            .unwrap();
        let snapshot = load(&*store).await.unwrap();
        let kept = &presence_of(&snapshot, &alice).unwrap().record;
        assert_eq!(kept.version, record.version);
        assert_eq!(kept.last_active_at, Some(at(2)));
        assert_eq!(kept.last_seen_at, Some(at(2)));
    }
}

pub(crate) async fn a_refresh_touches_one_row_and_an_unchanged_record_none(
    database: &impl Database,
) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let by_rest = |active| PresenceRecord {
        rest_floor: Some(at(1)),
        last_active_at: Some(at(active)),
        sessions: Vec::new(),
        ..online(1)
    };
    let away_from_keys = |active| PresenceRecord {
        last_active_at: Some(at(active)),
        ..offline(1)
    };
    let batch = |active| -> Vec<_> {
        let principal = |number| user(&format!("user-{number}"));
        let present = (0..500).map(|number| write(&principal(number), &by_rest(active)));
        let absent = (500..1_000).map(|number| write(&principal(number), &away_from_keys(active)));
        present.chain(absent).collect()
    };
    for (active, alive_at, expected) in [
        (1, None, 1_000),
        (61, None, 1_000),
        (121, Some(at(121)), 1_001),
        (121, None, 0),
        (61, None, 0),
    ] {
        let written = store
            .write_presence(&by, &batch(active), alive_at)
            .await
            .unwrap();
        assert_eq!(written.rows, expected, "active at {active}, {alive_at:?}");
    }
}

pub(crate) async fn whoever_was_deleted_gets_no_row(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    store
        .upsert_users(&[registered("alice"), registered("bob")])
        .await
        .unwrap();
    store
        .upsert_guests(&[visitor("g_gull", 1), visitor("g_tern", 2)])
        .await
        .unwrap();
    store.delete_user(&user("alice"), at(1)).await.unwrap();
    store.delete_guests(&[guest("g_gull")]).await.unwrap();

    let not_written_yet = user("carol");
    let everyone = [
        user("alice"),
        user("bob"),
        not_written_yet,
        guest("g_gull"),
        guest("g_tern"),
    ];
    for record in [online(2), offline(3)] {
        let batch = everyone
            .each_ref()
            .map(|principal| write(principal, &record));
        store.write_presence(&by, &batch, None).await.unwrap();
        let snapshot = load(&*store).await.unwrap();
        let kept = everyone
            .each_ref()
            .map(|principal| presence_of(&snapshot, principal).is_some());
        assert_eq!(kept, [false, true, true, false, true]);
    }
}
