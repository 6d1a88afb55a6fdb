//! What maintenance asks: a few rows of presence, and which guests nobody would miss.

use vigie_core::{PresenceRecord, Wall};
use vigie_store::StoredGuest;

use crate::Database;
use crate::cast::{OFFLINE_AFTER, at, guest, load, offline, online, user, visitor, write};

pub(crate) async fn presence_of_some_is_what_a_start_would_read(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let (alice, bob, carol) = (user("alice"), user("bob"), user("carol"));
    let batch = [
        write(&alice, &online(1)),
        write(&bob, &offline(2)),
        write(&carol, &online(3)),
    ];
    store
        .write_presence(&by, &batch, Some(at(4)))
        .await
        .unwrap();

    let mut expected = load(&*store).await.unwrap().presence;
    expected.retain(|presence| presence.principal != carol);
    let asked = [bob, user("nobody"), alice];
    assert_eq!(store.read_presence(&asked).await.unwrap(), expected);
    assert_eq!(expected.len(), 2);
    assert_eq!(store.read_presence(&[]).await.unwrap(), []);
}

pub(crate) async fn a_guest_is_stale_after_its_end_or_a_long_silence(database: &impl Database) {
    let store = database.open().await;
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let until = |id, token, expires_at: Option<Wall>, created_at| StoredGuest {
        expires_at,
        created_at,
        ..visitor(id, token)
    };
    let guests = [
        until("g_over", 1, Some(at(500)), at(0)),
        until("g_staying", 2, Some(at(501)), at(0)),
        until("g_silent", 3, None, at(99)),
        until("g_new", 4, None, at(100)),
        until("g_active", 5, None, at(0)),
        until("g_past", 6, None, at(0)),
        until("g_present", 7, None, at(0)),
        until("g_forced", 8, None, at(0)),
    ];
    store.upsert_guests(&guests).await.unwrap();
    let forced = PresenceRecord {
        forced_offline_at: Some(at(60)),
        ..offline(50)
    };
    let batch = [
        write(&guest("g_active"), &offline(100)),
        write(&guest("g_past"), &offline(99)),
        write(&guest("g_present"), &online(1)),
        write(&guest("g_forced"), &forced),
    ];
    store.write_presence(&by, &batch, None).await.unwrap();

    let stale = store.stale_guests(at(500), at(100)).await.unwrap();
    let expected = ["g_forced", "g_over", "g_past", "g_silent"].map(guest);
    assert_eq!(stale, expected);
}
