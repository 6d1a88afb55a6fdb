//! The directory: what is written comes back, and who may overwrite whom.

use std::slice::from_ref;

use vigie_core::{Id, Profile, Role};
use vigie_store::{StoredConversation, StoredGuest, StoredUser};

use crate::Database;
use crate::cast::{
    OFFLINE_AFTER, at, conversation, guest, load, offline, online, presence_of, registered, user,
    visitor, write,
};

pub(crate) async fn everything_written_comes_back(database: &impl Database) {
    let alice = StoredUser {
        id: user("alice@example.org"),
        profile: Profile {
            username: Some("alice".into()),
            display_name: Some("Alice 🌊".into()),
            first_name: Some("Alice".into()),
            last_name: Some("O'Hara; DROP TABLE users".into()),
            language: Some("fr-FR".into()),
            role: Some(Role::BigBoss),
            is_active: false,
            set_by_api: true,
        },
        is_deleted: false,
    };
    let bob = StoredUser {
        profile: Profile::default(),
        ..registered("bob")
    };
    let zoe = StoredGuest {
        id: guest("g_zoe"),
        token_sha256: std::array::from_fn(|byte| u8::try_from(byte).unwrap()),
        conversation: conversation("harbour"),
        display_name: "Zoé".into(),
        language: Some("fr".into()),
        expires_at: Some(at(3_600)),
        created_at: at(0),
    };
    let harbour = StoredConversation {
        id: conversation("harbour"),
        title: Some("Le port".into()),
        members: vec![alice.id.clone(), bob.id.clone()],
    };
    let store = database.open().await;
    store.upsert_users(from_ref(&alice)).await.unwrap();
    store.provision_users(from_ref(&bob)).await.unwrap();
    store
        .upsert_conversations(from_ref(&harbour))
        .await
        .unwrap();
    store.upsert_guests(from_ref(&zoe)).await.unwrap();
    drop(store);

    let snapshot = load(&*database.open().await).await.unwrap();
    assert_eq!(snapshot.users, [alice, bob]);
    assert_eq!(snapshot.guests, from_ref(&zoe));
    let mut with_zoe = harbour;
    with_zoe.members.push(zoe.id);
    assert_eq!(snapshot.conversations, [with_zoe]);
    assert_eq!(snapshot.presence, []);
}

pub(crate) async fn batches_of_any_size_are_written_whole(database: &impl Database) {
    let store = database.open().await;
    for size in [0, 1, 15, 16, 17, 255, 256, 257, 1_000] {
        let users: Vec<_> = (0..size)
            .map(|number| registered(&format!("of-{size:04}-{number:04}")))
            .collect();
        let before = load(&*store).await.unwrap().users.len();
        store.upsert_users(&users).await.unwrap();
        let after = load(&*store).await.unwrap().users;
        assert_eq!(after.len(), before + size);
        assert!(users.iter().all(|user| after.contains(user)), "{size}");
    }
}

pub(crate) async fn a_tombstone_yields_to_an_api_call_only(database: &impl Database) {
    let store = database.open().await;
    let alice = registered("alice");
    store.provision_users(from_ref(&alice)).await.unwrap();
    store.delete_user(&alice.id, at(1)).await.unwrap();
    store.provision_users(from_ref(&alice)).await.unwrap();
    let users = load(&*store).await.unwrap().users;
    assert_eq!(users.len(), 1);
    assert!(users[0].is_deleted);
    assert_eq!(users[0].profile.username, None, "a tombstone keeps no name");

    store.upsert_users(from_ref(&alice)).await.unwrap();
    assert_eq!(load(&*store).await.unwrap().users, [alice]);

    let never_written = user("mallory");
    store.delete_user(&never_written, at(2)).await.unwrap();
    store
        .provision_users(&[registered("mallory")])
        .await
        .unwrap();
    let users = load(&*store).await.unwrap().users;
    let mallory = users.iter().find(|user| user.id == never_written);
    assert!(mallory.unwrap().is_deleted);
}

