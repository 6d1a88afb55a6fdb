//! The server is killed after one of a person's two sessions had ended beside the other.

use std::time::Duration;

use tokio::time::sleep;

use vigie_testbed::Postgres;

use crate::people::{conversation, enter, gauge, millis, next_status, presence, until, wall};
use crate::server::Site;

/// What happened this long before a kill is durable: stated are 500 ms, a busy machine needs more.
const DURABLE: Duration = Duration::from_secs(2);

const IN_GRACE: &str = r#"vigie_sessions{state="grace"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_goodbye_beside_a_lost_session_is_the_last_proof_after_a_kill_on_sqlite() {
    the_goodbye_is_the_last_proof(site()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_goodbye_beside_a_lost_session_is_the_last_proof_after_a_kill_on_postgresql() {
    let postgres = Postgres::start().unwrap();
    let mut site = site();
    site.set("DATABASE_URL", postgres.database().unwrap());
    the_goodbye_is_the_last_proof(site).await;
}

fn site() -> Site {
    Site::new(&[
        // The lost session outlives the server; after a restart nobody has less time to come back.
        ("VIGIE_GRACE", "10s"),
        ("VIGIE_RESTART_GRACE", "10s"),
    ])
}

async fn the_goodbye_is_the_last_proof(site: Site) {
    let server = site.start().await;
    let url = server.url().to_owned();
    conversation(&url, "room", &["alice".to_owned(), "bob".to_owned()]).await;
    let mut alice = enter(&url, "alice").await;
    let mut phone = enter(&url, "bob").await;
    assert_eq!(next_status(&mut alice, "bob").await["isOnline"], true);
    let mut laptop = enter(&url, "bob").await;
    phone.abort().await;
    until("the loss", async || gauge(&url, IN_GRACE).await, 1).await;
    let left = wall();
    laptop.disconnect().await;
    sleep(DURABLE).await;
    server.kill().await;

    // Nobody returns: what remains of bob is the phone, which was gone before the laptop said goodbye.
    let mut server = site.start().await;
    let url = server.url().to_owned();
    let is_online = async || presence(&url, "bob").await["isOnline"] == true;
    until("bob's end", is_online, false).await;
    let seen = millis(&presence(&url, "bob").await["lastSeenAt"]);
    assert!(seen >= Some(left), "seen at {seen:?}, left at {left}");
    server.assert_alive();
}
