//! What people let others see, and whom they blocked: kept until they change it, or go.

use vigie_core::{PrincipalId, Privacy, Reach};
use vigie_store::{StoredBlock, StoredPrivacy};

use crate::Database;
use crate::cast::{Snapshot, at, guest, load, registered, user, visitor};

const HIDDEN: Privacy = Privacy {
    availability: Reach::Nobody,
    last_seen: Reach::Everyone,
};
const OPEN: Privacy = Privacy {
    availability: Reach::Everyone,
    last_seen: Reach::Contacts,
};

fn settings(snapshot: &Snapshot) -> Vec<(PrincipalId, Privacy)> {
    let setting = |kept: &StoredPrivacy| (kept.principal.clone(), kept.privacy);
    let mut settings: Vec<_> = snapshot.privacy.iter().map(setting).collect();
    settings.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    settings
}

fn blocks(snapshot: &Snapshot) -> Vec<(PrincipalId, PrincipalId)> {
    let block = |kept: &StoredBlock| (kept.blocker.clone(), kept.blocked.clone());
    let mut blocks: Vec<_> = snapshot.blocks.iter().map(block).collect();
    blocks.sort_unstable();
    blocks
}

pub(crate) async fn a_setting_comes_back_and_the_default_keeps_no_row(database: &impl Database) {
    let store = database.open().await;
    let (alice, zoe) = (user("alice"), guest("g_zoe"));
    store.write_privacy(&alice, OPEN).await.unwrap();
    store.write_privacy(&alice, HIDDEN).await.unwrap();
    store.write_privacy(&zoe, OPEN).await.unwrap();
    drop(store);
    let store = database.open().await;
    let snapshot = load(&*store).await.unwrap();
    let expected = [(alice.clone(), HIDDEN), (zoe.clone(), OPEN)];
    assert_eq!(settings(&snapshot), expected);
    store
        .write_privacy(&alice, Privacy::default())
        .await
        .unwrap();
    let snapshot = load(&*store).await.unwrap();
    assert_eq!(settings(&snapshot), [(zoe, OPEN)]);
}

pub(crate) async fn a_block_comes_back_once_until_it_ends(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob, nobody) = (user("alice"), user("bob"), user("nobody-has-this"));
    for blocked in [&bob, &bob, &nobody] {
        store.add_block(&alice, blocked).await.unwrap();
    }
    store.add_block(&bob, &alice).await.unwrap();
    drop(store);
    let store = database.open().await;
    let snapshot = load(&*store).await.unwrap();
    let pair = |one: &PrincipalId, other: &PrincipalId| (one.clone(), other.clone());
    let expected = [
        pair(&alice, &bob),
        pair(&alice, &nobody),
        pair(&bob, &alice),
    ];
    assert_eq!(blocks(&snapshot), expected);
    store.remove_block(&alice, &bob).await.unwrap();
    store.remove_block(&alice, &bob).await.unwrap();
    let snapshot = load(&*store).await.unwrap();
    assert_eq!(blocks(&snapshot), expected[1..]);
}

pub(crate) async fn whoever_goes_leaves_no_setting_and_no_block(database: &impl Database) {
    let store = database.open().await;
    let people = ["alice", "bob", "carol"].map(registered);
    store.provision_users(&people).await.unwrap();
    store.upsert_guests(&[visitor("g_zoe", 1)]).await.unwrap();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(user);
    let zoe = guest("g_zoe");
    for whose in [&alice, &zoe, &carol] {
        store.write_privacy(whose, HIDDEN).await.unwrap();
    }
    for (blocker, blocked) in [
        (&alice, &bob),
        (&bob, &alice),
        (&zoe, &bob),
        (&carol, &zoe),
        (&carol, &bob),
    ] {
        store.add_block(blocker, blocked).await.unwrap();
    }
    store.delete_user(&alice, at(1)).await.unwrap();
    store.delete_guests(&[zoe]).await.unwrap();
    let snapshot = load(&*store).await.unwrap();
    assert_eq!(settings(&snapshot), [(carol.clone(), HIDDEN)]);
    assert_eq!(blocks(&snapshot), [(carol, bob)]);
}

pub(crate) async fn a_guest_who_becomes_a_user_leaves_its_blocks(database: &impl Database) {
    let store = database.open().await;
    let people = ["alice", "bob", "carol"].map(registered);
    store.provision_users(&people).await.unwrap();
    store.upsert_guests(&[visitor("g_zoe", 1)]).await.unwrap();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(user);
    let zoe = guest("g_zoe");
    store.write_privacy(&zoe, HIDDEN).await.unwrap();
    for (blocker, blocked) in [(&zoe, &bob), (&carol, &zoe), (&alice, &bob)] {
        store.add_block(blocker, blocked).await.unwrap();
    }
    let block = |blocker: &PrincipalId, blocked: &PrincipalId| StoredBlock {
        blocker: blocker.clone(),
        blocked: blocked.clone(),
    };
    // One of them is there already.
    let taken_over = [block(&alice, &bob), block(&carol, &alice)];
    for _ in 0..2 {
        store.merge_guest(&zoe, &alice, &taken_over).await.unwrap();
    }
    drop(store);
    let snapshot = load(&*database.open().await).await.unwrap();
    assert_eq!(settings(&snapshot), []);
    let expected = [(alice.clone(), bob), (carol, alice)];
    assert_eq!(blocks(&snapshot), expected);
}
