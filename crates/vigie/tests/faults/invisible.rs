//! `kill -9` right after the answer uncovers nobody: whoever was told to be invisible is, whichever database keeps it.

use serde_json::{Value, json};
use vigie_client::Method;
use vigie_testbed::Postgres;

use crate::people::{act, caller, conversation, enter, next_status, presence, told_by_now};
use crate::server::Site;

/// Kills in a row: the choice has to come back from what a start took over, too.
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_invisible_stays_so_after_a_kill_on_sqlite() {
    stay_invisible(&Site::new(&[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_invisible_stays_so_after_a_kill_on_postgresql() {
    let postgres = Postgres::start().unwrap();
    let mut site = Site::new(&[]);
    site.set("DATABASE_URL", postgres.database().unwrap());
    stay_invisible(&site).await;
}

async fn stay_invisible(site: &Site) {
    let mut server = site.start().await;
    let people = ["alice", "bob"].map(str::to_owned);
    conversation(server.url(), "room", &people).await;
    let mut bob = enter(server.url(), "bob").await;
    let mut alice = enter(server.url(), "alice").await;
    assert_eq!(next_status(&mut bob, "alice").await["isOnline"], true);
    chooses(
        server.url(),
        json!({"status": "invisible", "text": "not here"}),
    )
    .await;
    let frozen = seen_by_bob(server.url()).await;
    assert_eq!(frozen["status"], "offline");

    for _ in 0..KILLS {
        server.kill().await;
        server = site.start().await;
        bob = enter(server.url(), "bob").await;
        // Her session is restored, and then she comes back herself.
        assert_eq!(presence(server.url(), "alice").await["isOnline"], true);
        alice = enter(server.url(), "alice").await;
        assert_eq!(act(&caller(server.url(), "alice")).await, 200);
        told_by_now(&mut alice).await;
        assert_eq!(seen_by_bob(server.url()).await, frozen);
        let told = told_by_now(&mut bob).await;
        assert!(
            told.iter().all(|told| told["userId"] != "alice"),
            "{told:?}"
        );
        let whole = presence(server.url(), "alice").await;
        assert_eq!(whole["chosen"]["text"], "not here");
    }

    chooses(server.url(), json!({})).await;
    let back = next_status(&mut bob, "alice").await;
    assert_eq!(back["isOnline"], true);
    assert!(back["seq"].as_u64() > frozen["seq"].as_u64());
    server.kill().await;
    let server = site.start().await;
    assert_eq!(seen_by_bob(server.url()).await["isOnline"], true);
    drop((alice, bob));
}

async fn chooses(url: &str, wish: Value) {
    let reply = caller(url, "alice")
        .call(Method::PUT, "/v1/presence/me", Some(&wish))
        .await
        .unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
}

async fn seen_by_bob(url: &str) -> Value {
    let reply = caller(url, "bob")
        .call(Method::GET, "/v1/presence/alice", None)
        .await
        .unwrap();
    reply.json()
}
