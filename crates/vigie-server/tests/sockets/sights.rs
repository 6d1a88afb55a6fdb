//! A change of who may see what is told to exactly those whose view it changes.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use vigie_client::{Http, Method, Socket};

use crate::follower::{Follower, Kept, Transport};
use crate::world::{SOON, World, next_status, token, told_by_now, until};

async fn set_privacy(world: &World, who: &str, availability: &str, last_seen: &str) {
    let path = format!("/v1/privacy/user:{who}");
    let privacy = json!({"availability": availability, "lastSeen": last_seen});
    world.service(Method::PUT, &path, Some(privacy)).await;
}

async fn set_block(world: &World, method: Method, blocker: &str, blocked: &str) {
    let path = format!("/v1/blocks/user:{blocker}/user:{blocked}");
    world.service(method, &path, None).await;
}

async fn set_role(world: &World, who: &str, role: &str) {
    let path = format!("/v1/users/{who}");
    world
        .service(Method::PUT, &path, Some(json!({"role": role})))
        .await;
}

/// Members whose coming shows that everything before it was told; each comes once.
const MARKERS: usize = 60;

static NEXT_MARKER: AtomicUsize = AtomicUsize::new(0);

fn marker(number: usize) -> String {
    format!("marker-{number}")
}

/// A room of three, with alice in it and the others watching.
async fn room() -> (World, Socket, Socket, Socket) {
    let world = World::start().await;
    let markers: Vec<String> = (0..MARKERS).map(marker).collect();
    let mut members = vec!["alice", "bob", "carol"];
    members.extend(markers.iter().map(String::as_str));
    world.conversation("room", &members).await;
    let mut bob = world.user("bob").await;
    let mut carol = world.user("carol").await;
    let alice = world.user("alice").await;
    for watcher in [&mut bob, &mut carol] {
        assert!(next_status(watcher, "alice").await);
    }
    (world, alice, bob, carol)
}

/// The events about somebody up to the coming of somebody else, which everybody is told.
async fn told_of(world: &World, watcher: &mut Socket, who: &str) -> Vec<Value> {
    let number = NEXT_MARKER.fetch_add(1, Ordering::Relaxed);
    assert!(number < MARKERS, "more markers are needed");
    let marker = marker(number);
    let _comes = world.user(&marker).await;
    let mut told = Vec::new();
    loop {
        let event = watcher.wait_for("user:status", SOON).await.unwrap();
        let payload = event.payload().clone();
        if payload["userId"] == marker {
            return told;
        }
        if payload["userId"] == who {
            told.push(payload);
        }
    }
}

