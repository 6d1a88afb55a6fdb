//! What people chose: kept with their presence, at no cost for whoever chose nothing, and a veil is never lost.

use std::sync::Arc;

use vigie_core::{Chosen, ChosenStatus, Lifted, PresenceRecord, StoredChoice, Veil, Version, Wall};

use crate::Database;
use crate::cast::{
    OFFLINE_AFTER, at, guest, load, offline, online, presence_of, registered, user, version,
    visitor, write,
};

fn chose(seconds: i64, status: ChosenStatus) -> Option<StoredChoice> {
    Some(StoredChoice {
        version: version(seconds),
        chosen: Some(Arc::new(Chosen {
            status: Some(status),
            text: Some("on a train, 🚆".into()),
            until: Some(at(seconds + 3_600)),
        })),
        veil: (status == ChosenStatus::Invisible).then(|| Veil {
            version: version(seconds),
            last_active_at: Some(at(seconds - 1)),
            last_seen_at: Some(at(seconds)),
        }),
        lifted: None,
    })
}

/// A veil was lifted, and nothing is chosen.
fn lifted(seconds: i64) -> Option<StoredChoice> {
    Some(StoredChoice {
        version: version(seconds),
        lifted: Some(Lifted {
            hidden_until: at(seconds - 1),
            last_active_at: Some(at(seconds)),
            last_seen_at: Some(at(seconds - 9)),
        }),
        ..StoredChoice::default()
    })
}

fn taken_back(seconds: i64) -> Option<StoredChoice> {
    Some(StoredChoice {
        version: version(seconds),
        ..StoredChoice::default()
    })
}

fn with(record: PresenceRecord, choice: Option<StoredChoice>) -> PresenceRecord {
    PresenceRecord { choice, ..record }
}

pub(crate) async fn a_choice_comes_back_with_and_without_leases(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let veil_of_a_stranger = Some(StoredChoice {
        version: version(3),
        chosen: None,
        veil: Some(Veil {
            version: Version(0),
            last_active_at: None,
            last_seen_at: None,
        }),
        lifted: None,
    });
    let lifted_of_a_stranger = Some(StoredChoice {
        version: version(4),
        lifted: Some(Lifted {
            hidden_until: Wall::from_millis(0),
            last_active_at: None,
            last_seen_at: None,
        }),
        ..StoredChoice::default()
    });
    let people = [
        ("alice", with(online(2), chose(2, ChosenStatus::Invisible))),
        ("bob", with(offline(2), chose(2, ChosenStatus::Busy))),
        ("carol", online(2)),
        ("dave", with(PresenceRecord::default(), veil_of_a_stranger)),
        ("erin", with(online(2), lifted(2))),
        ("frank", with(online(2), lifted_of_a_stranger)),
    ];
    let batch = people
        .clone()
        .map(|(name, record)| write(&user(name), &record));
    store.write_presence(&by, &batch, None).await.unwrap();
    let names = people.clone().map(|(name, _)| user(name));
    let some = store.read_presence(&names).await.unwrap();
    drop(store);

    let store = database.open().await;
    store.begin_incarnation(at(9), OFFLINE_AFTER).await.unwrap();
    let snapshot = load(&*store).await.unwrap();
    for (name, record) in people {
        let kept = presence_of(&snapshot, &user(name)).unwrap();
        assert_eq!(kept.record, record, "{name}");
        assert!(some.contains(kept), "{name}");
    }
}

pub(crate) async fn an_older_choice_never_wins(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let in_order = [
        chose(10, ChosenStatus::Busy),
        chose(20, ChosenStatus::Invisible),
        lifted(25),
        taken_back(30),
        chose(40, ChosenStatus::Away),
    ];
    for (older, early) in in_order.iter().enumerate() {
        for (newer, late) in in_order.iter().enumerate().skip(older + 1) {
            let alice = user(&format!("alice-{older}-{newer}"));
            // Also with a presence that is newer than its choice, and with one that is ended.
            for (record, choice) in [
                (online(5), late),
                (offline(50), early),
                (offline(50), &None),
            ] {
                let record = with(record, choice.clone());
                let batch = [write(&alice, &record)];
                store.write_presence(&by, &batch, None).await.unwrap();
            }
            let snapshot = load(&*store).await.unwrap();
            let kept = &presence_of(&snapshot, &alice).unwrap().record.choice;
            let expected = late.clone().filter(StoredChoice::is_kept);
            assert_eq!(*kept, expected, "{early:?} came after {late:?}");
        }
    }
}

pub(crate) async fn what_was_taken_back_is_gone_after_the_next_start(database: &impl Database) {
    let rows = "SELECT CAST(count(*) AS TEXT) FROM choices";
    let words = "SELECT CAST(count(*) AS TEXT) FROM choices
        WHERE coalesce(status, text) IS NOT NULL OR until IS NOT NULL OR veil_version IS NOT NULL
            OR veil_last_seen_at IS NOT NULL OR veil_hidden_until IS NOT NULL";
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    for choice in [
        chose(10, ChosenStatus::Invisible),
        lifted(15),
        taken_back(20),
    ] {
        let record = with(online(5), choice);
        let batch = [write(&user("alice"), &record)];
        store.write_presence(&by, &batch, None).await.unwrap();
    }
    assert_eq!(database.value(words).await.as_deref(), Some("0"));
    store
        .begin_incarnation(at(30), OFFLINE_AFTER)
        .await
        .unwrap();
    assert_eq!(database.value(rows).await.as_deref(), Some("0"));
}

