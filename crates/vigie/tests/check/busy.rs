//! A server that fifty other people use meanwhile is judged as fairly as a quiet one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use vigie_client::{Connect, Http, Method};

use crate::tamper::{Tamper, Wrong};
use crate::world::{Mode, Outcome, Server};

/// Other people, and how often each of them asks for something.
const PEOPLE: usize = 50;
const PAUSE: Duration = Duration::from_millis(60);

/// Every so many-th of them comes and goes on a socket instead.
const RESTLESS: usize = 10;

/// Fifty people at work until this is dropped.
struct Crowd {
    _people: JoinSet<()>,
    requests: Arc<AtomicU64>,
}

impl Crowd {
    /// Sets them to work, and returns when everybody was there.
    async fn at_work(server: &Server) -> Self {
        let requests = Arc::new(AtomicU64::new(0));
        let mut people = JoinSet::new();
        let tokens: Vec<String> = (0..PEOPLE)
            .map(|number| server.token(&format!("other-{number}")))
            .collect();
        for (number, token) in tokens.into_iter().enumerate() {
            let url = server.url.clone();
            if number % RESTLESS == 0 {
                people.spawn(come_and_go(url, token));
            } else {
                people.spawn(ask(url, token, Arc::clone(&requests)));
            }
        }
        while server.population().await.0 < PEOPLE as u64 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self {
            _people: people,
            requests,
        }
    }
}

async fn ask(url: String, token: String, requests: Arc<AtomicU64>) {
    let http = Http::new(url).header("Authorization", format!("Bearer {token}"));
    loop {
        let reply = http.call(Method::GET, "/api/conversations", None).await;
        assert_eq!(reply.unwrap().status.as_u16(), 200);
        requests.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn come_and_go(url: String, token: String) {
    loop {
        let connect = Connect::to(&url).auth(json!({ "token": token }));
        let mut socket = connect.open().await.unwrap();
        tokio::time::sleep(PAUSE).await;
        socket.disconnect().await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Off the test's threads: the crowd must go on meanwhile.
async fn outcome_of(check: std::process::Command) -> Outcome {
    tokio::task::spawn_blocking(|| Outcome::of(check))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_server_is_green_among_fifty_others() {
    let server = Server::start(Mode::Production, &[]);
    let crowd = Crowd::at_work(&server).await;
    let before = crowd.requests.load(Ordering::Relaxed);
    let outcome = outcome_of(server.check()).await;
    assert!(crowd.requests.load(Ordering::Relaxed) > before + PEOPLE as u64);
    outcome.assert_green();
    assert_eq!(server.population().await, (PEOPLE as u64, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_throttle_is_found_among_fifty_others() {
    let settings = [
        ("VIGIE_THROTTLE_INTERVAL", "2ms"),
        ("VIGIE_FLUSH_INTERVAL", "1ms"),
    ];
    let server = Server::start(Mode::Production, &settings);
    let _crowd = Crowd::at_work(&server).await;
    outcome_of(server.check()).await.assert_red(&["throttle"]);
    assert_eq!(server.population().await, (PEOPLE as u64, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_counters_are_found_among_fifty_others() {
    let server = Server::start(Mode::Production, &[]);
    let _crowd = Crowd::at_work(&server).await;
    let tampered = Tamper::before(&server.url, Wrong::FrozenCounters);
    outcome_of(server.check_at(&tampered.url))
        .await
        .assert_red(&["counters"]);
    assert_eq!(server.population().await, (PEOPLE as u64, 0));
}
