//! The directory by API key: users, guests, conversations, members.

use serde_json::json;

use crate::world::{World, exact, problem};

#[tokio::test]
async fn a_user_is_added_changed_shown_and_forgotten() {
    let world = World::start().await;
    let service = world.service();
    let added = service
        .put(
            "/v1/users/alice",
            &json!({"firstName": "Alice", "lastName": "Liddell", "role": "MODO", "extra": {}}),
        )
        .await;
    assert_eq!(added.status, 201);
    let expected = json!({
        "id": "alice", "name": "Alice Liddell", "username": null, "displayName": null,
        "firstName": "Alice", "lastName": "Liddell", "language": null, "role": "MODERATOR", "isActive": true,
    });
    assert_eq!(added.json(), expected);
    let changed = service
        .put(
            "/v1/users/user:alice",
            &json!({"displayName": "Al", "lastName": null}),
        )
        .await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["name"], "Al");
    assert_eq!(changed.json()["lastName"], "Liddell");
    assert_eq!(
        service.put("/v1/users/alice", &json!({})).await.json(),
        changed.json()
    );
    assert_eq!(service.get("/v1/users/alice").await.json(), changed.json());
    assert_eq!(
        exact(&service.delete("/v1/users/alice").await),
        (204, String::new())
    );
    for reply in [
        service.get("/v1/users/alice").await,
        service.delete("/v1/users/alice").await,
    ] {
        assert_eq!(problem(&reply), (404, "UNKNOWN_PRINCIPAL".to_owned()));
    }
}

#[tokio::test]
async fn one_of_many_who_add_a_user_at_the_same_time_is_told_that_it_is_new() {
    let world = World::start().await;
    for round in 0..10 {
        let path = format!("/v1/users/alice-{round}");
        let service = world.service();
        let put = async || service.put(&path, &json!({})).await.status.as_u16();
        let (a, b, c, d) = tokio::join!(put(), put(), put(), put());
        let mut statuses = [a, b, c, d];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 201]);
    }
}

#[tokio::test]
async fn names_set_by_the_api_outlive_claims_and_restarts() {
    let world = World::start().await;
    world
        .service()
        .put("/v1/users/alice", &json!({"username": "ally"}))
        .await;
    world.user("alice").acts().await;
    let before = world.service().get("/v1/users/alice").await.json();
    assert_eq!(before["username"], "ally");
    let world = world.restart().await;
    assert_eq!(world.service().get("/v1/users/alice").await.json(), before);
}

#[tokio::test]
async fn users_that_cannot_be_are_refused() {
    let world = World::start().await;
    let service = world.service();
    for id in [
        "g_user",
        "guest:g_1",
        "a%20b",
        "a%2Fb",
        &"x".repeat(129),
        "%ff",
    ] {
        let reply = service.put(&format!("/v1/users/{id}"), &json!({})).await;
        assert_eq!(problem(&reply), (400, "INVALID_PAYLOAD".to_owned()), "{id}");
    }
    for body in [
        json!([]),
        json!({"role": "KING"}),
        json!({"role": 5}),
        json!({"isActive": "yes"}),
        json!({"username": 5}),
        json!({"username": "x".repeat(201)}),
        json!({"displayName": "a\nb"}),
    ] {
        let reply = service.put("/v1/users/alice", &body).await;
        assert_eq!(
            problem(&reply),
            (400, "INVALID_PAYLOAD".to_owned()),
            "{body}"
        );
    }
    assert_eq!(service.get("/v1/users/alice").await.status, 404);
}

#[tokio::test]
async fn deactivating_makes_offline_at_once() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    world.user("bob").acts().await;
    let alice = world.user("alice");
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], true);
    world
        .service()
        .put("/v1/users/bob", &json!({"isActive": false}))
        .await;
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], false);
}

#[tokio::test]
async fn a_guest_is_made_with_a_token_shown_once_and_ended() {
    let world = World::start().await;
    let service = world.service();
    let end = "2099-02-03T04:05:06.789Z";
    let request = json!({"conversationId": "salon", "displayName": " Gus ", "language": "fr", "expiresAt": end});
    let made = service.post("/v1/guests", &request).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.headers["cache-control"], "no-store");
    let made = made.json();
    let (id, token) = (
        made["id"].as_str().unwrap(),
        made["sessionToken"].as_str().unwrap(),
    );
    assert!(id.starts_with("g_") && token.starts_with("anon_"));
    assert_eq!(made["expiresAt"], end);
    let guest = world.anonymous().header("x-session-token", token);
    let own = guest.get("/api/conversations").await.json();
    assert_eq!(
        (&own["data"][0]["id"], &own["data"][1]),
        (&json!("salon"), &json!(null))
    );
    let seen = world.seen_by(&guest, id).await;
    assert_eq!(seen["isOnline"], true);
    assert_eq!(
        service.delete(&format!("/v1/guests/{id}")).await.status,
        204
    );
    let refused = guest.get("/api/conversations").await;
    let expected = r#"{"error":"Invalid session token","code":"AUTH_FAILED"}"#;
    assert_eq!(exact(&refused), (401, expected.to_owned()));
    let again = service.delete(&format!("/v1/guests/guest:{id}")).await;
    assert_eq!(problem(&again), (404, "UNKNOWN_PRINCIPAL".to_owned()));
    assert_eq!(problem(&service.delete("/v1/guests/alice").await).0, 400);
}

