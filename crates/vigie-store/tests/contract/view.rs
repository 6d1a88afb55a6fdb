//! The view `presence`, for whoever reads the database directly: it knows that a silent server holds nobody.

use std::time::{Duration, SystemTime};

use vigie_core::{Availability, PresenceRecord, Profile, Wall};
use vigie_store::StoredUser;

use crate::Database;
use crate::cast::{OFFLINE_AFTER, at, offline, online, registered, user, visitor, write};

const ALICE: &str = "SELECT availability FROM presence WHERE principal_id = 'alice'";
const HOW_MANY_ONLINE: &str = "SELECT CAST(count(*) AS TEXT) FROM presence WHERE is_online";

/// The view compares with the database's clock, so its stories happen around now.
pub(crate) fn now() -> Wall {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Wall::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

pub(crate) async fn a_stopped_server_leaves_nobody_online(database: &impl Database) {
    let store = database.open().await;
    store
        .upsert_users(&[registered("alice"), registered("bob")])
        .await
        .unwrap();
    let long_ago = now() - minutes(60);
    let by = store
        .begin_incarnation(long_ago, OFFLINE_AFTER)
        .await
        .unwrap();
    let batch = [user("alice"), user("bob")].map(|one| write(&one, &online(1)));
    store.write_presence(&by, &batch, None).await.unwrap();
    assert_eq!(database.value(ALICE).await.unwrap(), "offline");
    assert_eq!(database.value(HOW_MANY_ONLINE).await.unwrap(), "0");

    store.write_alive(&by, now()).await.unwrap();
    assert_eq!(database.value(ALICE).await.unwrap(), "online");
    assert_eq!(database.value(HOW_MANY_ONLINE).await.unwrap(), "2");
}

pub(crate) async fn a_rest_lease_ends_by_itself(database: &impl Database) {
    let store = database.open().await;
    store.upsert_users(&[registered("alice")]).await.unwrap();
    let began = now() - minutes(60);
    let by = store.begin_incarnation(began, OFFLINE_AFTER).await.unwrap();
    let by_rest = |floor, active| PresenceRecord {
        rest_floor: Some(floor),
        last_active_at: Some(active),
        sessions: Vec::new(),
        ..online(1)
    };
    for (floor, active, expected) in [
        (now() - minutes(7), now() - minutes(6), "offline"),
        (now() - minutes(7), now() - minutes(4), "online"),
        (now() + minutes(1), now() - minutes(4), "online"),
    ] {
        let record = by_rest(floor, active);
        store
            .write_presence(&by, &[write(&user("alice"), &record)], None)
            .await
            .unwrap();
        assert_eq!(database.value(ALICE).await.unwrap(), expected);
    }
}

pub(crate) async fn forced_offline_and_away_are_shown(database: &impl Database) {
    let store = database.open().await;
    store.upsert_users(&[registered("alice")]).await.unwrap();
    let by = store.begin_incarnation(now(), OFFLINE_AFTER).await.unwrap();
    let forced = PresenceRecord {
        availability: Availability::Offline,
        forced_offline_at: Some(at(2)),
        ..online(2)
    };
    let away = PresenceRecord {
        availability: Availability::Away,
        ..online(3)
    };
    for (record, expected) in [
        (online(1), "online"),
        (forced, "offline"),
        (away, "away"),
        (offline(4), "offline"),
    ] {
        store
            .write_presence(&by, &[write(&user("alice"), &record)], None)
            .await
            .unwrap();
        assert_eq!(database.value(ALICE).await.unwrap(), expected);
    }
}

pub(crate) async fn people_are_named_and_times_are_readable(database: &impl Database) {
    let named = |id: &str, first: Option<&str>, display: Option<&str>| StoredUser {
        profile: Profile {
            first_name: first.map(Box::from),
            last_name: first.map(|_| "Liddell".into()),
            display_name: display.map(Box::from),
            ..registered(id).profile
        },
        ..registered(id)
    };
    let store = database.open().await;
    let people = [
        named("alice", Some("Alice"), Some("")),
        named("bob", None, Some("Bobby")),
        named("carol", None, None),
        named("dave", None, None),
    ];
    store.upsert_users(&people).await.unwrap();
    store.upsert_guests(&[visitor("g_gull", 1)]).await.unwrap();
    store.delete_user(&user("dave"), at(0)).await.unwrap();
    let by = store.begin_incarnation(now(), OFFLINE_AFTER).await.unwrap();
    let times = PresenceRecord {
        last_active_at: Some(Wall::from_millis(1_700_000_000_007)),
        last_seen_at: Some(Wall::from_millis(1_700_000_000_999)),
        ..offline(1)
    };
    store
        .write_presence(&by, &[write(&user("alice"), &times)], None)
        .await
        .unwrap();
    for (sql, expected) in [
        (
            "SELECT kind || ' ' || name FROM presence WHERE principal_id = 'alice'",
            Some("user Alice Liddell"),
        ),
        (
            "SELECT name FROM presence WHERE principal_id = 'bob'",
            Some("Bobby"),
        ),
        (
            "SELECT name FROM presence WHERE principal_id = 'carol'",
            Some("carol"),
        ),
        (
            "SELECT name FROM presence WHERE principal_id = 'dave'",
            None,
        ),
        (
            "SELECT kind || ' ' || name FROM presence WHERE principal_id = 'g_gull'",
            Some("guest Visitor"),
        ),
        (
            "SELECT last_active_at FROM presence WHERE principal_id = 'alice'",
            Some("2023-11-14T22:13:20.007Z"),
        ),
        (
            "SELECT last_seen_at FROM presence WHERE principal_id = 'alice'",
            Some("2023-11-14T22:13:20.999Z"),
        ),
        (
            "SELECT last_seen_at FROM presence WHERE principal_id = 'bob'",
            None,
        ),
    ] {
        assert_eq!(database.value(sql).await.as_deref(), expected, "{sql}");
    }
}
