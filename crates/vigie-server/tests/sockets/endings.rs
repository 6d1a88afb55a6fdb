//! Connections that end badly leave nobody behind.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::world::{World, next_status, token, until};

/// Periods that are over soon; a silent loss is announced 1.5 s after the last sign of life.
const SHORT: [(&str, &str); 5] = [
    ("VIGIE_PING_INTERVAL", "600ms"),
    ("VIGIE_PING_TIMEOUT", "600ms"),
    ("VIGIE_GRACE", "300ms"),
    ("VIGIE_EIO3_PING_INTERVAL", "600ms"),
    ("VIGIE_EIO3_PING_TIMEOUT", "600ms"),
];

/// Periods that a busy machine keeps as well.
const PATIENT: [(&str, &str); 3] = [
    ("VIGIE_PING_INTERVAL", "2s"),
    ("VIGIE_PING_TIMEOUT", "2s"),
    ("VIGIE_GRACE", "300ms"),
];

fn upgrade(generation: u8, query: &str) -> String {
    format!(
        "GET /socket.io/?EIO={generation}&transport=websocket{query} HTTP/1.1\r\nhost: test\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_clients_that_break_right_after_the_upgrade_leave_nobody_online() {
    let world = World::with(&SHORT).await;
    for number in 0..60 {
        let query = format!("&token={}", token(&format!("user{number}")));
        let socket = TcpSocket::new_v4().unwrap();
        // Closed with a reset, as by a network that is gone.
        socket.set_zero_linger().unwrap();
        let mut stream = socket.connect(world.address()).await.unwrap();
        stream
            .write_all(upgrade(3, &query).as_bytes())
            .await
            .unwrap();
        let first = stream.read_u8().await.unwrap();
        assert_eq!(first, b'H');
    }
    until(async || world.online_users().await, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stops_reading_is_announced_offline() {
    let world = World::with(&PATIENT).await;
    let crowd: Vec<String> = (0..600).map(|number| format!("{number:0>100}")).collect();
    let mut members: Vec<&str> = crowd.iter().map(String::as_str).collect();
    members.extend(["alice", "bob"]);
    world.conversation("room", &members).await;
    let mut bob = world.user("bob").await;
    let alice = world.user("alice").await;
    assert!(next_status(&mut bob, "alice").await);
    alice.freeze();
    // Each renewal asks for a large snapshot: more than the system keeps for a client that reads nothing.
    let again = json!({"token": token("alice")});
    for _ in 0..45 {
        alice.emit("authenticate", Some(again.clone()));
    }
    assert!(!next_status(&mut bob, "alice").await);
    drop(alice);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_vanish_at_any_moment_leave_nobody_online() {
    let world = World::with(&SHORT).await;
    let everybody: Vec<String> = (0..40).map(|number| format!("user{number}")).collect();
    let names: Vec<&str> = everybody.iter().map(String::as_str).collect();
    world.conversation("room", &names).await;
    let visits = everybody.iter().enumerate().map(|(number, name)| {
        let world = &world;
        async move {
            let auth = json!({"token": token(name)});
            let mut socket = world.open(auth.clone()).await;
            if number % 2 == 0 {
                socket.emit("authenticate", Some(auth));
            }
            for _ in 0..number % 7 {
                // Whatever comes next, or nothing for a moment: each visit ends elsewhere.
                let patience = Duration::from_millis(20);
                let _event = tokio::time::timeout(patience, socket.recv()).await;
            }
            match number % 4 {
                0 => socket.abort().await,
                1 => socket.close(1001).await,
                2 => socket.disconnect().await,
                _ => socket.send_raw("nonsense"),
            }
        }
    });
    futures_util::future::join_all(visits).await;
    until(async || world.online_users().await, 0).await;
}
