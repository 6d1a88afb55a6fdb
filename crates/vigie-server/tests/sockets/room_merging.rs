//! A guest becomes a user: the one leaves and the other joins in one change, and nobody is counted twice.

use serde_json::{Value, json};
use vigie_client::{End, Http, Method, Socket};

use crate::room_viewer::{Viewer, counts};
use crate::world::{SOON, World, next_status, token};

async fn guest(world: &World) -> (String, String) {
    let guest = json!({"conversationId": "room", "displayName": "Gus"});
    let made = world.service(Method::POST, "/v1/guests", Some(guest)).await;
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("sessionToken"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_who_becomes_a_user_is_counted_once() {
    let world = World::start().await;
    world.conversation("room", &["bob"]).await;
    world.conversation("elsewhere", &["gus"]).await;
    let mut bob = Viewer::open(&world, "bob", "room").await;
    let (id, session) = guest(&world).await;
    let join = json!({"conversationId": "room", "presence": true});
    let mut as_guest = Viewer::with(&world, json!({"sessionToken": session}), join).await;
    bob.until(|bob| bob.members.contains_key(&id) && bob.counts == counts(2, 2, 2))
        .await;
    // The person is online with the account already, and no member yet.
    let user = world.user("gus").await;
    bob.catch_up().await;
    bob.diffs.clear();
    let path = format!("/v1/guests/{id}/merge");
    world
        .service(Method::POST, &path, Some(json!({"userId": "gus"})))
        .await;
    bob.until(|bob| bob.members.contains_key("gus")).await;
    let [change] = &bob.diffs[..] else {
        panic!("one change, not {:?}", bob.diffs);
    };
    assert_eq!(change["leaves"], json!([id]));
    assert_eq!(change["joins"][0]["userId"], "gus");
    assert_eq!(change["counts"], json!(counts(2, 2, 1)));
    let end = as_guest
        .socket
        .wait_for("auth:session-revoked", SOON)
        .await
        .unwrap();
    assert_eq!(end.payload()["reason"], "merged");
    let end = tokio::time::timeout(SOON, as_guest.socket.ended())
        .await
        .unwrap();
    assert_eq!(end, End::ServerDisconnect);
    let mut refused = world.open(json!({"sessionToken": session})).await;
    let answer = refused.wait_for("authenticated", SOON).await.unwrap();
    assert_eq!(answer.payload()["success"], false);
    user.emit("conversation:join", Some(json!({"conversationId": "room"})));
    bob.until(|bob| bob.counts == counts(2, 2, 2)).await;
    // What became of the guest is so after a restart as well.
    let world = world.restart().await;
    let bob = Viewer::open(&world, "bob", "room").await;
    assert_eq!(bob.counts["members"], 2);
    let http = Http::new(world.url()).header("authorization", format!("Bearer {}", token("gus")));
    let seen = http
        .call(Method::GET, "/v1/conversations/room/presence", None)
        .await
        .unwrap();
    assert_eq!(seen.json()["counts"]["members"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_of_a_member_just_goes_and_only_guests_can() {
    let world = World::start().await;
    world.conversation("room", &["bob", "gus"]).await;
    let (id, session) = guest(&world).await;
    let mut bob = Viewer::open(&world, "bob", "room").await;
    let (_guest, _, _) = world.enter(json!({"sessionToken": session})).await;
    let _user = world.user("gus").await;
    bob.until(|bob| bob.counts == counts(3, 3, 1)).await;
    let merge = async |id: &str, body: Value| {
        let http = Http::new(world.url()).header("x-api-key", "a-key-of-the-tests");
        let path = format!("/v1/guests/{id}/merge");
        let reply = http.call(Method::POST, &path, Some(&body)).await.unwrap();
        reply.status.as_u16()
    };
    assert_eq!(merge(&id, json!({"userId": "g_other"})).await, 400);
    assert_eq!(merge(&id, json!({})).await, 400);
    assert_eq!(merge("g_nobody", json!({"userId": "gus"})).await, 404);
    assert_eq!(merge(&id, json!({"userId": "gus"})).await, 204);
    bob.until(|bob| bob.counts == counts(2, 2, 1)).await;
    assert_eq!(merge(&id, json!({"userId": "gus"})).await, 404);
}

/// Whether somebody was said to be online, each time, up to the coming of `mark`.
async fn told_of(watcher: &mut Socket, who: &str, mark: &str) -> Vec<bool> {
    let mut told = Vec::new();
    loop {
        let status = watcher.wait_for("user:status", SOON).await.unwrap();
        let status = status.payload();
        if status["userId"] == mark {
            return told;
        }
        if status["userId"] == who {
            told.push(status["isOnline"].as_bool().unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocks_of_a_guest_are_the_users_and_its_privacy_is_not() {
    let world = World::start().await;
    let team = ["gus", "bob", "carol", "dave", "mark"];
    world.conversation("team", &team).await;
    let (id, _) = guest(&world).await;
    let put = async |path: String, body: Option<Value>| {
        world.service(Method::PUT, &path, body).await;
    };
    put(format!("/v1/blocks/guest:{id}/user:dave"), None).await;
    put(format!("/v1/blocks/guest:{id}/user:gus"), None).await;
    put(format!("/v1/blocks/user:carol/guest:{id}"), None).await;
    let hidden = json!({"availability": "nobody", "lastSeen": "nobody"});
    put(format!("/v1/privacy/guest:{id}"), Some(hidden)).await;
    let mut watchers = Vec::new();
    for who in ["bob", "carol", "dave"] {
        watchers.push(world.user(who).await);
    }
    let _gus = world.user("gus").await;
    for watcher in &mut watchers {
        assert!(next_status(watcher, "gus").await);
    }
    let path = format!("/v1/guests/{id}/merge");
    world
        .service(Method::POST, &path, Some(json!({"userId": "gus"})))
        .await;
    let _mark = world.user("mark").await;
    let expected: [&[bool]; 3] = [&[], &[false], &[false]];
    for (watcher, expected) in watchers.iter_mut().zip(expected) {
        assert_eq!(told_of(watcher, "gus", "mark").await, expected);
    }
    // It is so after a restart as well.
    let check = async |world: &World| {
        for (who, blocked) in [("gus", "user:dave"), ("carol", "user:gus")] {
            let path = format!("/v1/blocks/user:{who}");
            let blocks = world.service(Method::GET, &path, None).await;
            assert_eq!(blocks["blocked"], json!([blocked]));
        }
        let privacy = world
            .service(Method::GET, "/v1/privacy/user:gus", None)
            .await;
        assert_eq!(privacy["availability"], "contacts");
        let _gus = world.user("gus").await;
        assert_eq!(world.seen_by("bob", "gus").await["isOnline"], true);
        for watcher in ["carol", "dave"] {
            assert_eq!(world.seen_by(watcher, "gus").await["isOnline"], false);
        }
    };
    check(&world).await;
    check(&world.restart().await).await;
}
