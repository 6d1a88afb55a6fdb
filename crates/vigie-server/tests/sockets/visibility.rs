//! Who may no longer see somebody is told that they are gone.

use serde_json::Value;
use vigie_client::{Method, Socket};

use crate::world::{SOON, World, next_status};

async fn pair() -> (World, Socket, Socket) {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    let alice = world.user("alice").await;
    assert!(next_status(&mut bob, "alice").await);
    (world, alice, bob)
}

async fn assert_is_gone(watcher: &mut Socket, person: &str) {
    loop {
        let status = watcher.wait_for("user:status", SOON).await.unwrap();
        let status = status.payload();
        if status["userId"] != person {
            continue;
        }
        assert_eq!(status["isOnline"], false);
        assert_eq!(status["lastActiveAt"], Value::Null);
        return;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_last_shared_membership_is_told_to_both() {
    let (world, mut alice, mut bob) = pair().await;
    let path = "/v1/conversations/room/members/user:alice";
    world.service(Method::DELETE, path, None).await;
    assert_is_gone(&mut bob, "alice").await;
    assert_is_gone(&mut alice, "bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_last_shared_conversation_is_told_to_both() {
    let (world, mut alice, mut bob) = pair().await;
    world
        .service(Method::DELETE, "/v1/conversations/room", None)
        .await;
    assert_is_gone(&mut bob, "alice").await;
    assert_is_gone(&mut alice, "bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_shared_conversation_keeps_people_visible() {
    let (world, _alice, mut bob) = pair().await;
    world.conversation("other", &["alice", "bob"]).await;
    world
        .service(Method::DELETE, "/v1/conversations/room", None)
        .await;
    let told = crate::world::told_by_now(&mut bob).await;
    assert!(
        told.iter().all(|(name, _)| name != "user:status"),
        "{told:?}"
    );
    assert_eq!(world.seen_by("bob", "alice").await["isOnline"], true);
}
