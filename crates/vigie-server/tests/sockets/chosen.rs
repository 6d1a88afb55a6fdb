//! `presence:status`: choosing a status on a socket, and being invisible to those who watch.

use serde_json::{Value, json};
use vigie_client::Socket;

use crate::world::{SOON, World, next_status, told_by_now};

async fn pair() -> (World, Socket, Socket) {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    let alice = world.user("alice").await;
    assert!(next_status(&mut bob, "alice").await);
    (world, alice, bob)
}

async fn chooses(socket: &mut Socket, wish: Value) -> Value {
    socket.emit("presence:status", Some(wish));
    let set = socket.wait_for("presence:status-set", SOON).await.unwrap();
    set.payload().clone()
}

/// What a watcher was told of Alice by now.
async fn told_of_alice(watcher: &mut Socket) -> Vec<Value> {
    let told = told_by_now(watcher).await.into_iter();
    told.filter(|(name, told)| name == "user:status" && told["userId"] == "alice")
        .map(|(_, told)| told)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invisible_is_told_as_a_goodbye_and_nothing_after_it() {
    let (world, mut alice, mut bob) = pair().await;
    let own = chooses(&mut alice, json!({"status": "invisible"})).await;
    assert_eq!(
        (&own["status"], &own["chosen"]["status"]),
        (&json!("online"), &json!("invisible"))
    );
    let goodbye = bob.wait_for("user:status", SOON).await.unwrap();
    let goodbye = goodbye.payload().clone();
    assert_eq!(
        (&goodbye["userId"], &goodbye["status"]),
        (&json!("alice"), &json!("offline"))
    );
    assert_eq!(goodbye["lastSeenAt"], goodbye["lastActiveAt"]);

    alice.emit("presence:activity", None);
    alice.emit("presence:app-state", Some(json!({"foreground": false})));
    told_by_now(&mut alice).await;
    let phone = world.user("alice").await;
    drop(phone);
    alice.emit("presence:app-state", Some(json!({"foreground": true})));
    told_by_now(&mut alice).await;
    assert_eq!(told_of_alice(&mut bob).await, Vec::<Value>::new());
    assert_eq!(
        world.seen_by("bob", "alice").await["lastActiveAt"],
        goodbye["lastActiveAt"]
    );

    chooses(&mut alice, json!({"status": "auto"})).await;
    let back = bob.wait_for("user:status", SOON).await.unwrap();
    assert_eq!(back.payload()["status"], "online");
    assert!(back.payload()["seq"].as_u64() > goodbye["seq"].as_u64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_with_a_text_is_told_once_and_again_when_it_ends_by_itself() {
    let (_world, mut alice, mut bob) = pair().await;
    let now = jiff::Timestamp::now();
    let until = now + jiff::SignedDuration::from_millis(1_500);
    let wish = json!({"status": "busy", "text": "on a train", "until": until.to_string()});
    chooses(&mut alice, wish).await;
    let busy = bob.wait_for("user:status", SOON).await.unwrap();
    let busy = busy.payload();
    assert_eq!(
        (&busy["status"], &busy["isOnline"]),
        (&json!("busy"), &json!(true))
    );
    assert_eq!(busy["statusText"], "on a train");
    assert!(busy["statusUntil"].is_string());
    let ended = bob.wait_for("user:status", SOON).await.unwrap();
    assert_eq!(ended.payload()["status"], "online");
    assert_eq!(ended.payload().get("statusText"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wish_that_makes_no_sense_or_comes_too_often_is_answered_by_an_error() {
    let (_world, mut alice, mut bob) = pair().await;
    for wish in [
        json!({"status": "away from keyboard"}),
        json!("busy"),
        Value::Null,
    ] {
        alice.emit("presence:status", Some(wish));
        let refused = alice.wait_for("presence:error", SOON).await.unwrap();
        let refused = refused.payload();
        assert_eq!(refused["event"], "presence:status");
        assert_eq!(refused["code"], "INVALID_PAYLOAD");
        assert!(refused["message"].is_string());
    }
    for number in 0..10 {
        chooses(&mut alice, json!({"text": number.to_string()})).await;
    }
    alice.emit("presence:status", Some(json!({"status": "busy"})));
    let refused = alice.wait_for("presence:error", SOON).await.unwrap();
    assert_eq!(refused.payload()["code"], "RATE_LIMITED");
    assert!(
        told_of_alice(&mut bob)
            .await
            .iter()
            .all(|told| told["status"] == "online")
    );
}