pub(crate) async fn choices_cost_a_row_when_they_change_and_none_else(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let batch = |active, choice: &Option<StoredChoice>| -> Vec<_> {
        let chooser = |number: i32| number % 10 == 0;
        let record = |number| PresenceRecord {
            last_active_at: Some(at(active)),
            choice: choice.clone().filter(|_| chooser(number)),
            ..online(1)
        };
        let person = |number| write(&user(&format!("user-{number}")), &record(number));
        (0..300).map(person).collect()
    };
    let busy = chose(10, ChosenStatus::Busy);
    for (active, choice, expected) in [
        (1, &busy, 330),
        (61, &busy, 300),
        (121, &chose(20, ChosenStatus::Invisible), 330),
        (121, &chose(20, ChosenStatus::Invisible), 0),
        (181, &lifted(25), 330),
        (181, &lifted(25), 0),
        (241, &taken_back(30), 330),
    ] {
        let written = store
            .write_presence(&by, &batch(active, choice), None)
            .await
            .unwrap();
        assert_eq!(written.rows, expected, "active at {active}");
    }
}

pub(crate) async fn whoever_goes_takes_the_choice_along(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    store.upsert_users(&[registered("alice")]).await.unwrap();
    store.upsert_guests(&[visitor("g_gull", 1)]).await.unwrap();
    let record = with(online(2), chose(2, ChosenStatus::Busy));
    let batch = [user("alice"), guest("g_gull")].map(|one| write(&one, &record));
    store.write_presence(&by, &batch, None).await.unwrap();
    store.delete_user(&user("alice"), at(3)).await.unwrap();
    store.delete_guests(&[guest("g_gull")]).await.unwrap();
    // Nor does a write that comes late bring it back.
    store.write_presence(&by, &batch, None).await.unwrap();
    let rows = "SELECT CAST(count(*) AS TEXT) FROM choices";
    assert_eq!(database.value(rows).await.as_deref(), Some("0"));
}

pub(crate) async fn the_view_shows_what_others_see(database: &impl Database) {
    const ALICE: &str = "SELECT availability FROM presence WHERE principal_id = 'alice'";
    const TIMES: &str = "SELECT coalesce(last_active_at, '-') || ' ' || coalesce(last_seen_at, '-')
        FROM presence WHERE principal_id = 'alice'";
    let store = database.open().await;
    store.upsert_users(&[registered("alice")]).await.unwrap();
    let now = crate::view::now();
    let by = store.begin_incarnation(now, OFFLINE_AFTER).await.unwrap();
    let seconds = (now.as_millis() - crate::cast::DAWN) / 1_000;
    let mut number = 0;
    let mut choice = |status, until: Option<i64>, is_veiled: bool| {
        number += 1;
        Some(StoredChoice {
            version: Version(number),
            chosen: Some(Arc::new(Chosen {
                status,
                text: Some("on a train".into()),
                until: until.map(|until| at(seconds + until)),
            })),
            veil: is_veiled.then_some(Veil {
                version: version(1),
                last_active_at: Some(Wall::from_millis(1_700_000_000_007)),
                last_seen_at: Some(Wall::from_millis(1_700_000_000_999)),
            }),
            lifted: None,
        })
    };
    let busy = Some(ChosenStatus::Busy);
    for (record, choice, expected) in [
        (online(1), choice(None, None, false), "online"),
        (online(1), choice(busy, None, false), "busy"),
        (online(1), choice(busy, Some(60), false), "busy"),
        (online(1), choice(busy, Some(-60), false), "online"),
        (
            online(1),
            choice(Some(ChosenStatus::Away), None, false),
            "away",
        ),
        (
            online(1),
            choice(Some(ChosenStatus::Invisible), None, true),
            "offline",
        ),
        (offline(2), choice(busy, None, false), "offline"),
    ] {
        let record = with(record, choice);
        let batch = [write(&user("alice"), &record)];
        store.write_presence(&by, &batch, Some(now)).await.unwrap();
        assert_eq!(database.value(ALICE).await.as_deref(), Some(expected));
        if record.choice.is_some_and(|choice| choice.veil.is_some()) {
            let frozen = "2023-11-14T22:13:20.007Z 2023-11-14T22:13:20.999Z";
            assert_eq!(database.value(TIMES).await.as_deref(), Some(frozen));
            let online = "SELECT CAST(count(*) AS TEXT) FROM presence WHERE is_online";
            assert_eq!(database.value(online).await.as_deref(), Some("0"));
        }
    }
    // After a veil was lifted the times go on from it, until there is a later activity.
    for (seconds, hidden_until, active) in [
        (1_000, at(2), "2023-11-14T22:13:20.007Z"),
        (1_001, at(1), "2023-11-14T22:13:22.000Z"),
    ] {
        let lifted = Some(StoredChoice {
            version: version(seconds),
            lifted: Some(Lifted {
                hidden_until,
                last_active_at: Some(Wall::from_millis(1_700_000_000_007)),
                last_seen_at: Some(Wall::from_millis(1_700_000_000_999)),
            }),
            ..StoredChoice::default()
        });
        let record = PresenceRecord {
            version: version(3),
            last_seen_at: Some(at(1)),
            ..with(online(2), lifted)
        };
        let batch = [write(&user("alice"), &record)];
        store.write_presence(&by, &batch, Some(now)).await.unwrap();
        assert_eq!(database.value(ALICE).await.as_deref(), Some("online"));
        let times = format!("{active} 2023-11-14T22:13:20.999Z");
        assert_eq!(database.value(TIMES).await, Some(times));
    }
}
