//! `/v1/changes` by API key: a receiver fills its gaps from any cursor that it was sent.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vigie_client::Method;

use crate::receiver::{Answer, Delivery, Receiver};
use crate::world::{World, until};

fn ids(answer: &Value) -> Vec<String> {
    let users = answer["users"].as_array().unwrap();
    let id = |user: &Value| user["userId"].as_str().unwrap().to_owned();
    users.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_changed_since_a_deliverys_cursor_is_told_once() {
    let world = World::start().await;
    world.people(&["ann", "ben", "cem"]).await;
    let receiver = Receiver::start().await;
    world.webhook(&receiver).await;
    world.force("ann", true).await;
    receiver.knows(&[("ann", true)]).await;
    let cursor = receiver.taken()[0].cursor();
    for is_online in [true, false, true] {
        world.force("ben", is_online).await;
    }
    let since = format!("/v1/changes?since={cursor}");
    until(
        async || ids(&world.get(&since).await),
        vec!["ben".to_owned()],
    )
    .await;
    let answer = world.get(&since).await;
    assert_eq!(answer["users"][0]["isOnline"], true);
    let expected = (json!(true), json!(false));
    assert_eq!(
        (answer["partial"].clone(), answer["truncated"].clone()),
        expected
    );
    let next = format!("/v1/changes?since={}", answer["cursor"].as_str().unwrap());
    assert_eq!(ids(&world.get(&next).await), Vec::<String>::new());
    let world = world.restart().await;
    world.force("cem", true).await;
    until(
        async || ids(&world.get(&next).await).contains(&"cem".to_owned()),
        true,
    )
    .await;
    assert_eq!(world.get(&next).await["partial"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_cursor_one_begins_now_and_what_is_no_cursor_means_everybody() {
    let world = World::start().await;
    world.people(&["ann", "ben"]).await;
    world.force("ann", true).await;
    let begin = world.get("/v1/changes").await;
    assert_eq!(
        (&begin["users"], &begin["partial"]),
        (&json!([]), &json!(true))
    );
    for odd in ["0", "x", &"A".repeat(300)] {
        let whole = world.get(&format!("/v1/changes?since={odd}")).await;
        assert_eq!(ids(&whole), ["ann", "ben"], "{odd}");
        assert_eq!(whole["partial"], json!(null));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_fits_into_an_answer_comes_in_several() {
    let world = World::start().await;
    let members: Vec<String> = (0..2_500).map(|number| format!("user:m{number}")).collect();
    let path = "/v1/conversations/large/members";
    world.service(Method::PUT, path, Some(json!(members))).await;
    let mut since = "0".to_owned();
    let mut seen = BTreeSet::new();
    let mut answers = Vec::new();
    loop {
        let answer = world.get(&format!("/v1/changes?since={since}")).await;
        let found = ids(&answer);
        assert!(found.len() <= 1_000);
        for id in found {
            assert!(seen.insert(id.clone()), "{id} was told twice");
        }
        since = answer["cursor"].as_str().unwrap().to_owned();
        answers.push((answer["partial"].as_bool(), answer["truncated"].as_bool()));
        if answer["truncated"] == false {
            break;
        }
        // Whoever changes on the way is found from the last cursor on.
        world.force("m0", answers.len() % 2 == 1).await;
    }
    assert_eq!(seen.len(), 2_500);
    let (part, more) = (Some(true), Some(true));
    assert_eq!(answers, [(None, more), (part, more), (part, Some(false))]);
    let after = format!("/v1/changes?since={since}");
    until(
        async || ids(&world.get(&after).await),
        vec!["m0".to_owned()],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cursor_stands_behind_somebody_who_is_told_later() {
    let world = World::start().await;
    let members: Vec<String> = (0..700).map(|number| format!("user:m{number}")).collect();
    let path = "/v1/conversations/large/members";
    world.service(Method::PUT, path, Some(json!(members))).await;
    let receiver = Receiver::answering(Answer::Status(500)).await;
    let id = world.webhook(&receiver).await;
    let chosen = json!({"url": receiver.url(), "events": ["status"]});
    let path = format!("/v1/webhooks/{id}");
    world.service(Method::PUT, &path, Some(chosen)).await;
    world.force("m0", true).await;
    receiver.got(1).await;
    for number in 0..700 {
        world.force(&format!("m{number}"), number % 2 == 0).await;
        world.force(&format!("m{number}"), number % 2 == 1).await;
    }
    receiver.answer(Answer::Status(200));
    world.resume(&id).await;
    until(async || receiver.view().len(), 700).await;
    until(async || world.get(&path).await["waiting"].clone(), json!(0)).await;
    let taken = receiver.taken();
    assert!(taken.iter().any(|batch| batch.events().len() == 500));
    for (place, batch) in taken.iter().enumerate() {
        let since = format!("/v1/changes?since={}", batch.cursor());
        let found: BTreeSet<String> = ids(&world.get(&since).await).into_iter().collect();
        let later = taken[place + 1..].iter().flat_map(Delivery::events);
        for event in later {
            let who = event["userId"].as_str().unwrap();
            assert!(found.contains(who), "{who} comes after batch {place}");
        }
    }
}
