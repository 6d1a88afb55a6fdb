//! A graceful stop, as clients and their contacts live through it.

use serde_json::json;

use crate::world::{World, next_status, token, told_by_now};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_announced_offline_and_sessions_are_resumed() {
    let settings = [("VIGIE_GRACE", "300ms"), ("VIGIE_RESTART_GRACE", "2s")];
    let world = World::with(&settings).await;
    world.conversation("room", &["alice", "bob", "carol"]).await;
    let (mut bob, bobs, _) = world.enter(json!({"token": token("bob")})).await;
    let (mut alice, alices, _) = world.enter(json!({"token": token("alice")})).await;
    let mut carol = world.user("carol").await;
    assert!(next_status(&mut bob, "carol").await);
    let world = world.restart().await;
    // Everything the first server said is read before its end is.
    while let Ok(event) = bob.recv().await {
        assert_ne!(event.name, "user:status", "{:?}", event.payload());
    }
    alice.ended().await;
    carol.ended().await;

    let back =
        |id: &str, session: &serde_json::Value| json!({"token": token(id), "resume": session});
    let (mut bob, welcome, snapshot) = world.enter(back("bob", &bobs["session"])).await;
    assert_eq!(welcome["session"], bobs["session"]);
    for person in snapshot["users"].as_array().unwrap() {
        assert_eq!(person["isOnline"], true, "{person}");
    }
    let (_alice, welcome, _) = world.enter(back("alice", &alices["session"])).await;
    assert_eq!(welcome["session"], alices["session"]);
    assert_eq!(told_by_now(&mut bob).await, []);
    // Carol does not come back, and she alone is announced.
    let first = bob
        .wait_for("user:status", crate::world::SOON)
        .await
        .unwrap();
    assert_eq!(first.payload()["userId"], "carol");
    assert_eq!(first.payload()["isOnline"], false);
}