pub(crate) async fn claims_change_names_while_no_api_call_has(database: &impl Database) {
    let store = database.open().await;
    let named = |name: &str, role, set_by_api| StoredUser {
        profile: Profile {
            display_name: Some(name.into()),
            role,
            set_by_api,
            ..Profile::default()
        },
        ..registered("alice")
    };
    store
        .provision_users(&[named("Al", None, false)])
        .await
        .unwrap();
    let with_role = named("Al", Some(Role::Audit), false);
    store.upsert_users(&[with_role]).await.unwrap();

    store
        .provision_users(&[named("Ally", None, false)])
        .await
        .unwrap();
    let expected = named("Ally", Some(Role::Audit), false);
    assert_eq!(load(&*store).await.unwrap().users, [expected]);

    let by_api = named("Dr. Alice", None, true);
    store.upsert_users(from_ref(&by_api)).await.unwrap();
    store
        .provision_users(&[named("Al", None, false)])
        .await
        .unwrap();
    assert_eq!(load(&*store).await.unwrap().users, [by_api]);
}

pub(crate) async fn whoever_goes_takes_memberships_and_presence_along(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (user("alice"), user("bob"));
    let (gull, tern) = (guest("g_gull"), guest("g_tern"));
    let everyone = [&alice, &bob, &gull, &tern].map(Clone::clone);
    store
        .upsert_users(&[registered("alice"), registered("bob")])
        .await
        .unwrap();
    store
        .upsert_guests(&[visitor("g_gull", 1), visitor("g_tern", 2)])
        .await
        .unwrap();
    store
        .add_members(&conversation("harbour"), &everyone)
        .await
        .unwrap();
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let present = [write(&alice, &online(1)), write(&gull, &online(1))];
    let absent = [write(&bob, &offline(1)), write(&tern, &offline(1))];
    store.write_presence(&by, &present, None).await.unwrap();
    store.write_presence(&by, &absent, None).await.unwrap();
    assert_eq!(load(&*store).await.unwrap().presence.len(), 4);

    store.delete_user(&alice, at(2)).await.unwrap();
    store.delete_guests(&[tern]).await.unwrap();
    let snapshot = load(&*store).await.unwrap();
    let harbour = &snapshot.conversations[0];
    assert_eq!(harbour.members, [bob.clone(), gull.clone()]);
    let left: Vec<_> = snapshot.guests.iter().map(|guest| &guest.id).collect();
    assert_eq!(left, [&gull]);
    assert_eq!(snapshot.presence.len(), 2);
    assert!(presence_of(&snapshot, &bob).is_some());
    assert!(presence_of(&snapshot, &gull).is_some());
}

pub(crate) async fn a_guest_who_becomes_a_user_leaves_its_memberships(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (user("alice"), user("bob"));
    let (gull, tern) = (guest("g_gull"), guest("g_tern"));
    store
        .upsert_users(&[registered("alice"), registered("bob")])
        .await
        .unwrap();
    store
        .upsert_guests(&[visitor("g_gull", 1), visitor("g_tern", 2)])
        .await
        .unwrap();
    let (harbour, quay) = (conversation("harbour"), conversation("quay"));
    // Alice is there already in one of the two.
    store
        .add_members(&harbour, &[alice.clone(), gull.clone(), bob.clone()])
        .await
        .unwrap();
    store.add_members(&quay, from_ref(&gull)).await.unwrap();
    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let present = [write(&gull, &online(1)), write(&tern, &online(1))];
    store.write_presence(&by, &present, None).await.unwrap();

    for _ in 0..2 {
        store.merge_guest(&gull, &alice, &[]).await.unwrap();
        let snapshot = load(&*store).await.unwrap();
        let members = |id: &Id| {
            let found = snapshot.conversations.iter().find(|one| one.id == *id);
            found.unwrap().members.clone()
        };
        assert_eq!(members(&harbour), [alice.clone(), bob.clone()]);
        assert_eq!(members(&quay), from_ref(&alice));
        let left: Vec<_> = snapshot.guests.iter().map(|guest| &guest.id).collect();
        assert_eq!(left, [&tern]);
        assert!(presence_of(&snapshot, &gull).is_none());
        assert!(presence_of(&snapshot, &tern).is_some());
    }
}

