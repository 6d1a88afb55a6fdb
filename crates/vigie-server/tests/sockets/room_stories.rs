//! Presence of a conversation, story by story.

use serde_json::{Value, json};
use vigie_client::Method;

use crate::room_viewer::{Viewer, counts};
use crate::world::{SOON, World, token, told_by_now};

async fn force(world: &World, id: &str, is_online: bool) {
    let forced = json!({"userId": id, "isOnline": is_online});
    world
        .service(Method::POST, "/maintenance/user-status", Some(forced))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_be_here_and_to_be_online_are_two_facts() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob", "carol"]).await;
    let mut bob = Viewer::open(&world, "bob", "room").await;
    bob.until_shows(&[("bob", "online", true)]).await;
    assert_eq!(bob.counts, counts(3, 1, 1));
    // Online, elsewhere.
    let alice = world.user("alice").await;
    bob.until_shows(&[("alice", "online", false), ("bob", "online", true)])
        .await;
    assert_eq!(bob.counts, counts(3, 2, 1));
    // Here, also by a client that knows nothing of this.
    alice.emit("conversation:join", Some(json!({"conversationId": "room"})));
    bob.until_shows(&[("alice", "online", true), ("bob", "online", true)])
        .await;
    alice.emit(
        "conversation:leave",
        Some(json!({"conversationId": "room"})),
    );
    bob.until_shows(&[("alice", "online", false), ("bob", "online", true)])
        .await;
    alice.emit("presence:app-state", Some(json!({"foreground": false})));
    bob.until_shows(&[("alice", "away", false), ("bob", "online", true)])
        .await;
    let mut alice = alice;
    alice.disconnect().await;
    bob.until_shows(&[("bob", "online", true)]).await;
    assert_eq!(bob.counts, counts(3, 1, 1));
    assert_eq!((bob.wholes, bob.mode.as_str()), (1, "full"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_ask_is_told_nothing_new() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    bob.emit("conversation:join", Some(json!({"conversationId": "room"})));
    let mut alice = Viewer::open(&world, "alice", "room").await;
    alice
        .until_shows(&[("alice", "online", true), ("bob", "online", true)])
        .await;
    let told = told_by_now(&mut bob).await;
    assert!(
        told.iter()
            .all(|(name, _)| !name.starts_with("conversation:presence")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_says_what_it_is_and_only_so_much() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = Viewer::open(&world, "bob", "room").await;
    let join = json!({"conversationId": "room", "presence": true, "metadata": {"device": "phone"}});
    let mut alice = Viewer::with(&world, json!({"token": token("alice")}), join).await;
    let device = |viewer: &Viewer| viewer.metadata.get("alice").cloned();
    bob.until(|bob| device(bob) == Some(json!({"device": "phone"})))
        .await;
    alice
        .until(|alice| device(alice) == Some(json!({"device": "phone"})))
        .await;
    let say = |metadata: Value| json!({"conversationId": "room", "metadata": metadata});
    let answer = |viewer: &mut Viewer, payload: Value| {
        viewer.socket.emit("conversation:metadata", Some(payload));
    };
    answer(&mut alice, say(json!({"device": "laptop"})));
    bob.until(|bob| device(bob) == Some(json!({"device": "laptop"})))
        .await;
    // Too much, and no object: nothing changes.
    let large = say(json!({"x": "y".repeat(1_100)}));
    for (payload, code) in [
        (large, "invalid_payload"),
        (say(json!([1])), "invalid_payload"),
    ] {
        let ack = alice
            .socket
            .emit_with_ack("conversation:metadata", Some(payload.clone()), SOON)
            .await
            .unwrap();
        assert_eq!(ack, [json!({"success": false, "error": code})]);
        let refused = world.open(json!({"token": token("alice")})).await;
        let mut refused = refused;
        refused.emit("conversation:join", Some(payload));
        let error = refused
            .wait_for("conversation:join-error", SOON)
            .await
            .unwrap();
        assert_eq!(error.payload()["reason"], code);
    }
    assert_eq!(world.reached("room_payload").await, 2);
    answer(&mut alice, say(Value::Null));
    bob.until(|bob| device(bob).is_none()).await;
    assert!(bob.members.contains_key("alice"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_of_whoever_is_removed_ends_at_once() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob", "carol"]).await;
    let mut bob = Viewer::open(&world, "bob", "room").await;
    let mut alice = Viewer::open(&world, "alice", "room").await;
    bob.until_shows(&[("alice", "online", true), ("bob", "online", true)])
        .await;
    let path = "/v1/conversations/room/members/user:alice";
    world.service(Method::DELETE, path, None).await;
    alice.until(|alice| alice.is_over).await;
    bob.until_shows(&[("bob", "online", true)]).await;
    assert_eq!(bob.counts, counts(2, 1, 1));
    let told = alice.diffs.len();
    let mut carol = Viewer::open(&world, "carol", "room").await;
    bob.until_shows(&[("bob", "online", true), ("carol", "online", true)])
        .await;
    alice.catch_up().await;
    assert_eq!(alice.diffs.len(), told);
    // Whoever is a member again begins anew.
    world.service(Method::PUT, path, None).await;
    bob.until(|bob| bob.members.get("alice") == Some(&("online".into(), false)))
        .await;
    carol.until(|carol| carol.counts == counts(3, 3, 2)).await;
    world
        .service(Method::DELETE, "/v1/conversations/room", None)
        .await;
    bob.until(|bob| bob.is_over).await;
    carol.until(|carol| carol.is_over).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_that_grows_and_shrinks_changes_what_its_viewers_are_told() {
    let settings = [
        ("VIGIE_ROOM_FULL_LIMIT", "5"),
        ("VIGIE_AUDIENCE_LIMIT", "10"),
        ("VIGIE_ROOM_VIEWER_LIMIT", "2"),
        ("VIGIE_GRACE", "100ms"),
    ];
    let world = World::with(&settings).await;
    let crowd: Vec<String> = (0..60).map(|number| format!("u{number:02}")).collect();
    let grow = async |people: usize| {
        let mut members = vec!["bob"];
        members.extend(crowd.iter().take(people).map(String::as_str));
        world.conversation("room", &members).await;
    };
    grow(4).await;
    let everybody: Vec<_> = crowd.iter().map(|id| json!({"userId": id})).collect();
    world
        .conversation("all", &crowd.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    world
        .service(Method::POST, "/v1/activity", Some(json!(everybody)))
        .await;
    let mut bob = Viewer::open(&world, "bob", "room").await;
    bob.until(|bob| bob.mode == "full" && bob.members.len() == 5)
        .await;
    grow(5).await;
    bob.until(|bob| bob.mode == "batched" && bob.members.len() == 6)
        .await;
    grow(4).await;
    bob.until(|bob| bob.counts == counts(5, 5, 1)).await;
    assert_eq!(bob.mode, "batched", "at the border it stays");
    grow(60).await;
    // The first fifty by their ids, and oneself.
    bob.until(|bob| bob.mode == "window" && bob.counts == counts(61, 61, 1))
        .await;
    bob.until(|bob| bob.members.len() == 50).await;
    assert!(bob.members.contains_key("u48") && !bob.members.contains_key("u49"));
    let asks = json!({"conversationId": "room", "ids": ["user:u57", "u58", "user:nobody", "?"]});
    bob.socket.emit("conversation:window", Some(asks));
    bob.until(|bob| bob.members.contains_key("u57") && bob.members.contains_key("u58"))
        .await;
    force(&world, "u57", false).await;
    force(&world, "u00", false).await;
    force(&world, "u59", false).await;
    bob.until(|bob| bob.counts == counts(61, 58, 1)).await;
    bob.until(|bob| !bob.members.contains_key("u57") && !bob.members.contains_key("u00"))
        .await;
    assert!(bob.members.contains_key("u49"), "the next one moves up");
    // Above the limit of viewers there are counts alone.
    let others = [
        Viewer::open(&world, "u01", "room").await,
        Viewer::open(&world, "u02", "room").await,
    ];
    bob.until(|bob| bob.mode == "count" && bob.members.is_empty())
        .await;
    bob.until(|bob| bob.counts == counts(61, 58, 3)).await;
    drop(others);
    bob.until(|bob| bob.mode == "window" && bob.members.len() >= 50)
        .await;
    grow(3).await;
    bob.until(|bob| bob.mode == "full" && bob.counts == counts(4, 1, 1))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_looks_no_longer_makes_room_though_its_owner_is_still_here() {
    let world = World::with(&[("VIGIE_ROOM_VIEWER_LIMIT", "5")]).await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = Viewer::open(&world, "bob", "room").await;
    let mut devices = Vec::new();
    for _ in 0..5 {
        devices.push(Viewer::open(&world, "alice", "room").await);
    }
    bob.until(|bob| bob.mode == "count" && bob.counts == counts(2, 2, 2))
        .await;
    // Of those who are here nothing changes.
    for device in devices.drain(..2) {
        let leaves = json!({"conversationId": "room"});
        device.socket.emit("conversation:leave", Some(leaves));
    }
    bob.until_shows(&[("alice", "online", true), ("bob", "online", true)])
        .await;
    assert_eq!((bob.mode.as_str(), &bob.counts), ("full", &counts(2, 2, 2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_reads_slowly_is_told_the_newest_and_little_of_the_rest() {
    const CROWD: usize = 60;
    const TURNS: usize = 60;
    let settings = [
        ("VIGIE_SLOW_SOCKET_LIMIT", "16KiB"),
        ("VIGIE_PING_TIMEOUT", "1m"),
        ("VIGIE_AUDIENCE_LIMIT", "100"),
    ];
    let world = World::with(&settings).await;
    let crowd: Vec<String> = (0..CROWD).map(|number| format!("u{number:02}")).collect();
    let mut members = vec!["alice"];
    members.extend(crowd.iter().map(String::as_str));
    world.conversation("room", &members).await;
    // By polling nothing is taken until it is asked for.
    let polling = crate::polling::Polling::open(&world).await;
    polling.receive().await;
    polling
        .send(&[format!(r#"40{{"token":"{}"}}"#, token("alice"))])
        .await;
    let join = r#"42["conversation:join",{"conversationId":"room","presence":true}]"#;
    polling.send(&[join.to_owned()]).await;
    for turn in 0..TURNS {
        let at = crowd.iter().enumerate();
        let chosen = at.filter(|(number, _)| (number + turn) % 3 == 0);
        for (_, id) in chosen {
            force(&world, id, turn % 2 == 0).await;
        }
    }
    let mut last: Vec<bool> = vec![false; CROWD];
    for turn in 0..TURNS {
        for (number, is_online) in last.iter_mut().enumerate() {
            if (number + turn) % 3 == 0 {
                *is_online = turn % 2 == 0;
            }
        }
    }
    let mut shown = std::collections::BTreeSet::new();
    let mut messages = 0;
    let expected: std::collections::BTreeSet<String> = crowd
        .iter()
        .zip(&last)
        .filter(|(_, is_online)| **is_online)
        .map(|(id, _)| id.clone())
        .chain(["alice".to_owned()])
        .collect();
    let deadline = tokio::time::Instant::now() + SOON;
    while shown != expected {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{shown:?}, not {expected:?}"
        );
        for packet in polling.receive().await {
            if packet == "2" {
                polling.send(&["3".to_owned()]).await;
            }
            let Some(text) = packet.strip_prefix("42") else {
                continue;
            };
            let event: Value = serde_json::from_str(text).unwrap();
            let ids = |field: &str| -> Vec<String> {
                let list = event[1][field].as_array().cloned().unwrap_or_default();
                let id = |one: &Value| one["userId"].as_str().or(one.as_str()).unwrap().to_owned();
                list.iter().map(id).collect()
            };
            match event[0].as_str().unwrap() {
                "conversation:presence" => shown = ids("members").into_iter().collect(),
                "conversation:presence_diff" => {
                    messages += 1;
                    shown.extend(ids("joins"));
                    ids("leaves").iter().for_each(|id| {
                        shown.remove(id);
                    });
                }
                _ => {}
            }
        }
    }
    // 1,200 changes, each of which is one message to whoever reads along.
    assert!(messages < 600, "{messages} messages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_and_then_blocked_is_gone_for_the_blocker_as_well() {
    let every_second = ("VIGIE_ROOM_FULL_LIMIT", "1");
    let a_window = ("VIGIE_AUDIENCE_LIMIT", "3");
    for (mode, settings) in [("batched", every_second), ("window", a_window)] {
        let world = World::with(&[settings]).await;
        let members = ["ann", "ben", "cem", "dot", "eva"];
        world.conversation("room", &members).await;
        let _eva = world.user("eva").await;
        let mut ben = Viewer::open(&world, "ben", "room").await;
        ben.until(|ben| ben.mode == mode && ben.counts == counts(5, 2, 1))
            .await;
        for gone in ["eva", "dot"] {
            let path = format!("/v1/conversations/room/members/user:{gone}");
            world.service(Method::DELETE, &path, None).await;
            let path = format!("/v1/blocks/user:ben/user:{gone}");
            world.service(Method::PUT, &path, None).await;
        }
        ben.until(|ben| ben.counts == counts(3, 1, 1)).await;
        ben.until_shows(&[("ben", "online", true)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_large_conversation_members_come_and_go_at_once_as_well() {
    let settings = [("VIGIE_AUDIENCE_LIMIT", "3"), ("VIGIE_GRACE", "100ms")];
    let world = World::with(&settings).await;
    world
        .conversation("room", &["ann", "ben", "cem", "dot", "bob"])
        .await;
    let mut bob = Viewer::open(&world, "bob", "room").await;
    let mut ann = Viewer::open(&world, "ann", "room").await;
    bob.until(|bob| bob.counts == counts(5, 2, 2)).await;
    assert_eq!(bob.mode, "window");
    let _eva = world.user("eva").await;
    let path = "/v1/conversations/room/members/user:eva";
    world.service(Method::PUT, path, None).await;
    bob.until(|bob| bob.members.contains_key("eva") && bob.counts == counts(6, 3, 2))
        .await;
    let path = "/v1/conversations/room/members/user:ann";
    world.service(Method::DELETE, path, None).await;
    ann.until(|ann| ann.is_over).await;
    bob.until(|bob| !bob.members.contains_key("ann") && bob.counts == counts(5, 2, 1))
        .await;
    let mut ann = ann.socket;
    ann.emit("conversation:join", Some(json!({"conversationId": "room"})));
    let error = ann.wait_for("conversation:join-error", SOON).await.unwrap();
    assert_eq!(error.payload()["reason"], "no_longer_member");
    // A user who is deleted leaves it as well.
    world.service(Method::DELETE, "/v1/users/eva", None).await;
    bob.until(|bob| bob.members.len() == 1 && bob.counts == counts(4, 1, 1))
        .await;
    world
        .service(Method::DELETE, "/v1/conversations/room", None)
        .await;
    bob.until(|bob| bob.is_over).await;
}
