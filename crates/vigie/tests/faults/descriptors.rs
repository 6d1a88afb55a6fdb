//! All file descriptors of the server are used up.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::people::{act, caller, conversation, enter, next_status, probe, until};
use crate::server::{BOUND, Site};
use crate::vitals::processor_time;

/// What the server may open; it needs about twenty for itself.
const DESCRIPTORS: usize = 64;

/// How long the server is watched for spinning, and how much of that it may compute.
const WATCHED: Duration = Duration::from_secs(3);
const MAY_COMPUTE: Duration = Duration::from_millis(900);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_descriptors_end_nothing_and_heal() {
    more_come_than_fit(Site::new(&[("VIGIE_GRACE", "500ms")])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn used_up_descriptors_end_nothing_and_heal() {
    // A limit that an operator set too high: nothing is refused before the system refuses.
    let settings = [("VIGIE_GRACE", "500ms"), ("VIGIE_CONNECTION_LIMIT", "1000")];
    more_come_than_fit(Site::new(&settings)).await;
}

async fn more_come_than_fit(mut site: Site) {
    site.prepare_by(&format!("ulimit -n {DESCRIPTORS}"));
    let mut server = site.start().await;
    let url = server.url().to_owned();
    conversation(&url, "room", &["alice".to_owned(), "bob".to_owned()]).await;
    let mut alice = enter(&url, "alice").await;
    let mut bob = enter(&url, "bob").await;
    assert_eq!(next_status(&mut alice, "bob").await["isOnline"], true);
    let carol = caller(&url, "carol");
    assert_eq!(act(&carol).await, 200);

    // More than fit, whether the server takes them, refuses them or leaves them waiting.
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
    server.assert_alive();
}
