//! Somebody who only watches: comes back after every kill, and writes down what it is told.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vigie_client::{Connect, Event};

use super::log::{Generation, Told, What};
use super::town::{RETRY, Town};
use crate::people::{millis, token};

/// Watches until the task is dropped.
pub(super) async fn watch(town: &Town, number: usize) {
    let name = format!("watcher{number}");
    town.invite(&name).await;
    let token = token(&name);
    loop {
        let house = town.house().await;
        let opened = Connect::to(&house.url)
            .auth(json!({"token": token}))
            .listen_only(["presence:snapshot", "user:status"])
            .open()
            .await;
        let Ok(mut socket) = opened else {
            tokio::time::sleep(RETRY).await;
            continue;
        };
        while let Ok(event) = socket.recv().await {
            hear(town, number, house.generation, &event);
        }
        town.show(number, |view| *view = None);
    }
}

fn hear(town: &Town, watcher: usize, generation: Generation, event: &Event) {
    let payload = event.payload();
    let told = |status: &Value, is_announced| Told {
        watcher,
        generation,
        who: status["userId"].as_str().unwrap().to_owned(),
        is_announced,
        is_online: status["isOnline"].as_bool().unwrap(),
        last_active_at: millis(&status["lastActiveAt"]),
    };
    let all: Vec<Told> = match payload["users"].as_array() {
        Some(users) => users.iter().map(|user| told(user, false)).collect(),
        None => vec![told(payload, true)],
    };
    for told in &all {
        town.log.write(What::Told(told.clone()));
    }
    town.show(watcher, |view| {
        // Only a whole snapshot begins a view.
        if payload["users"].is_array() && payload["partial"] != true {
            *view = Some(BTreeMap::new());
        }
        let view = view.get_or_insert_default();
        view.extend(all.into_iter().map(|told| (told.who, told.is_online)));
    });
}
