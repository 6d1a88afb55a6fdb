//! Connections that end badly leave nobody behind.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use vigie_client::{Http, Method, Socket};

use crate::polling::Polling;
use crate::world::{SOON, World, next_status, token, until};

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

/// Periods beyond what a test waits: no silence is noticed.
const LONG: [(&str, &str); 2] = [("VIGIE_PING_INTERVAL", "60s"), ("VIGIE_GRACE", "300ms")];

/// The grace in all of them.
const GRACE: Duration = Duration::from_millis(300);

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

/// Breaks off a poll; whether the watcher is told then that its client is online.
///
/// Hyper hands no request on whose connection has ended already, so each one waits longer than the last before it is broken off.
async fn broken_off(client: &Polling, watcher: &mut Socket) -> bool {
    let mut patience = Duration::from_millis(50);
    while patience < SOON {
        let waiting = client.wait().await;
        tokio::time::sleep(patience).await;
        drop(waiting);
        patience *= 2;
        if let Ok(event) = watcher.wait_for("user:status", GRACE + patience).await {
            return event.payload()["isOnline"].as_bool().unwrap();
        }
    }
    panic!("nothing was told of a client that is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_closes_while_it_polls_is_announced_offline() {
    let world = World::with(&LONG).await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    for is_old in [false, true] {
        let alice = if is_old {
            Polling::open_old(&world, &token("alice")).await
        } else {
            let alice = Polling::open(&world).await;
            let connect = format!("40{}", json!({"token": token("alice")}));
            alice.send(&[connect]).await;
            alice
        };
        assert!(next_status(&mut bob, "alice").await);
        // Each answer closes its connection, and that says nothing: the next one comes.
        alice.receive_until("presence:snapshot").await;
        assert!(!broken_off(&alice, &mut bob).await, "old: {is_old}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_left_polling_is_not_ended_by_it() {
    let world = World::with(&LONG).await;
    world.conversation("room", &["alice", "bob", "carol"]).await;
    let mut bob = world.user("bob").await;
    let alice = Polling::open(&world).await;
    alice
        .send(&[format!("40{}", json!({"token": token("alice")}))])
        .await;
    assert!(next_status(&mut bob, "alice").await);
    alice.receive_until("presence:snapshot").await;
    let address = format!("ws://{}{}", world.address(), alice.path("websocket"));
    let (mut websocket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
    websocket.send("2probe".into()).await.unwrap();
    let answer = websocket.next().await.unwrap().unwrap();
    assert_eq!(answer.to_text().unwrap(), "3probe");
    websocket.send("5".into()).await.unwrap();
    let refuses = async |packet: &str| {
        let answer = alice.post(packet, packet.len()).await;
        answer.starts_with("HTTP/1.1 400 ")
    };
    // A pong harms nobody, however far the change of transport has come.
    until(async || refuses("3").await, true).await;
    // What is posted for a client whose poll broke off.
    assert!(refuses("1").await);
    // Carol's end is told after anything that there was to tell of alice.
    world.user("carol").await.abort().await;
    assert!(next_status(&mut bob, "carol").await);
    assert!(!next_status(&mut bob, "carol").await);
    assert_eq!(world.seen_by("bob", "alice").await["isOnline"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_created_again_goes_on_counting_over_a_restart() {
    let mut world = World::start().await;
    let seq = async |world: &World| {
        let path = "/v1/presence/user:alice";
        let seen = world.service(Method::GET, path, None).await;
        seen["seq"].as_u64().unwrap()
    };
    world.user("alice").await.disconnect().await;
    until(async || world.online_users().await, 0).await;
    let before = seq(&world).await;
    let path = "/v1/users/alice";
    world.service(Method::DELETE, path, None).await;
    // Answered once it is written, and what waited before it.
    let bearer = format!("Bearer {}", token("bob"));
    let bob = Http::new(world.url()).header("authorization", bearer);
    let busy = json!({"status": "busy"});
    let chosen = bob.call(Method::PUT, "/v1/presence/me", Some(&busy)).await;
    assert_eq!(chosen.unwrap().status, 200);
    world.service(Method::PUT, path, Some(json!({}))).await;
    let again = seq(&world).await;
    assert!(again >= before && before > 0, "{before} and then {again}");
    world = world.restart().await;
    let later = seq(&world).await;
    assert!(later >= again, "{again} and then {later}");
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