fn assert_unknown(status: &Value) {
    assert_eq!(status["isOnline"], false);
    for field in ["lastActiveAt", "lastActivityAt", "lastSeenAt", "seq"] {
        assert_eq!(status[field], Value::Null, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hides_is_gone_for_others_and_there_for_themselves() {
    let (world, mut alice, mut bob, mut carol) = room().await;
    told_by_now(&mut alice).await;
    set_privacy(&world, "alice", "nobody", "nobody").await;
    for watcher in [&mut bob, &mut carol] {
        let told = told_of(&world, watcher, "alice").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_unknown(&told[0]);
        assert_eq!(told[0]["username"], "alice");
    }
    // What happens behind it is told to her own devices alone.
    alice.emit("presence:app-state", Some(json!({"foreground": false})));
    loop {
        let own = alice.wait_for("user:status", SOON).await.unwrap();
        if own.payload()["userId"] == "alice" && own.payload()["status"] == "away" {
            break;
        }
    }
    assert_eq!(
        told_of(&world, &mut bob, "alice").await,
        Vec::<Value>::new()
    );
    set_privacy(&world, "alice", "contacts", "nobody").await;
    let told = told_of(&world, &mut bob, "alice").await;
    assert_eq!(told[0]["isOnline"], true);
    assert_eq!(told[0]["lastActiveAt"], Value::Null);
    assert_eq!(told[0]["lastSeenBucket"], "recently");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_is_told_to_both_and_to_nobody_else() {
    let (world, mut alice, mut bob, mut carol) = room().await;
    told_by_now(&mut carol).await;
    set_block(&world, Method::PUT, "alice", "bob").await;
    let told = told_of(&world, &mut bob, "alice").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_unknown(&told[0]);
    let told = told_of(&world, &mut alice, "bob").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_unknown(&told[0]);
    for who in ["alice", "bob"] {
        let told = told_of(&world, &mut carol, who).await;
        assert_eq!(told, Vec::<Value>::new());
    }
    // A change of either reaches the third and not the other.
    alice.disconnect().await;
    assert!(!next_status(&mut carol, "alice").await);
    assert_eq!(
        told_of(&world, &mut bob, "alice").await,
        Vec::<Value>::new()
    );
    set_block(&world, Method::DELETE, "alice", "bob").await;
    let told = told_of(&world, &mut bob, "alice").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_ne!(told[0]["lastSeenAt"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moderator_cannot_be_blocked_until_they_moderate_no_more() {
    let (world, _alice, mut bob, mut carol) = room().await;
    set_role(&world, "bob", "MODERATOR").await;
    set_block(&world, Method::PUT, "alice", "bob").await;
    assert_eq!(
        told_of(&world, &mut bob, "alice").await,
        Vec::<Value>::new()
    );
    set_role(&world, "bob", "USER").await;
    let told = told_of(&world, &mut bob, "alice").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_unknown(&told[0]);
    assert_eq!(
        told_of(&world, &mut carol, "bob").await,
        Vec::<Value>::new()
    );
    set_role(&world, "bob", "ADMIN").await;
    assert!(next_status(&mut bob, "alice").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typist_who_hides_has_stopped_for_those_who_see_it_no_more() {
    let (world, alice, mut bob, mut carol) = room().await;
    let there = || Some(json!({"conversationId": "room"}));
    for watcher in [&mut bob, &mut carol] {
        watcher.emit("conversation:join", there());
        watcher.wait_for("conversation:joined", SOON).await.unwrap();
    }
    alice.emit("typing:start", there());
    for watcher in [&mut bob, &mut carol] {
        watcher.wait_for("typing:start", SOON).await.unwrap();
    }
    set_block(&world, Method::PUT, "bob", "alice").await;
    bob.wait_for("typing:stop", SOON).await.unwrap();
    let told = told_by_now(&mut carol).await;
    assert!(
        told.iter().all(|(name, _)| name != "typing:stop"),
        "{told:?}"
    );
    alice.emit("typing:stop", there());
    carol.wait_for("typing:stop", SOON).await.unwrap();
    alice.emit("typing:start", there());
    carol.wait_for("typing:start", SOON).await.unwrap();
    let told = told_by_now(&mut bob).await;
    assert!(
        told.iter().all(|(name, _)| !name.starts_with("typing")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_viewer_has_an_online_list_of_their_own() {
    // In a conversation that subscribes its members, and in one that is too large for that.
    for limit in ["1000", "2"] {
        let world = World::with(&[
            ("VIGIE_ONLINE_STATS_INTERVAL", "100ms"),
            ("VIGIE_AUDIENCE_LIMIT", limit),
        ])
        .await;
        let members = ["alice", "bob", "carol", "absent"];
        world.conversation("room", &members).await;
        let _alice = world.user("alice").await;
        let mut bob = world.user("bob").await;
        bob.emit("conversation:join", Some(json!({"conversationId": "room"})));
        bob.wait_for("conversation:joined", SOON).await.unwrap();
        let mut carol = world.user("carol").await;
        online_list(&mut bob, &["alice", "bob", "carol"]).await;
        set_block(&world, Method::PUT, "alice", "bob").await;
        online_list(&mut bob, &["bob", "carol"]).await;
        carol.emit("conversation:join", Some(json!({"conversationId": "room"})));
        carol.wait_for("conversation:joined", SOON).await.unwrap();
        set_privacy(&world, "bob", "nobody", "nobody").await;
        online_list(&mut carol, &["alice", "carol"]).await;
        // Who hides is told as well: in lists one stands as the others see one.
        online_list(&mut bob, &["carol"]).await;
        // Whoever asks sees what the lists say, oneself as the others do.
        for (who, online) in [("alice", 2), ("bob", 1), ("carol", 2)] {
            let bearer = format!("Bearer {}", token(who));
            let http = Http::new(world.url()).header("authorization", bearer);
            let own = http.call(Method::GET, "/api/conversations", None).await;
            let own = &own.unwrap().json()["data"][0];
            let counts = (&own["memberCount"], &own["onlineCount"]);
            assert_eq!(counts, (&json!(4), &json!(online)), "{who} {limit}");
        }
    }
}

/// The next online list shows exactly these.
async fn online_list(viewer: &mut Socket, expected: &[&str]) {
    let list = viewer.wait_for("conversation:online_stats", SOON).await;
    let list = list.unwrap();
    let users = list.payload()["onlineUsers"].as_array().unwrap();
    assert_eq!(list.payload()["onlineCount"], users.len());
    let ids: Vec<_> = users.iter().map(|user| &user["id"]).collect();
    assert_eq!(ids, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_back_is_given_the_whole_only_if_their_view_changed() {
    for transport in Transport::ALL {
        let world = World::start().await;
        world.conversation("room", &["alice", "bob", "carol"]).await;
        let _alice = world.user("alice").await;
        let mut kept: Vec<Kept> = Vec::new();
        for who in ["bob", "carol"] {
            let mut follower = Follower::fresh(&world, transport, who).await;
            follower.until(&[("alice", true)]).await;
            kept.push(follower.drop_link());
        }
        set_block(&world, Method::PUT, "alice", "bob").await;
        // The change waits for its turn among the news.
        let [bob, carol] = [kept.remove(0), kept.remove(0)];
        until(
            async || {
                let follower = Follower::open(&world, transport, "bob", bob.clone()).await;
                (follower.wholes, follower.view.contains_key("alice"))
            },
            (1, false),
        )
        .await;
        let follower = Follower::open(&world, transport, "carol", carol).await;
        assert_eq!(follower.wholes, 0, "{transport:?}");
        assert!(follower.view["alice"].0, "{transport:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_reaches_those_who_follow_by_every_transport() {
    for transport in Transport::ALL {
        let world = World::start().await;
        world.conversation("room", &["alice", "bob"]).await;
        let alice = world.user("alice").await;
        let mut bob = Follower::fresh(&world, transport, "bob").await;
        bob.until(&[("alice", true)]).await;
        set_privacy(&world, "alice", "nobody", "nobody").await;
        let deadline = tokio::time::Instant::now() + SOON;
        while bob.view.contains_key("alice") {
            assert!(bob.next(deadline).await.is_some(), "{transport:?}");
        }
        set_privacy(&world, "alice", "everyone", "everyone").await;
        bob.until(&[("alice", true)]).await;
        drop(alice);
        bob.until(&[("alice", false)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sights_outlive_a_restart() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob", "carol"]).await;
    set_block(&world, Method::PUT, "alice", "bob").await;
    set_privacy(&world, "carol", "nobody", "nobody").await;
    let world = world.restart().await;
    let _alice = world.user("alice").await;
    let _carol = world.user("carol").await;
    assert_eq!(world.seen_by("bob", "alice").await["isOnline"], false);
    assert_eq!(world.seen_by("carol", "alice").await["isOnline"], true);
    assert_eq!(world.seen_by("alice", "carol").await["isOnline"], false);
    let (_bob, _, snapshot) = world
        .enter(json!({"token": crate::world::token("bob")}))
        .await;
    let ids: Vec<_> = snapshot["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["userId"])
        .collect();
    assert_eq!(ids, ["carol"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_blocked_somebody_parts_from_them_unnoticed() {
    let world = World::start().await;
    world
        .conversation("room", &["alice", "bob", "carol", "dora"])
        .await;
    for who in ["alice", "dora"] {
        set_block(&world, Method::PUT, who, "bob").await;
    }
    let mut bob = world.user("bob").await;
    world.conversation("room", &["bob", "carol", "dora"]).await;
    let path = "/v1/users/dora";
    world.service(Method::DELETE, path, None).await;
    // What bob is told next is of somebody he may see.
    let _carol = world.user("carol").await;
    let event = bob.wait_for("user:status", SOON).await.unwrap();
    assert_eq!(event.payload()["userId"], "carol");
}
