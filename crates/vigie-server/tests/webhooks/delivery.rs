//! What reaches a receiver that fails, hangs, is slow, and comes back: everything, in order.

use std::time::Duration;

use serde_json::{Value, json};
use vigie_client::Method;

use crate::receiver::{Answer, Delivery, Receiver};
use crate::world::{World, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_reaches_the_receiver_signed_and_as_a_contact_sees_it() {
    let world = World::start().await;
    world.people(&["ann"]).await;
    let receiver = Receiver::start().await;
    let id = world.webhook(&receiver).await;
    world.force("ann", true).await;
    receiver.knows(&[("ann", true)]).await;
    let delivery = receiver.deliveries().remove(0);
    assert_eq!(
        (delivery.sequence(), delivery.json()["webhookId"].as_str()),
        (1, Some(&*id))
    );
    let event = &delivery.events()[0];
    let own = world.get("/v1/presence/ann").await;
    for field in [
        "userId",
        "username",
        "isOnline",
        "status",
        "lastActiveAt",
        "lastSeenAt",
        "seq",
    ] {
        assert_eq!(event[field], own[field], "{field}");
    }
    assert_eq!(event["type"], "status");
    assert_eq!(world.state(&id).await, "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_overtaken_while_a_receiver_fails_hangs_and_comes_back() {
    let world = World::with(&[("VIGIE_WEBHOOK_TIMEOUT", "300ms")]).await;
    world.people(&["ann", "ben", "cem"]).await;
    let receiver = Receiver::answering(Answer::Status(500)).await;
    let id = world.webhook(&receiver).await;
    world.force("ann", true).await;
    receiver.got(2).await;
    assert_eq!(world.state(&id).await, "failing");
    let shown = world.get(&format!("/v1/webhooks/{id}")).await;
    assert_eq!(shown["lastError"], "it answered 500");
    assert!(shown["since"].is_string());
    receiver.answer(Answer::Hang);
    for round in 0..5 {
        for who in ["ann", "ben", "cem"] {
            world.force(who, round % 2 == 0).await;
        }
        world.force("ben", round % 2 == 1).await;
    }
    let path = format!("/v1/webhooks/{id}");
    let last_error = async || world.get(&path).await["lastError"].clone();
    until(last_error, json!("it did not answer in time")).await;
    receiver.answer(Answer::Slow(Duration::from_millis(20)));
    receiver
        .knows(&[("ann", true), ("ben", false), ("cem", true)])
        .await;
    until(async || world.state(&id).await, "active".to_owned()).await;

    // The same number has the same bytes, and numbers of what was taken have no gap.
    let deliveries = receiver.deliveries();
    for pair in deliveries.windows(2) {
        match pair[1].sequence() - pair[0].sequence() {
            0 => assert_eq!(pair[0].body, pair[1].body),
            1 => assert!(pair[0].taken),
            gap => panic!("a gap of {gap}"),
        }
    }
    let taken: Vec<u64> = receiver.taken().iter().map(Delivery::sequence).collect();
    let expected: Vec<u64> = (1..=taken.len() as u64).collect();
    assert_eq!(taken, expected);
    assert!(deliveries.len() > taken.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_asks_for_a_pause_is_given_it() {
    let world = World::start().await;
    world.people(&["ann"]).await;
    let receiver = Receiver::start().await;
    receiver.answer_first(&[Answer::With(503, &[("retry-after", "2")])]);
    let id = world.webhook(&receiver).await;
    let began = tokio::time::Instant::now();
    world.force("ann", true).await;
    receiver.knows(&[("ann", true)]).await;
    // Never earlier, however short the pause that was drawn.
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(receiver.deliveries().len(), 2);
    assert_eq!(world.state(&id).await, "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_is_told_newest_states_in_few_batches() {
    let world = World::start().await;
    let names: Vec<String> = (0..30).map(|number| format!("p{number}")).collect();
    let people: Vec<&str> = names.iter().map(String::as_str).collect();
    world.people(&people).await;
    let receiver = Receiver::answering(Answer::Slow(Duration::from_millis(400))).await;
    world.webhook(&receiver).await;
    for is_online in [true, false, true] {
        for who in &people {
            world.force(who, is_online).await;
        }
    }
    let expected: Vec<(&str, bool)> = people.iter().map(|who| (*who, true)).collect();
    receiver.knows(&expected).await;
    let batches = receiver.taken().len();
    assert!(batches < 30, "{batches} batches for 90 changes");
    assert_eq!(receiver.most_open(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_are_told_in_their_order() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.webhook(&receiver).await;
    let put = async |path: &str, body: Value| world.service(Method::PUT, path, Some(body)).await;
    let delete = async |path: &str| world.service(Method::DELETE, path, None).await;
    put("/v1/conversations/salon", json!({"title": "Salon"})).await;
    put("/v1/conversations/salon", json!({"title": "Other"})).await;
    put(
        "/v1/conversations/salon/members",
        json!(["user:ann", "user:ben"]),
    )
    .await;
    put(
        "/v1/conversations/salon/members",
        json!(["user:ben", "user:cem"]),
    )
    .await;
    put("/v1/conversations/lobby/members/user:ann", json!({})).await;
    delete("/v1/conversations/salon/members/user:ben").await;
    let guest = json!({"conversationId": "lobby", "displayName": "Gus"});
    let guest = world.service(Method::POST, "/v1/guests", Some(guest)).await;
    let guest = guest["id"].as_str().unwrap();
    delete(&format!("/v1/guests/{guest}")).await;
    delete("/v1/users/ann").await;
    delete("/v1/conversations/salon").await;
    let expected = vec![
        "created salon".to_owned(),
        "member_added salon ann".to_owned(),
        "member_added salon ben".to_owned(),
        "member_removed salon ann".to_owned(),
        "member_added salon cem".to_owned(),
        "created lobby".to_owned(),
        "member_added lobby ann".to_owned(),
        "member_removed salon ben".to_owned(),
        format!("member_added lobby {guest}"),
        format!("member_removed lobby {guest}"),
        "member_removed lobby ann".to_owned(),
        "deleted salon".to_owned(),
    ];
    until(async || receiver.conversation_events(), expected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_conversation_changes_becomes_one_event_for_each_conversation() {
    let world = World::start().await;
    let receiver = Receiver::answering(Answer::Status(500)).await;
    let id = world.webhook(&receiver).await;
    let members = |number: usize| {
        let members = (0..number).map(|number| format!("user:m{number}"));
        Some(json!(members.collect::<Vec<_>>()))
    };
    let path = "/v1/conversations/first/members/user:m0";
    world.service(Method::PUT, path, Some(json!({}))).await;
    receiver.got(1).await;
    let large = "/v1/conversations/large/members";
    world.service(Method::PUT, large, members(1_500)).await;
    world.service(Method::PUT, large, members(10)).await;
    receiver.answer(Answer::Status(200));
    world.resume(&id).await;
    let expected = ["created first", "member_added first m0", "changed large"];
    until(
        async || receiver.conversation_events(),
        expected.map(str::to_owned).to_vec(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_too_large_for_a_receiver_comes_in_parts() {
    let world = World::start().await;
    let names: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
    let people: Vec<&str> = names.iter().map(String::as_str).collect();
    world.people(&people).await;
    let receiver = Receiver::answering(Answer::Status(500)).await;
    let id = world.webhook(&receiver).await;
    world.force("p0", true).await;
    receiver.got(1).await;
    for who in &people {
        world.force(who, true).await;
    }
    receiver.answer(Answer::AtMost(7));
    world.resume(&id).await;
    let expected: Vec<(&str, bool)> = people.iter().map(|who| (*who, true)).collect();
    receiver.knows(&expected).await;
    let sizes: Vec<usize> = receiver
        .taken()
        .iter()
        .map(|taken| taken.events().len())
        .collect();
    assert!(sizes.iter().all(|size| *size <= 7), "{sizes:?}");
    let mut sequences: Vec<u64> = receiver
        .deliveries()
        .iter()
        .map(Delivery::sequence)
        .collect();
    let all = sequences.clone();
    sequences.sort_unstable();
    assert_eq!(all, sequences);
    assert_eq!(world.state(&id).await, "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_answers_without_end_holds_nothing_up() {
    let world = World::start().await;
    world.people(&["ann"]).await;
    let receiver = Receiver::answering(Answer::Endless).await;
    world.webhook(&receiver).await;
    for is_online in [true, false, true] {
        world.force("ann", is_online).await;
        receiver.knows(&[("ann", is_online)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_told_what_it_chose_and_a_deleted_one_nothing() {
    let world = World::start().await;
    world.people(&["ann"]).await;
    let (both, people, deleted) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    world.webhook(&both).await;
    let id = world.webhook(&people).await;
    let chosen = json!({"url": people.url(), "events": ["status"]});
    let path = format!("/v1/webhooks/{id}");
    let changed = world.service(Method::PUT, &path, Some(chosen)).await;
    assert_eq!(changed["events"], json!(["status"]));
    let gone = world.webhook(&deleted).await;
    let path = format!("/v1/webhooks/{gone}");
    world.service(Method::DELETE, &path, None).await;
    let member = "/v1/conversations/salon/members/user:ann";
    world.service(Method::PUT, member, Some(json!({}))).await;
    world.force("ann", true).await;
    both.knows(&[("ann", true)]).await;
    people.knows(&[("ann", true)]).await;
    assert_eq!(both.conversation_events().len(), 2);
    assert_eq!(people.conversation_events(), Vec::<String>::new());
    assert_eq!(deleted.deliveries().len(), 0);
}
