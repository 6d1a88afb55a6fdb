//! Who is admitted, and in which words everybody else is refused.

use std::time::Duration;

use serde_json::json;
use vigie_core::Role;

use crate::world::{API_KEY, Persona, World, exact, problem, token, token_for};

const REQUIRED: &str = r#"{"error":"Authentication required","code":"AUTH_REQUIRED"}"#;
const BAD_JWT: &str = r#"{"error":"Invalid JWT token","code":"AUTH_FAILED"}"#;
const BAD_SESSION: &str = r#"{"error":"Invalid session token","code":"AUTH_FAILED"}"#;
const GUEST: &str = r#"{"error":"Registered user required","code":"REGISTERED_USER_REQUIRED"}"#;

#[tokio::test]
async fn failures_have_exactly_their_bodies() {
    let world = World::start().await;
    let check = async |persona: &Persona, body: &str| {
        for path in [
            "/api/conversations",
            "/users/presence?ids=a",
            "/v1/presence/a",
            "/v1/auth/forward",
        ] {
            let reply = persona.get(path).await;
            assert_eq!(exact(&reply), (401, body.to_owned()), "{path}");
            assert_eq!(reply.headers["www-authenticate"], "Bearer");
        }
    };
    let anonymous = world.anonymous();
    check(&anonymous, REQUIRED).await;
    check(&anonymous.bearer("forged"), BAD_JWT).await;
    check(
        &anonymous.bearer(&token_for("alice", None, Duration::ZERO)),
        BAD_JWT,
    )
    .await;
    check(
        &anonymous.header("x-session-token", "anon_unknown"),
        BAD_SESSION,
    )
    .await;
    let (_, guest) = world.guest("salon").await;
    check(&guest.bearer("forged"), BAD_JWT).await;
    check(&anonymous.header("authorization", "Basic YTpi"), REQUIRED).await;
}

#[tokio::test]
async fn a_jwt_wins_over_a_session_token() {
    let world = World::start().await;
    let alice = world
        .user("alice")
        .header("x-session-token", "anon_unknown");
    assert_eq!(alice.get("/api/conversations").await.status, 200);
}

#[tokio::test]
async fn everybody_who_signs_in_at_once_is_created_and_stays_so_but_for_the_deleted_one() {
    const CROWD: usize = 300;
    let world = World::start().await;
    let gone = world.user("gone");
    assert_eq!(gone.get("/api/conversations").await.status, 200);
    let deleted = world.service().delete("/v1/users/gone").await;
    assert_eq!(deleted.status, 204);

    let ask = async |id: String| world.user(&id).get("/api/conversations").await.status;
    let crowd = (0..CROWD).map(|number| ask(format!("newcomer-{number}")));
    // The same stranger twice in one moment is one user.
    let twice = (0..2).map(|_| ask("twin".to_owned()));
    let (crowd, twins, gone) = tokio::join!(
        futures_util::future::join_all(crowd),
        futures_util::future::join_all(twice),
        ask("gone".to_owned()),
    );
    assert_eq!(crowd, [200; CROWD]);
    assert_eq!(twins, [200; 2]);
    assert_eq!(gone, 401);

    let users = async |world: &World| {
        let stats = world.service().get("/maintenance/stats").await;
        stats.json()["data"]["totalUsers"].clone()
    };
    assert_eq!(users(&world).await, CROWD + 1);
    let world = world.restart().await;
    assert_eq!(users(&world).await, CROWD + 1, "the store holds them, too");
}

#[tokio::test]
async fn a_valid_token_creates_its_user_but_never_a_deleted_one() {
    let world = World::start().await;
    let service = world.service();
    assert_eq!(service.get("/v1/users/alice").await.status, 404);
    let alice = world.user("alice");
    alice.acts().await;
    assert_eq!(service.get("/v1/users/alice").await.status, 200);
    assert_eq!(service.delete("/v1/users/alice").await.status, 204);
    let refused = alice.get("/api/conversations").await;
    assert_eq!(exact(&refused), (401, BAD_JWT.to_owned()));
    assert_eq!(service.put("/v1/users/alice", &json!({})).await.status, 201);
    alice.acts().await;
}

