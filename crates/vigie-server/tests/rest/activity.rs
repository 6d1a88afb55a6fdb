//! Activity that other services report: forward-auth of a reverse proxy, and batches.

use serde_json::{Value, json};
use vigie_client::Method;

use crate::world::{World, exact, problem};

#[tokio::test]
async fn forward_auth_names_the_person_and_counts_as_activity() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let (guest_id, guest) = world.guest("salon").await;
    let alice = world.user("alice");
    for (persona, id, kind) in [
        (world.user("bob"), "bob", "user"),
        (guest, guest_id.as_str(), "guest"),
    ] {
        let persona = persona
            .header("x-vigie-user-id", "mallory")
            .header("x-vigie-kind", "admin");
        let silent = persona.get("/v1/auth/forward?activity=0").await;
        assert_eq!(exact(&silent), (200, String::new()));
        assert_eq!(world.seen_by(&alice, id).await["isOnline"], false);
        let reply = persona.get("/v1/auth/forward").await;
        assert_eq!(exact(&reply), (200, String::new()));
        assert_eq!(reply.headers["x-vigie-user-id"], id);
        assert_eq!(reply.headers["x-vigie-kind"], kind);
        assert_eq!(world.seen_by(&alice, id).await["isOnline"], true);
    }
}

#[tokio::test]
async fn forward_auth_takes_the_original_path_and_method() {
    let world = World::start().await;
    let reply = world
        .user("bob")
        .call(Method::POST, "/v1/auth/forward/orders/7?x=1", None)
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["x-vigie-user-id"], "bob");
    let refused = world
        .anonymous()
        .post("/v1/auth/forward/orders", &json!({}))
        .await;
    assert_eq!(refused.status, 401);
    assert!(refused.headers.get("x-vigie-user-id").is_none());
}

#[tokio::test]
async fn a_batch_moves_whom_it_knows_and_names_the_others() {
    let world = World::start().await;
    world
        .conversation("salon", &["alice", "bob", "carol", "dave"])
        .await;
    let (guest, _) = world.guest("salon").await;
    let service = world.service();
    service
        .put("/v1/users/dave", &json!({"isActive": false}))
        .await;
    let at = "2020-02-03T04:05:06.789Z";
    let batch = json!([
        {"userId": "bob"},
        {"userId": "carol", "at": at, "extra": true},
        {"guestId": guest, "at": null},
        {"userId": "nobody"},
        {"userId": "nobody"},
        {"userId": "dave"},
    ]);
    let reply = service.post("/v1/activity", &batch).await;
    let expected = r#"{"accepted":3,"unknown":["nobody","dave"]}"#;
    assert_eq!(exact(&reply), (200, expected.to_owned()));
    let alice = world.user("alice");
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], true);
    assert_eq!(world.seen_by(&alice, &guest).await["isOnline"], true);
    assert_eq!(world.seen_by(&alice, "dave").await["isOnline"], false);
    let carol = world.seen_by(&alice, "carol").await;
    assert_eq!(
        (&carol["isOnline"], &carol["lastActiveAt"]),
        (&json!(false), &json!(at))
    );
    assert_eq!(service.get("/v1/users/nobody").await.status, 404);
}

#[tokio::test]
async fn a_future_time_is_now_and_one_before_a_leave_does_not_revive() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let (alice, service) = (world.user("alice"), world.service());
    let future = json!([{"userId": "bob", "at": "2099-01-01T00:00:00Z"}]);
    service.post("/v1/activity", &future).await;
    let seen = world.seen_by(&alice, "bob").await;
    assert_eq!(seen["isOnline"], true);
    let active = seen["lastActiveAt"].as_str().unwrap().to_owned();
    assert!(active.as_str() < "2099");
    service.delete("/v1/users/bob/sessions").await;
    let before = json!([{"userId": "bob", "at": active}]);
    service.post("/v1/activity", &before).await;
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], false);
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_is_refused_whole() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let service = world.service();
    for entry in [
        json!(5),
        json!({}),
        json!({"userId": 5}),
        json!({"userId": "g_guest"}),
        json!({"guestId": "bob"}),
        json!({"userId": "a b"}),
        json!({"userId": "alice", "guestId": "g_x"}),
        json!({"userId": "alice", "at": 5}),
        json!({"userId": "alice", "at": "yesterday"}),
    ] {
        let reply = service
            .post("/v1/activity", &json!([{"userId": "bob"}, entry]))
            .await;
        assert_eq!(
            problem(&reply),
            (400, "INVALID_PAYLOAD".to_owned()),
            "{entry}"
        );
    }
    assert_eq!(
        world.seen_by(&world.user("alice"), "bob").await["isOnline"],
        false
    );
    for body in ["{", "null", "{}", "", "5"] {
        let (status, _) = world.raw_post("/v1/activity", body).await;
        assert_eq!(status, 400, "{body}");
    }
    let batch = |many: usize| Value::Array(vec![json!({"userId": "bob"}); many]);
    assert_eq!(
        service.post("/v1/activity", &batch(10_000)).await.status,
        200
    );
    let reply = service.post("/v1/activity", &batch(10_001)).await;
    assert_eq!(problem(&reply), (400, "INVALID_PAYLOAD".to_owned()));
}
