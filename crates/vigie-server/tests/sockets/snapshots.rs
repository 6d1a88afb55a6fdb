//! Snapshots and news together: each change at most once, none lost.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vigie_client::Method;

use crate::world::{World, token, until};

/// What one socket believes, as the web client merges it.
#[derive(Default)]
struct View {
    people: BTreeMap<String, (u64, bool)>,
}

impl View {
    fn take(&mut self, name: &str, payload: &Value) {
        if name == "user:status" {
            let (id, seq, is_online) = read(payload);
            let known = self.people.insert(id.clone(), (seq, is_online));
            let is_news = known.is_none_or(|(known, _)| seq > known);
            assert!(is_news, "{id} was told {seq} after {known:?}");
        } else if name == "presence:snapshot" {
            for person in payload["users"].as_array().unwrap() {
                let (id, seq, is_online) = read(person);
                let known = self.people.insert(id.clone(), (seq, is_online));
                let is_not_older = known.is_none_or(|(known, _)| seq >= known);
                assert!(is_not_older, "{id} was shown {seq} after {known:?}");
            }
        }
    }
}

fn read(person: &Value) -> (String, u64, bool) {
    let id = person["userId"].as_str().unwrap().to_owned();
    let seq = person["seq"].as_u64().unwrap();
    (id, seq, person["isOnline"].as_bool().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_amid_news_tell_each_change_once_and_lose_none() {
    let world = World::start().await;
    let people = ["ann", "ben", "cem", "dot", "eva"];
    let mut members = people.to_vec();
    members.push("bob");
    world.conversation("room", &members).await;
    let (mut bob, _, snapshot) = world.enter(json!({"token": token("bob")})).await;
    let mut view = View::default();
    view.take("presence:snapshot", &snapshot);
    for round in 0..12 {
        let is_online = round % 2 == 0;
        for (number, id) in people.iter().enumerate() {
            let forced = json!({"userId": id, "isOnline": is_online});
            world
                .service(Method::POST, "/maintenance/user-status", Some(forced))
                .await;
            if number % 2 == 0 {
                bob.emit("authenticate", Some(json!({"token": token("bob")})));
            }
        }
    }
    // All of them ended offline; bob must come to believe so.
    until(
        async || {
            for (name, payload) in crate::world::told_by_now(&mut bob).await {
                view.take(&name, &payload);
            }
            view.people.values().filter(|(_, online)| *online).count()
        },
        0,
    )
    .await;
    assert_eq!(view.people.len(), people.len());
}
