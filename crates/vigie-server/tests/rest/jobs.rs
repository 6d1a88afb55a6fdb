//! The jobs beside the rules: stale guests go, and the store is compared with memory.

use std::time::Duration;

use serde_json::{Value, json};
use vigie_client::Connect;

use crate::world::{SOON, World, token, until};

async fn stats(world: &World) -> Value {
    world.service().get("/maintenance/stats").await.json()["data"].clone()
}

async fn clean_up(world: &World) {
    let reply = world
        .service()
        .post("/maintenance/cleanup", &json!({}))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn a_clean_up_removes_silent_guests_but_none_with_a_lease() {
    // Long enough for a guest to act before it counts as silent.
    let world = World::with(&[("VIGIE_GUEST_RETENTION", "1s")]).await;
    let (_, silent) = world.guest("salon").await;
    let (_, present) = world.guest("salon").await;
    present.acts().await;
    until(
        async || {
            clean_up(&world).await;
            stats(&world).await["anonymousSessions"].as_u64()
        },
        Some(1),
    )
    .await;
    present.acts().await;
    assert_eq!(silent.get("/api/conversations").await.status, 401);
}

#[tokio::test]
async fn a_clean_up_removes_guests_whose_time_is_over() {
    let world = World::start().await;
    let app = world.server.app();
    let end = app.host.now().wall + Duration::from_millis(300);
    let guest = vigie_server::people::NewGuest {
        conversation: "salon".parse().unwrap(),
        display_name: "Gus".into(),
        language: None,
        expires_at: Some(end),
    };
    let created = app.people.create_guest(guest, 1_000, |_| ()).await;
    let (_, token, ()) = created.unwrap();
    assert_eq!(stats(&world).await["anonymousSessions"], 1);
    until(
        async || {
            clean_up(&world).await;
            stats(&world).await["anonymousSessions"].as_u64()
        },
        Some(0),
    )
    .await;
    assert!(app.host.now().wall >= end);
    let guest = world.anonymous().header("x-session-token", token.expose());
    assert_eq!(guest.get("/api/conversations").await.status, 401);
}

#[tokio::test]
async fn guests_stay_while_their_time_lasts() {
    let world = World::start().await;
    let (_, guest) = world.guest("salon").await;
    clean_up(&world).await;
    guest.acts().await;
    assert_eq!(stats(&world).await["anonymousSessions"], 1);
}

#[tokio::test]
async fn memory_and_store_are_compared_and_agree() {
    let world = World::with(&[("VIGIE_MAINTENANCE_INTERVAL", "20ms")]).await;
    let (_, guest) = world.guest("salon").await;
    for _ in 0..20 {
        for persona in [&world.user("alice"), &world.user("bob"), &guest] {
            persona.acts().await;
        }
        world.service().delete("/v1/users/bob/sessions").await;
    }
    let first = stats(&world).await["lastRunAt"].clone();
    assert!(first.is_string());
    until(async || stats(&world).await["lastRunAt"] != first, true).await;
    let metrics = world.service().get("/metrics").await.text();
    assert!(
        metrics.contains("vigie_maintenance_findings_total 0"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_sockets_do_leaves_memory_and_store_in_agreement() {
    let settings = [
        ("VIGIE_MAINTENANCE_INTERVAL", "20ms"),
        ("VIGIE_GRACE", "100ms"),
    ];
    let world = World::with(&settings).await;
    let connect = async || {
        let auth = json!({"token": token("alice", None)});
        let mut socket = Connect::to(world.url()).auth(auth).open().await.unwrap();
        socket.wait_for("authenticated", SOON).await.unwrap();
        socket
    };
    let (alice, service) = (world.user("alice"), world.service());
    let is_online = async || world.seen_by(&alice, "alice").await["isOnline"].as_bool();
    let run = async || stats(&world).await["lastRunAt"].clone();
    for round in 0..4 {
        let mut left = connect().await;
        let mut lost = connect().await;
        left.emit("presence:app-state", Some(json!({"foreground": false})));
        alice.acts().await;
        left.disconnect().await;
        lost.abort().await;
        until(&is_online, Some(false)).await;
        let body = json!({"userId": "alice", "isOnline": round % 2 == 0});
        let forced = service.post("/maintenance/user-status", &body).await;
        assert_eq!(forced.status, 200);
        let before = run().await;
        until(async || run().await != before, true).await;
    }
    let metrics = world.service().get("/metrics").await.text();
    assert!(
        metrics.contains("vigie_maintenance_findings_total 0"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_the_store_lost_is_found_and_written_again() {
    let world = World::with(&[("VIGIE_MAINTENANCE_INTERVAL", "20ms")]).await;
    let service = world.service();
    let alice = world.user("alice");
    alice.acts().await;
    let pending = async || {
        let reply = service.get("/maintenance/status-metrics").await;
        reply.json()["data"]["pendingUpdates"].as_u64()
    };
    until(&pending, Some(0)).await;
    let app = world.server.app();
    let id = vigie_core::PrincipalId::user("alice").unwrap();
    let kept = app
        .store
        .read_presence(std::slice::from_ref(&id))
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    // As if a restored backup had forgotten her: the store deletes and knows her again, memory does not hear of it.
    let now = app.host.now().wall;
    app.store.delete_user(&id, now).await.unwrap();
    let user = vigie_store::StoredUser {
        id: id.clone(),
        profile: vigie_core::Profile::default(),
        is_deleted: false,
    };
    app.store.upsert_users(&[user]).await.unwrap();
    until(
        async || {
            let found = app.store.read_presence(std::slice::from_ref(&id)).await;
            found.unwrap().len()
        },
        1,
    )
    .await;
    let findings = async || {
        let metrics = service.get("/metrics").await.text();
        metrics.contains("vigie_maintenance_findings_total 1")
    };
    until(findings, true).await;
}
