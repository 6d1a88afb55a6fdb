//! Typing: a stop is told whatever becomes of the typist.

use serde_json::{Value, json};
use vigie_client::{Method, Socket};

use crate::world::{SOON, World, token, until};

fn room() -> Option<Value> {
    Some(json!({"conversationId": "room"}))
}

/// A room with bob looking at it, and alice typing in it.
async fn typing(joins_first: bool) -> (World, Socket, Socket) {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    bob.emit("conversation:join", room());
    bob.wait_for("conversation:joined", SOON).await.unwrap();
    let mut alice = world.user("alice").await;
    if joins_first {
        alice.emit("conversation:join", room());
        alice.wait_for("conversation:joined", SOON).await.unwrap();
    }
    alice.emit("typing:start", room());
    bob.wait_for("typing:start", SOON).await.unwrap();
    (world, alice, bob)
}

/// A further visit of alice's is shown from its first letter to its last.
async fn assert_shown_again(world: &World, bob: &mut Socket) {
    let alice = world.user("alice").await;
    alice.emit("typing:start", room());
    bob.wait_for("typing:start", SOON).await.unwrap();
    alice.emit("typing:stop", room());
    bob.wait_for("typing:stop", SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typist_who_never_joined_and_vanished_has_stopped() {
    let (world, mut alice, mut bob) = typing(false).await;
    alice.abort().await;
    bob.wait_for("typing:stop", SOON).await.unwrap();
    assert_shown_again(&world, &mut bob).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typist_who_was_logged_out_has_stopped() {
    let (world, _alice, mut bob) = typing(true).await;
    world
        .service(Method::DELETE, "/v1/users/alice/sessions", None)
        .await;
    bob.wait_for("typing:stop", SOON).await.unwrap();
    assert_shown_again(&world, &mut bob).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typist_who_is_deleted_has_stopped_under_the_name_it_was_shown_by() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    bob.emit("conversation:join", room());
    bob.wait_for("conversation:joined", SOON).await.unwrap();
    let named = json!({"displayName": "Alice A."});
    let path = "/v1/users/alice";
    world.service(Method::PUT, path, Some(named)).await;
    let guest = json!({"conversationId": "room", "displayName": "Gus G."});
    let guest = world.service(Method::POST, "/v1/guests", Some(guest)).await;
    let credential = json!({"sessionToken": guest["sessionToken"]});
    let guest = format!("/v1/guests/{}", guest["id"].as_str().unwrap());
    for (auth, path, name) in [
        (json!({"token": token("alice")}), path, "Alice A."),
        (credential, &guest, "Gus G."),
    ] {
        let (typist, ..) = world.enter(auth).await;
        typist.emit("typing:start", room());
        let start = bob.wait_for("typing:start", SOON).await.unwrap();
        assert_eq!(start.payload()["username"], name);
        world.service(Method::DELETE, path, None).await;
        let stop = bob.wait_for("typing:stop", SOON).await.unwrap();
        assert_eq!(start.payload(), stop.payload());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typist_whose_membership_ended_has_stopped() {
    let (world, _alice, mut bob) = typing(true).await;
    let path = "/v1/conversations/room/members/user:alice";
    world.service(Method::DELETE, path, None).await;
    bob.wait_for("typing:stop", SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_member_may_not_look_and_is_told_so() {
    let (world, mut alice, bob) = typing(true).await;
    let path = "/v1/conversations/room/members/user:alice";
    world.service(Method::DELETE, path, None).await;
    bob.emit("typing:start", room());
    alice.emit("conversation:join", room());
    let told = alice.wait_for("conversation:join-error", SOON).await;
    assert_eq!(told.unwrap().payload()["reason"], "no_longer_member");
    let told = crate::world::told_by_now(&mut alice).await;
    assert!(
        told.iter().all(|(name, _)| name != "typing:start"),
        "{told:?}"
    );
    until(async || world.online_users().await, 2).await;
}
