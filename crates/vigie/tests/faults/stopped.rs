//! The server itself is stopped for longer than every limit, and goes on.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::time::sleep;
use vigie_client::{Connect, Socket};

use crate::people::{
    act, caller, come_online, conversation, enter, millis, presence, token, told_by_now, wall,
};
use crate::server::{BOUND, Site};

/// Longer than ping, timeout and grace together, and than a REST lease.
const STOP: Duration = Duration::from_secs(8);

/// An instant read outside the server may differ from the one it reads by this, in milliseconds.
const SKEW: i64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_own_silence_is_nobodys_absence() {
    let site = Site::new(&[
        ("VIGIE_PING_INTERVAL", "1s"),
        ("VIGIE_PING_TIMEOUT", "1s"),
        ("VIGIE_GRACE", "3s"),
        ("VIGIE_OFFLINE_AFTER", "5s"),
        ("VIGIE_THROTTLE_INTERVAL", "1s"),
        ("VIGIE_LEAVE_GUARD", "1s"),
    ]);
    let mut server = site.start().await;
    let url = server.url().to_owned();
    let everybody = ["alice", "bob", "carol", "dora", "eve"].map(ToOwned::to_owned);
    conversation(&url, "room", &everybody).await;
    let mut alice = enter(&url, "alice").await;
    // Bob holds on; dora and eve lose patience, and eve does not come back; carol comes by requests.
    let bob = enter(&url, "bob").await;
    let (mut dora, session) = enter_with_session(&url, "dora").await;
    let mut eve = enter(&url, "eve").await;
    let carol = caller(&url, "carol");
    assert_eq!(act(&carol).await, 200);
    come_online(&mut alice, &["bob", "dora", "eve", "carol"]).await;

    alice.freeze();
    bob.freeze();
    server.signal(Signal::STOP);
    sleep(STOP).await;
    dora.ended().await;
    eve.ended().await;
    let goes_on = wall();
    server.signal(Signal::CONT);
    alice.thaw();
    bob.thaw();
    let _dora = Connect::to(&url)
        .auth(json!({"token": token("dora"), "resume": session}))
        .open()
        .await
        .unwrap();
    let carol_goes_on = tokio::spawn(async move {
        loop {
            // Not at once: if the stop counted, the lease of before it must have the time to end.
            sleep(Duration::from_millis(500)).await;
            assert_eq!(act(&carol).await, 200);
        }
    });

    // Once eve's absence is told, whatever else the stop could have caused was told before.
    let eve_left = loop {
        let event = alice.wait_for("user:status", BOUND).await.unwrap();
        let status = event.payload().clone();
        if status["userId"] == "eve" {
            break status;
        }
        assert_eq!(status["isOnline"], true, "{status}");
    };
    assert_eq!(eve_left["isOnline"], false);
    let proof = millis(&eve_left["lastActiveAt"]).unwrap();
    // Her hanging up was read when the server went on; nothing after that proves her alive.
    assert!(
        proof <= goes_on + SKEW,
        "eve was seen at {proof}, but the server went on at {goes_on}"
    );
    for who in ["bob", "dora", "carol"] {
        assert_eq!(presence(&url, who).await["isOnline"], true, "{who}");
    }
    assert!(told_by_now(&mut alice).await.is_empty());
    assert!(!carol_goes_on.is_finished());
    carol_goes_on.abort();
    server.assert_alive();
}

async fn enter_with_session(url: &str, id: &str) -> (Socket, String) {
    let mut socket = Connect::to(url)
        .auth(json!({"token": token(id)}))
        .open()
        .await
        .unwrap();
    let welcome = socket.wait_for("authenticated", BOUND).await.unwrap();
    let session = welcome.payload()["session"].as_str().unwrap().to_owned();
    (socket, session)
}