#[tokio::test]
async fn a_guests_token_outlives_a_restart() {
    let world = World::start().await;
    let body = json!({"conversationId": "salon", "displayName": "Gus"});
    let made = world.service().post("/v1/guests", &body).await.json();
    let token = made["sessionToken"].as_str().unwrap();
    let world = world.restart().await;
    world
        .anonymous()
        .header("x-session-token", token)
        .acts()
        .await;
}

#[tokio::test]
async fn guests_that_cannot_be_are_refused() {
    let world = World::start().await;
    for body in [
        json!({}),
        json!({"conversationId": "salon"}),
        json!({"displayName": "Gus"}),
        json!({"conversationId": "a b", "displayName": "Gus"}),
        json!({"conversationId": "salon", "displayName": "  "}),
        json!({"conversationId": "salon", "displayName": "x".repeat(201)}),
        json!({"conversationId": "salon", "displayName": "Gus", "expiresAt": "soon"}),
        json!({"conversationId": "salon", "displayName": "Gus", "expiresAt": 5}),
        json!({"conversationId": "salon", "displayName": "Gus", "expiresAt": "2020-01-01T00:00:00Z"}),
    ] {
        let reply = world.service().post("/v1/guests", &body).await;
        assert_eq!(
            problem(&reply),
            (400, "INVALID_PAYLOAD".to_owned()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn conversations_and_members_come_and_go() {
    let world = World::start().await;
    let service = world.service();
    let made = service
        .put("/v1/conversations/salon", &json!({"title": "Salon"}))
        .await;
    let expected = r#"{"id":"salon","title":"Salon","memberCount":0}"#;
    assert_eq!(exact(&made), (201, expected.to_owned()));
    let again = service.put("/v1/conversations/salon", &json!({})).await;
    assert_eq!(exact(&again), (200, expected.to_owned()));
    let members = "/v1/conversations/salon/members";
    for _ in 0..2 {
        let joined = service
            .put(&format!("{members}/user:alice"), &json!({}))
            .await;
        assert_eq!(joined.status, 204);
    }
    let replaced = service
        .put(members, &json!(["user:alice", "bob", "user:bob"]))
        .await;
    assert_eq!(replaced.json()["memberCount"], 2);
    let alice = world.user("alice");
    let count = async || {
        let data = alice.get("/api/conversations").await.json()["data"].clone();
        data[0]["memberCount"].as_u64()
    };
    assert_eq!(count().await, Some(2));
    for _ in 0..2 {
        assert_eq!(
            service.delete(&format!("{members}/user:bob")).await.status,
            204
        );
    }
    assert_eq!(count().await, Some(1));
    assert_eq!(service.delete("/v1/conversations/salon").await.status, 204);
    assert_eq!(count().await, None);
    for path in ["/v1/conversations/salon", &format!("{members}/user:alice")] {
        let gone = service.delete(path).await;
        assert_eq!(
            problem(&gone),
            (404, "UNKNOWN_CONVERSATION".to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn membership_decides_who_sees_whom_at_once() {
    let world = World::start().await;
    let service = world.service();
    world.conversation("salon", &["alice", "bob"]).await;
    world.user("bob").acts().await;
    let alice = world.user("alice");
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], true);
    service
        .delete("/v1/conversations/salon/members/user:bob")
        .await;
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], false);
    service
        .put("/v1/conversations/salon/members/user:bob", &json!({}))
        .await;
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], true);
}

#[tokio::test]
async fn members_that_cannot_be_are_refused() {
    let world = World::start().await;
    let service = world.service();
    let members = "/v1/conversations/salon/members";
    for principal in ["robot:r2", "g_1", "guest:bob", "a%20b"] {
        let reply = service
            .put(&format!("{members}/{principal}"), &json!({}))
            .await;
        assert_eq!(
            problem(&reply),
            (400, "INVALID_PAYLOAD".to_owned()),
            "{principal}"
        );
    }
    let unknown = service
        .put(&format!("{members}/guest:g_nobody"), &json!({}))
        .await;
    assert_eq!(problem(&unknown), (404, "UNKNOWN_PRINCIPAL".to_owned()));
    for body in [json!({}), json!([5]), json!(["user:"])] {
        let reply = service.put(members, &body).await;
        assert_eq!(
            problem(&reply),
            (400, "INVALID_PAYLOAD".to_owned()),
            "{body}"
        );
    }
    assert_eq!(service.delete("/v1/conversations/salon").await.status, 404);
}
