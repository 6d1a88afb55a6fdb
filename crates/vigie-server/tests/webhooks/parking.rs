//! A dead address is given up, says so, and is told everything it missed when somebody resumes it.

use serde_json::json;
use vigie_client::Method;

use crate::receiver::{Answer, Delivery, Receiver};
use crate::world::{World, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_address_is_parked_and_catches_up_when_it_is_resumed() {
    let world = World::with(&[("VIGIE_WEBHOOK_PARK_AFTER", "500ms")]).await;
    world.people(&["ann", "ben", "cem"]).await;
    let receiver = Receiver::start().await;
    let id = world.webhook(&receiver).await;
    world.force("cem", true).await;
    receiver.knows(&[("cem", true)]).await;
    receiver.answer(Answer::Status(503));
    world.force("ann", true).await;
    until(async || world.state(&id).await, "parked".to_owned()).await;
    let shown = world.get(&format!("/v1/webhooks/{id}")).await;
    assert_eq!(shown["lastError"], "it answered 503");
    assert!(shown["since"].is_string());
    let metrics = world.metrics().await;
    assert!(
        metrics.contains("vigie_webhooks{state=\"parked\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("vigie_webhook_deliveries_total{outcome=\"taken\"} 1"));

    // Nobody is tried while it is parked, and nothing of what happens is lost.
    receiver.answer(Answer::Status(200));
    let before = receiver.deliveries().len();
    world.force("ann", false).await;
    world.force("ben", true).await;
    let member = "/v1/conversations/salon/members/user:ann";
    world.service(Method::PUT, member, Some(json!({}))).await;
    world.webhook(&Receiver::start().await).await;
    assert_eq!(receiver.deliveries().len(), before);
    world.resume(&id).await;
    receiver
        .knows(&[("ann", false), ("ben", true), ("cem", true)])
        .await;
    until(
        async || receiver.conversation_events(),
        vec!["changed salon".to_owned()],
    )
    .await;
    assert_eq!(world.state(&id).await, "active");
    // Who did not change is not told of again.
    let told = receiver.events();
    assert_eq!(
        told.iter().filter(|event| event["userId"] == "cem").count(),
        1
    );
    assert!(told.iter().all(|event| event["type"] != "resync"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_gone_for_good_is_parked_at_once_and_stays_so_over_a_restart() {
    let world = World::start().await;
    world.people(&["ann", "ben"]).await;
    let receiver = Receiver::answering(Answer::Status(410)).await;
    let id = world.webhook(&receiver).await;
    let member = "/v1/conversations/salon/members/user:ann";
    world.service(Method::PUT, member, Some(json!({}))).await;
    world.force("ann", true).await;
    until(async || world.state(&id).await, "parked".to_owned()).await;
    let attempts = receiver.deliveries().len();
    assert_eq!(attempts, 1);
    let world = world.restart().await;
    world.force("ben", true).await;
    let shown = world.get(&format!("/v1/webhooks/{id}")).await;
    assert_eq!(shown["state"], "parked");
    assert_eq!(shown["lastError"], "it answered 410: it is gone for good");
    assert_eq!(receiver.deliveries().len(), attempts);
    receiver.answer(Answer::Status(204));
    world.resume(&id).await;
    receiver.knows(&[("ann", true), ("ben", true)]).await;
    until(
        async || receiver.conversation_events(),
        vec!["changed salon".to_owned()],
    )
    .await;
    // A number that was used is not used again.
    let sequences: Vec<u64> = receiver
        .deliveries()
        .iter()
        .map(Delivery::sequence)
        .collect();
    assert!(
        sequences.windows(2).all(|pair| pair[0] < pair[1]),
        "{sequences:?}"
    );
}
