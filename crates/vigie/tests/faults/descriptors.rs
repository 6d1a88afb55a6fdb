//! All file descriptors of the server are used up.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::people::{act, caller, conversation, enter, gauge, next_status, probe, until};
use crate::server::{BOUND, Server, Site};
use crate::vitals::processor_time;

/// What the server may open; it needs about twenty for itself.
const DESCRIPTORS: usize = 64;

/// Enough for the server to keep its whole reserve of 128 back.
const PLENTY: usize = 300;

/// How long the server is watched for spinning, and how much of that it may compute.
const WATCHED: Duration = Duration::from_secs(3);
const MAY_COMPUTE: Duration = Duration::from_millis(900);

/// How long the server waits after a failure to accept.
const PAUSE: Duration = Duration::from_millis(100);

const REFUSED: &str = "vigie_limits_reached_total{limit=\"connections\"}";
const NOT_ACCEPTED: &str = "vigie_accept_failures_total";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_descriptors_end_nothing_and_heal() {
    let mut site = Site::new(&[("VIGIE_GRACE", "500ms")]);
    site.prepare_by(&format!("ulimit -n {DESCRIPTORS}"));
    let server = site.start().await;
    more_come_than_fit(server, REFUSED, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn descriptors_that_the_system_refuses_end_nothing_and_heal() {
    let site = Site::new(&[("VIGIE_GRACE", "500ms")]);
    let server = site.start().await;
    let pid = server.pid();
    // Lowered behind the back of a server that reckons with more.
    let lower = move || {
        let fewer = Rlimit {
            current: Some(DESCRIPTORS as u64),
            maximum: getrlimit(Resource::Nofile).maximum,
        };
        prlimit(Some(pid), Resource::Nofile, fewer).unwrap();
    };
    more_come_than_fit(server, NOT_ACCEPTED, lower).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_setting_connections_leave_descriptors_for_the_store() {
    let mut site = Site::new(&[]);
    site.prepare_by(&format!("ulimit -n {PLENTY}"));
    let mut server = site.start().await;
    let url = server.url().to_owned();
    let places = gauge(&url, "vigie_connection_places").await;
    assert_eq!(places, 300 - 128);
    let mut alice = enter(&url, "alice").await;
    let mut crowd = Vec::new();
    for _ in 0..places {
        crowd.push(TcpStream::connect(server.address()).await.unwrap());
    }
    // Alice has a place as well: the last one finds none.
    let mut told = String::new();
    let last = crowd.last_mut().unwrap().read_to_string(&mut told);
    timeout(BOUND, last).await.unwrap().unwrap();
    assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("TOO_MANY_CONNECTIONS"));
    alice.emit("heartbeat", Some(json!({})));
    alice.wait_for("heartbeat:ack", BOUND).await.unwrap();
    drop(crowd);
    until("health", async || probe(&url, "/health").await, 200).await;
    assert!(gauge(&url, REFUSED).await >= 1);
    assert_eq!(gauge(&url, NOT_ACCEPTED).await, 0);
    server.assert_alive();
}

/// Lets more come than fit into what `lower` leaves, whether the server takes them, refuses them or leaves them waiting; `counted` counts it.
async fn more_come_than_fit(mut server: Server, counted: &str, lower: impl FnOnce()) {
    let url = server.url().to_owned();
    conversation(&url, "room", &["alice".to_owned(), "bob".to_owned()]).await;
    let mut alice = enter(&url, "alice").await;
    let mut bob = enter(&url, "bob").await;
    assert_eq!(next_status(&mut alice, "bob").await["isOnline"], true);
    let carol = caller(&url, "carol");
    assert_eq!(act(&carol).await, 200);

    lower();
    let lowered = Instant::now();
    let mut crowd = Vec::new();
    for _ in 0..2 * DESCRIPTORS {
        crowd.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let before = processor_time(server.pid());
    sleep(WATCHED).await;
    let used = processor_time(server.pid()) - before;
    assert!(used < MAY_COMPUTE, "it computed {used:?} of {WATCHED:?}");

    // Who is there goes on: sockets, a kept connection, and what they tell each other.
    alice.emit("heartbeat", Some(json!({})));
    alice.wait_for("heartbeat:ack", BOUND).await.unwrap();
    assert_eq!(act(&carol).await, 200);
    bob.disconnect().await;
    assert_eq!(next_status(&mut alice, "bob").await["isOnline"], false);

    drop(crowd);
    until("health", async || probe(&url, "/health").await, 200).await;
    until("readiness", async || probe(&url, "/readyz").await, 200).await;
    let _bob = enter(&url, "bob").await;
    assert_eq!(next_status(&mut alice, "bob").await["isOnline"], true);
    assert!(gauge(&url, counted).await >= 1);
    // Each failure is followed by a pause, however little of the processor a busy machine leaves us.
    let failures = gauge(&url, NOT_ACCEPTED).await;
    let pauses = lowered.elapsed().as_millis() / PAUSE.as_millis();
    assert!(
        u128::from(failures) <= pauses + 1,
        "{failures} failures to accept in the time of {pauses} pauses"
    );
    server.assert_alive();
}
