//! What one socket, one person and one crowd may do at most; each limit is told to the client, and counted.

use serde_json::json;
use vigie_client::{Connect, Method};

use crate::polling::Polling;
use crate::world::{SOON, World, next_status, token, until};

impl World {
    /// How often a limit was reached, as the metrics have it.
    pub(crate) async fn reached(&self, limit: &str) -> u64 {
        let line = format!("vigie_limits_reached_total{{limit=\"{limit}\"}} ");
        let text = self.metrics().await;
        let count = text.lines().find_map(|one| one.strip_prefix(&line));
        count.unwrap().parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_so_many_sockets_and_the_older_ones_stay() {
    let world = World::with(&[("VIGIE_CONNECTIONS_PER_PRINCIPAL", "2")]).await;
    let mut first = world.user("alice").await;
    let mut second = world.user("alice").await;
    let mut third = world.open(json!({"token": token("alice")})).await;
    let refusal = third.wait_for("error", SOON).await.unwrap();
    assert_eq!(refusal.payload()["code"], "RATE_LIMITED");
    let end = tokio::time::timeout(SOON, third.ended()).await.unwrap();
    assert_eq!(end, vigie_client::End::ServerDisconnect);
    assert_eq!(world.reached("connections_per_principal").await, 1);
    assert!(
        crate::world::told_by_now(&mut first)
            .await
            .iter()
            .all(|(name, _)| name != "error")
    );
    second.disconnect().await;
    until(
        async || {
            let mut again = world.open(json!({"token": token("alice")})).await;
            let answer = again.wait_for("authenticated", SOON).await.unwrap();
            answer.payload()["success"] == true
        },
        true,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_signs_in_is_let_in_by_and_by() {
    let world = World::with(&[("VIGIE_UNAUTHENTICATED_LIMIT", "2")]).await;
    let url = format!("http://{}", world.address());
    let nobodies = [
        Connect::to(&url).open().await,
        Connect::to(&url).open().await,
    ];
    assert!(nobodies.iter().all(Result::is_ok));
    assert!(Connect::to(&url).open().await.is_err());
    assert!(world.reached("unauthenticated").await >= 1);
    drop(nobodies);
    until(async || Connect::to(&url).open().await.is_ok(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_too_large_or_too_deep_ends_its_connection_alone() {
    let world = World::with(&[("VIGIE_GRACE", "300ms"), ("VIGIE_MESSAGE_LIMIT", "8KiB")]).await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    let large = format!(r#"42["heartbeat",{{"x":"{}"}}]"#, "y".repeat(9 * 1024));
    let huge = format!(r#"42["heartbeat",{{"x":"{}"}}]"#, "y".repeat(900 * 1024));
    let deep = format!(
        r#"42["heartbeat",{}{}]"#,
        "[".repeat(1_000),
        "]".repeat(1_000)
    );
    for (text, limit) in [
        (large, Some("message_size")),
        (huge, None),
        (deep, Some("json_depth")),
    ] {
        let mut alice = world.user("alice").await;
        assert!(next_status(&mut bob, "alice").await);
        alice.send_raw(&text);
        let ended = tokio::time::timeout(SOON, alice.ended()).await;
        assert!(ended.is_ok(), "{} bytes", text.len());
        assert!(!next_status(&mut bob, "alice").await);
        if let Some(limit) = limit {
            assert_eq!(world.reached(limit).await, 1, "{limit}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_events_is_answered_up_to_the_rate() {
    let world = World::with(&[("VIGIE_EVENTS_PER_SECOND", "5")]).await;
    world.conversation("room", &["alice"]).await;
    let mut alice = world.user("alice").await;
    for _ in 0..40 {
        alice.emit("conversation:join", Some(json!({"conversationId": "room"})));
    }
    let refused = alice
        .wait_for("conversation:join-error", SOON)
        .await
        .unwrap();
    assert_eq!(refused.payload()["reason"], "rate_limited");
    until(async || world.reached("event_rate").await >= 20, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_before_the_authentication_wait_up_to_a_number() {
    let world = World::with(&[("VIGIE_EARLY_EVENTS_LIMIT", "3")]).await;
    let nobody = Connect::to(format!("http://{}", world.address()))
        .open()
        .await
        .unwrap();
    for _ in 0..8 {
        nobody.emit("heartbeat", None);
    }
    until(async || world.reached("early_events").await, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_by_polling_is_limited_like_a_message() {
    let world = World::with(&[("VIGIE_MESSAGE_LIMIT", "1KiB")]).await;
    let polling = Polling::open(&world).await;
    let answer = polling.post(&"4".repeat(5_000), 5_000).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(world.reached("message_size").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_by_polling_must_come_to_its_end() {
    let world = World::with(&[("VIGIE_BODY_TIMEOUT", "200ms")]).await;
    let polling = Polling::open(&world).await;
    let answer = polling.post("4", 10).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(world.reached("body_time").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_trusted_proxy_each_client_has_its_own_limit() {
    let settings = [
        ("VIGIE_CONNECTIONS_PER_ADDRESS", "1"),
        ("VIGIE_TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let world = World::with(&settings).await;
    let through_proxy = |client: &'static str| {
        Connect::to(format!("http://{}", world.address()))
            .header("x-forwarded-for", client)
            .open()
    };
    let first = through_proxy("192.0.2.1").await.unwrap();
    let _other = through_proxy("192.0.2.2").await.unwrap();
    assert!(through_proxy("192.0.2.1").await.is_err());
    assert!(world.reached("connections_per_address").await >= 1);
    drop(first);
    until(async || through_proxy("192.0.2.1").await.is_ok(), true).await;
    world.service(Method::GET, "/maintenance/stats", None).await;
}
