//! Restarts: after a graceful one delivery goes on, after a crash the receiver is told to read everything anew.

use serde_json::json;
use vigie_client::Method;

use crate::receiver::{Answer, Delivery, Receiver};
use crate::world::{World, until};

fn has_resync(receiver: &Receiver) -> bool {
    receiver
        .events()
        .iter()
        .any(|event| event["type"] == "resync")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivery_goes_on_after_a_graceful_restart() {
    let world = World::start().await;
    world.people(&["ann", "ben", "cem"]).await;
    let receiver = Receiver::start().await;
    world.webhook(&receiver).await;
    world.force("ann", true).await;
    receiver.knows(&[("ann", true)]).await;
    receiver.answer(Answer::Status(500));
    world.force("ben", true).await;
    let member = "/v1/conversations/salon/members/user:ann";
    world.service(Method::PUT, member, Some(json!({}))).await;
    receiver.got(2).await;
    let world = world.restart().await;
    receiver.answer(Answer::Status(200));
    world.force("cem", true).await;
    receiver
        .knows(&[("ann", true), ("ben", true), ("cem", true)])
        .await;
    // What was not taken is known by its conversation.
    let changed = async || receiver.conversation_events().last().cloned();
    until(changed, Some("changed salon".to_owned())).await;
    assert!(!has_resync(&receiver));
    let sequences: Vec<u64> = receiver.taken().iter().map(Delivery::sequence).collect();
    assert!(
        sequences.windows(2).all(|pair| pair[0] < pair[1]),
        "{sequences:?}"
    );
    // The next start is as quiet as nobody's change.
    let taken = receiver.taken().len();
    let world = world.restart().await;
    world.people(&["dot"]).await;
    world.force("dot", true).await;
    receiver
        .knows(&[("ann", true), ("ben", true), ("cem", true), ("dot", true)])
        .await;
    assert!(receiver.taken().len() > taken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_is_told_and_everything_can_be_read_anew() {
    let world = World::start().await;
    world.people(&["ann", "ben"]).await;
    let receiver = Receiver::start().await;
    world.webhook(&receiver).await;
    world.force("ann", true).await;
    receiver.knows(&[("ann", true)]).await;
    let before = receiver.taken().last().unwrap().clone();
    let world = world.crash().await;
    until(async || has_resync(&receiver), true).await;
    let after = receiver.taken().last().unwrap().clone();
    assert!(after.sequence() > before.sequence());
    // The cursor of before is answered by everybody, that of now by nobody.
    let since = format!("/v1/changes?since={}", before.cursor());
    let whole = world.get(&since).await;
    assert_eq!(whole["partial"], json!(null));
    assert_eq!(whole["users"].as_array().unwrap().len(), 2);
    let since = format!("/v1/changes?since={}", after.cursor());
    let part = world.get(&since).await;
    assert_eq!(
        (&part["partial"], &part["users"]),
        (&json!(true), &json!([]))
    );
    // And delivery goes on.
    world.force("ben", true).await;
    until(async || receiver.view().get("ben").copied(), Some(true)).await;
    // The word is said once: the next graceful restart says nothing.
    let resyncs = async || {
        let events = receiver.events();
        events
            .iter()
            .filter(|event| event["type"] == "resync")
            .count()
    };
    assert_eq!(resyncs().await, 1);
    let world = world.restart().await;
    world.force("ben", false).await;
    until(async || receiver.view().get("ben").copied(), Some(false)).await;
    assert_eq!(resyncs().await, 1);
}