pub(crate) async fn a_guest_is_a_member_of_its_conversation(database: &impl Database) {
    let store = database.open().await;
    let gull = visitor("g_gull", 1);
    store.upsert_guests(from_ref(&gull)).await.unwrap();
    let lobby = StoredConversation {
        id: gull.conversation.clone(),
        title: None,
        members: vec![gull.id],
    };
    assert_eq!(load(&*store).await.unwrap().conversations, [lobby]);
    let twin = visitor("g_twin", 1);
    assert!(
        store.upsert_guests(&[twin]).await.is_err(),
        "two guests cannot share a token"
    );
    assert_eq!(load(&*store).await.unwrap().guests.len(), 1);
}

pub(crate) async fn members_can_be_added_removed_and_replaced(database: &impl Database) {
    let store = database.open().await;
    let harbour = conversation("harbour");
    let people = ["alice", "bob", "carol", "dave"].map(user);
    let members = async || {
        let conversations = load(&*store).await.unwrap().conversations;
        conversations.into_iter().next().map(|only| only.members)
    };
    store.add_members(&harbour, &people[..2]).await.unwrap();
    store.add_members(&harbour, &people[1..3]).await.unwrap();
    assert_eq!(members().await, Some(people[..3].to_vec()));
    store.remove_members(&harbour, &people[..1]).await.unwrap();
    assert_eq!(members().await, Some(people[1..3].to_vec()));
    store.replace_members(&harbour, &people[2..]).await.unwrap();
    assert_eq!(members().await, Some(people[2..].to_vec()));
    store.replace_members(&harbour, &[]).await.unwrap();
    assert_eq!(members().await, Some(Vec::new()));
    store.delete_conversation(&harbour).await.unwrap();
    assert_eq!(members().await, None);

    store.add_members(&harbour, &people).await.unwrap();
    store.delete_conversation(&harbour).await.unwrap();
    store.add_members(&harbour, &people[..1]).await.unwrap();
    assert_eq!(
        members().await,
        Some(people[..1].to_vec()),
        "a deleted conversation leaves no memberships behind"
    );
}

pub(crate) async fn a_missing_title_leaves_the_title_as_it_is(database: &impl Database) {
    let store = database.open().await;
    let titled = |title: Option<&str>| StoredConversation {
        id: conversation("harbour"),
        title: title.map(Box::from),
        members: Vec::new(),
    };
    for (given, expected) in [
        (None, None),
        (Some("Port"), Some("Port")),
        (None, Some("Port")),
        (Some("Harbour"), Some("Harbour")),
    ] {
        store.upsert_conversations(&[titled(given)]).await.unwrap();
        let conversations = load(&*store).await.unwrap().conversations;
        assert_eq!(conversations, [titled(expected)]);
    }
}

pub(crate) async fn every_write_may_be_repeated(database: &impl Database) {
    let store = database.open().await;
    let harbour = conversation("harbour");
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        store.upsert_users(&[registered("alice")]).await.unwrap();
        store.provision_users(&[registered("bob")]).await.unwrap();
        store.upsert_guests(&[visitor("g_gull", 1)]).await.unwrap();
        store.add_members(&harbour, &[user("bob")]).await.unwrap();
        store
            .remove_members(&harbour, &[user("carol")])
            .await
            .unwrap();
        store.delete_user(&user("dave"), at(1)).await.unwrap();
        store.delete_guests(&[guest("g_tern")]).await.unwrap();
        let snapshot = load(&*store).await.unwrap();
        outcomes.push((snapshot.users, snapshot.guests, snapshot.conversations));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0].0.len(), 3);
}
