//! Changes that come one upon the other: the first is told at once, the others together, and the newest state always wins.

use serde_json::json;
use vigie_client::Method;

use crate::world::{SOON, World, told_by_now, until};

const CROWD: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_ends_with_everybody_as_they_are() {
    let world = World::start().await;
    let crowd: Vec<String> = (0..CROWD).map(|number| format!("user{number}")).collect();
    let members: Vec<&str> = crowd.iter().map(String::as_str).chain(["alice"]).collect();
    world.conversation("room", &members).await;
    let mut alice = world.user("alice").await;
    let everybody: Vec<_> = crowd.iter().map(|id| json!({"userId": id})).collect();
    world
        .service(Method::POST, "/v1/activity", Some(json!(everybody)))
        .await;
    for id in crowd.iter().step_by(3) {
        let away = json!({"userId": id, "isOnline": false});
        world
            .service(Method::POST, "/maintenance/user-status", Some(away))
            .await;
    }
    let mut shown = std::collections::BTreeMap::new();
    let mut latest = std::collections::BTreeMap::new();
    let is_right = |shown: &std::collections::BTreeMap<String, bool>| {
        crowd
            .iter()
            .enumerate()
            .all(|(number, id)| shown.get(id) == Some(&(number % 3 != 0)))
    };
    let deadline = tokio::time::Instant::now() + SOON;
    while !is_right(&shown) {
        let event = tokio::time::timeout_at(deadline, alice.recv())
            .await
            .unwrap()
            .unwrap();
        if event.name != "user:status" {
            continue;
        }
        let status = event.payload();
        let id = status["userId"].as_str().unwrap().to_owned();
        let version = status["seq"].as_u64().unwrap();
        let before = latest.insert(id.clone(), version);
        assert!(
            before.is_none_or(|before| before < version),
            "{id}: {before:?}, then {version}"
        );
        shown.insert(id, status["isOnline"].as_bool().unwrap());
    }
    assert!(
        told_by_now(&mut alice)
            .await
            .iter()
            .all(|(name, _)| name != "user:status")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_socket_keeps_little_and_misses_nothing() {
    let settings = [
        ("VIGIE_SLOW_SOCKET_LIMIT", "16KiB"),
        ("VIGIE_PING_TIMEOUT", "1m"),
    ];
    let world = World::with(&settings).await;
    let crowd: Vec<String> = (0..CROWD).map(|number| format!("user{number}")).collect();
    let members: Vec<&str> = crowd.iter().map(String::as_str).chain(["alice"]).collect();
    world.conversation("room", &members).await;
    // By polling nothing is taken until it is asked for.
    let polling = crate::polling::Polling::open(&world).await;
    polling.receive().await;
    let connect = format!(r#"40{{"token":"{}"}}"#, crate::world::token("alice"));
    polling.send(&[connect]).await;
    until(async || world.online_users().await, 1).await;
    let everybody: Vec<_> = crowd.iter().map(|id| json!({"userId": id})).collect();
    world
        .service(Method::POST, "/v1/activity", Some(json!(everybody)))
        .await;
    until(async || world.reached("slow_socket").await >= 1, true).await;
    let mut told = std::collections::BTreeSet::new();
    while told.len() < CROWD {
        for packet in polling.receive().await {
            if packet == "2" {
                polling.send(&["3".to_owned()]).await;
            }
            let names = crowd.iter().filter(|id| {
                packet.contains(&format!(
                    "\"userId\":\"{id}\",\"username\":\"{id}\",\"isOnline\":true"
                ))
            });
            told.extend(names.cloned());
        }
    }
}
