//! What a client sends in the same breath as its handshake.

use serde_json::json;

use crate::polling::Polling;
use crate::world::{SOON, World, next_status, token, until};

fn connect(id: &str) -> String {
    format!("40{}", json!({"token": token(id)}))
}

fn event(name: &str, payload: &serde_json::Value) -> String {
    format!("42{}", json!([name, payload]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_credential_before_the_first_settled_renews_it() {
    let world = World::start().await;
    // More of them than the test's runtime has threads: one that spins would stop the server.
    for person in ["alice", "bob", "carol"] {
        let client = Polling::open(&world).await;
        let again = event("authenticate", &json!({"token": token(person)}));
        let mark = event("conversation:join", &json!({"conversationId": "nowhere"}));
        client.send(&[connect(person), again, mark]).await;
        let packets = client
            .receive_until(r#"42["conversation:join-error""#)
            .await;
        let welcomes = packets
            .iter()
            .filter(|packet| packet.starts_with(r#"42["authenticated""#));
        assert!(welcomes.count() >= 1, "{packets:?}");
    }
    until(async || world.online_users().await, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn early_events_are_served_in_their_order_once_it_settled() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let client = Polling::open(&world).await;
    let room = json!({"conversationId": "room"});
    let join = event("conversation:join", &room);
    let leave = event("conversation:leave", &room);
    client.send(&[connect("alice"), join, leave]).await;
    let packets = client.receive_until(r#"42["conversation:left""#).await;
    let names: Vec<_> = packets
        .iter()
        .filter_map(|packet| packet.strip_prefix("42[\""))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(
        names,
        [
            "authenticated",
            "presence:snapshot",
            "conversation:joined",
            "conversation:left"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stranger_lets_wait_is_bounded_by_its_bytes() {
    let world = World::start().await;
    let client = Polling::open(&world).await;
    let heavy = event("heavy", &json!(vec![0; 3_000]));
    client.send(&vec![heavy; 3]).await;
    until(
        async || {
            world
                .metrics()
                .await
                .contains("vigie_limits_reached_total{limit=\"early_events\"} 2")
        },
        true,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_named_otherwise_than_its_transport() {
    let world = World::start().await;
    let client = Polling::open(&world).await;
    client.send(&[connect("alice")]).await;
    let packets = client.receive_until("presence:snapshot").await;
    let connected = packets.iter().find_map(|packet| packet.strip_prefix("40"));
    let connected: serde_json::Value = serde_json::from_str(connected.unwrap()).unwrap();
    let named = connected["sid"].as_str().unwrap();
    assert!(!named.is_empty() && !client.path("polling").contains(named));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_of_a_client_that_said_goodbye_before_it_was_admitted() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob", "carol"]).await;
    let mut bob = world.user("bob").await;
    let client = Polling::open(&world).await;
    client.send(&[connect("alice"), "41".to_owned()]).await;
    // Carol's arrival is told after anything that there was to tell of alice.
    let _carol = world.user("carol").await;
    let first = bob.wait_for("user:status", SOON).await.unwrap();
    assert_eq!(first.payload()["userId"], "carol");
    assert_eq!(world.seen_by("bob", "alice").await["isOnline"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_comes_by_polling_is_seen() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    let client = Polling::open(&world).await;
    client.send(&[connect("alice")]).await;
    assert!(next_status(&mut bob, "alice").await);
    client.send(&["41".to_owned()]).await;
    assert!(!next_status(&mut bob, "alice").await);
}