#[tokio::test]
async fn without_provisioning_only_known_users_are_admitted() {
    let world = World::with(&[("VIGIE_AUTO_PROVISION", "false")]).await;
    let refused = world.user("alice").get("/api/conversations").await;
    assert_eq!(exact(&refused), (401, BAD_JWT.to_owned()));
    world.service().put("/v1/users/alice", &json!({})).await;
    world.user("alice").acts().await;
}

#[tokio::test]
async fn a_deactivated_user_is_refused_until_activated() {
    let world = World::start().await;
    let (service, alice) = (world.service(), world.user("alice"));
    alice.acts().await;
    service
        .put("/v1/users/alice", &json!({"isActive": false}))
        .await;
    let refused = alice.get("/api/conversations").await;
    assert_eq!(exact(&refused), (401, BAD_JWT.to_owned()));
    service
        .put("/v1/users/alice", &json!({"isActive": true}))
        .await;
    alice.acts().await;
}

#[tokio::test]
async fn routes_of_services_take_a_key_and_no_person() {
    let world = World::start().await;
    let (_, guest) = world.guest("salon").await;
    let anonymous = world.anonymous();
    let check = async |persona: &Persona, expected: u16| {
        for path in ["/v1/users/alice", "/metrics"] {
            assert_eq!(persona.get(path).await.status, expected, "{path}");
        }
        let reported = persona.post("/v1/activity", &json!([])).await;
        assert_eq!(reported.status, expected);
    };
    world.user("alice").acts().await;
    check(&world.service(), 200).await;
    check(&anonymous.bearer(API_KEY), 200).await;
    check(&anonymous, 401).await;
    check(&anonymous.header("x-api-key", "wrong"), 401).await;
    check(&anonymous.bearer("wrong"), 401).await;
    check(&world.with_role("root", Role::Admin), 403).await;
    check(&guest, 403).await;
    let told = world.user("alice").get("/v1/users/alice").await;
    assert_eq!(problem(&told), (403, "API_KEY_REQUIRED".to_owned()));
    let wrong = anonymous.header("x-api-key", "wrong").get("/metrics").await;
    assert_eq!(exact(&wrong), (401, REQUIRED.to_owned()));
}

#[tokio::test]
async fn several_keys_are_good_at_once() {
    let world = World::with(&[("VIGIE_API_KEY", "old-key,new-key")]).await;
    for key in ["old-key", "new-key"] {
        let service = world.anonymous().header("x-api-key", key);
        assert_eq!(service.get("/metrics").await.status, 200, "{key}");
    }
}

#[tokio::test]
async fn people_end_their_own_sessions_only() {
    let world = World::start().await;
    let (_, guest) = world.guest("salon").await;
    for id in ["alice", "bob"] {
        world.user(id).acts().await;
    }
    let end = "/v1/users/bob/sessions";
    let foreign = world.user("alice").delete(end).await;
    assert_eq!(problem(&foreign), (403, "FORBIDDEN".to_owned()));
    assert_eq!(exact(&guest.delete(end).await), (403, GUEST.to_owned()));
    assert_eq!(
        exact(&world.anonymous().delete(end).await),
        (401, REQUIRED.to_owned())
    );
    assert_eq!(world.user("bob").delete(end).await.status, 204);
    assert_eq!(world.service().delete(end).await.status, 204);
    let unknown = world.service().delete("/v1/users/nobody/sessions").await;
    assert_eq!(problem(&unknown), (404, "UNKNOWN_PRINCIPAL".to_owned()));
}

#[tokio::test]
async fn logging_out_makes_offline_and_its_own_request_does_not_revive() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    bob.acts().await;
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], true);
    assert_eq!(bob.delete("/v1/users/bob/sessions").await.status, 204);
    let seen = world.seen_by(&alice, "bob").await;
    assert_eq!(seen["isOnline"], false);
    assert!(seen["lastActiveAt"].is_string());
}

#[tokio::test]
async fn failed_credentials_touch_nothing() {
    let world = World::start().await;
    let forged = world
        .anonymous()
        .bearer(&format!("{}x", token("alice", None)));
    for path in ["/api/conversations", "/v1/auth/forward"] {
        assert_eq!(forged.get(path).await.status, 401);
    }
    let metrics = world
        .service()
        .get("/maintenance/status-metrics")
        .await
        .json();
    assert_eq!(metrics["data"]["totalRequests"], 0);
    assert_eq!(world.service().get("/v1/users/alice").await.status, 404);
}
