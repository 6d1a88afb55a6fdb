//! The maintenance routes under all their mounts: access, numbers, and French to the letter.

use serde_json::{Value, json};
use vigie_client::Method;
use vigie_core::Role;

use crate::world::{API_KEY, Persona, World, exact, until};

const MOUNTS: [&str; 5] = [
    "/maintenance",
    "/api",
    "/api/maintenance",
    "/api/v1",
    "/api/v1/maintenance",
];

/// Calls each route under a mount; the statuses and bodies.
async fn each_route(persona: &Persona, mount: &str) -> Vec<(u16, Value)> {
    let body = json!({"userId": "alice", "isOnline": false, "extra": 1});
    let mut answers = Vec::new();
    for (method, route, body) in [
        (Method::GET, "stats", None),
        (Method::GET, "status-metrics", None),
        (Method::POST, "status-metrics/reset", None),
        (Method::POST, "cleanup", None),
        (Method::POST, "user-status", Some(&body)),
    ] {
        let reply = persona
            .call(method, &format!("{mount}/{route}"), body)
            .await;
        answers.push((reply.status.as_u16(), reply.json()));
    }
    answers
}

#[tokio::test]
async fn every_mount_opens_to_administrators_and_services_only() {
    let world = World::start().await;
    world.user("alice").acts().await;
    let (_, guest) = world.guest("salon").await;
    let anonymous = world.anonymous();
    for mount in MOUNTS {
        for persona in [
            world.with_role("root", Role::Admin),
            world.with_role("boss", Role::BigBoss),
            world.service(),
            anonymous.bearer(API_KEY),
        ] {
            for (status, body) in each_route(&persona, mount).await {
                assert_eq!((status, &body["success"]), (200, &json!(true)), "{mount}");
            }
        }
        let refused = async |persona: &Persona, status: u16, error: &str, code: &str| {
            let expected = json!({"success": false, "error": error, "code": code});
            for answer in each_route(persona, mount).await {
                assert_eq!(answer, (status, expected.clone()), "{mount}");
            }
        };
        refused(&anonymous, 401, "Authentication required", "AUTH_REQUIRED").await;
        refused(
            &anonymous.bearer("forged"),
            401,
            "Invalid JWT token",
            "AUTH_FAILED",
        )
        .await;
        let wrong_key = anonymous.header("x-api-key", "wrong");
        refused(&wrong_key, 401, "Authentication required", "AUTH_REQUIRED").await;
        refused(
            &guest,
            403,
            "Registered user required",
            "REGISTERED_USER_REQUIRED",
        )
        .await;
        for role in [Role::User, Role::Moderator, Role::Audit, Role::Analyst] {
            let answers = each_route(&world.with_role("plain", role), mount).await;
            assert!(answers.iter().all(|(status, body)| {
                *status == 403
                    && body["success"] == false
                    && body["code"] == "ADMINISTRATOR_REQUIRED"
            }));
        }
    }
}

#[tokio::test]
async fn a_role_set_through_the_api_overrides_the_tokens() {
    let world = World::start().await;
    let service = world.service();
    service
        .put("/v1/users/alice", &json!({"role": "USER"}))
        .await;
    service
        .put("/v1/users/bob", &json!({"role": "ADMIN"}))
        .await;
    let stats = "/maintenance/stats";
    let demoted = world.with_role("alice", Role::Admin).get(stats).await;
    assert_eq!(demoted.status, 403);
    let promoted = world.with_role("bob", Role::User).get(stats).await;
    assert_eq!(promoted.status, 200);
}

#[tokio::test]
async fn messages_are_french_to_the_letter() {
    let world = World::start().await;
    let service = world.service();
    world.user("alice").acts().await;
    let (guest, _) = world.guest("salon").await;
    let check = async |route: &str, body: Value, message: &str| {
        let reply = service.post(&format!("/maintenance/{route}"), &body).await;
        let expected = format!(r#"{{"success":true,"message":"{message}"}}"#);
        assert_eq!(exact(&reply), (200, expected));
    };
    let reset = "Métriques de statut réinitialisées avec succès";
    check("status-metrics/reset", json!({}), reset).await;
    check(
        "cleanup",
        json!({}),
        "Nettoyage des données expirées terminé",
    )
    .await;
    for id in ["alice", guest.as_str()] {
        let online = format!("Statut utilisateur {id} mis à jour: en ligne");
        check(
            "user-status",
            json!({"userId": id, "isOnline": true}),
            &online,
        )
        .await;
        let offline = format!("Statut utilisateur {id} mis à jour: hors ligne");
        check(
            "user-status",
            json!({"userId": id, "isOnline": false}),
            &offline,
        )
        .await;
    }
}

#[tokio::test]
async fn the_throttle_is_counted() {
    let world = World::start().await;
    let numbers = async || {
        let reply = world.service().get("/maintenance/status-metrics").await;
        let data = reply.json()["data"].clone();
        assert_eq!(data["writesSaved"], data["throttledRequests"]);
        format!(
            "{} / {} / {} / {} / {} / {} / {}",
            data["totalRequests"],
            data["throttledRequests"],
            data["successfulUpdates"],
            data["failedUpdates"],
            data["pendingUpdates"],
            data["cacheSize"],
            data["throttleRate"]
        )
    };
    let tenfold = async |persona: &Persona| {
        for _ in 0..10 {
            persona.acts().await;
        }
    };
    assert_eq!(numbers().await, "0 / 0 / 0 / 0 / 0 / 0 / 0");
    tenfold(&world.user("alice")).await;
    until(&numbers, "10 / 9 / 1 / 0 / 0 / 1 / 90".to_owned()).await;
    let (_, guest) = world.guest("salon").await;
    tenfold(&guest).await;
    until(&numbers, "20 / 18 / 2 / 0 / 0 / 2 / 90".to_owned()).await;
    world.user("bob").acts().await;
    until(&numbers, "21 / 18 / 3 / 0 / 0 / 3 / 85.71".to_owned()).await;
    world
        .service()
        .post("/maintenance/status-metrics/reset", &json!({}))
        .await;
    assert_eq!(numbers().await, "0 / 0 / 0 / 0 / 0 / 3 / 0");
    tenfold(&world.user("alice")).await;
    assert_eq!(numbers().await, "10 / 10 / 0 / 0 / 0 / 3 / 100");
}

#[tokio::test]
async fn stats_count_who_exists_and_who_is_here() {
    let world = World::start().await;
    let stats = async || {
        let data = world.service().get("/maintenance/stats").await.json()["data"].clone();
        assert_eq!(data["offlineThresholdMinutes"].to_string(), "5");
        assert_eq!(data["maintenanceActive"], true);
        assert_eq!(data["lastFindings"], 0);
        [
            data["onlineUsers"].as_u64(),
            data["totalUsers"].as_u64(),
            data["anonymousSessions"].as_u64(),
            data["onlineAnonymous"].as_u64(),
        ]
        .map(Option::unwrap)
    };
    assert_eq!(stats().await, [0, 0, 0, 0]);
    world.conversation("salon", &["alice", "bob"]).await;
    let (id, guest) = world.guest("salon").await;
    assert_eq!(stats().await, [0, 2, 1, 0]);
    world.user("alice").acts().await;
    guest.acts().await;
    assert_eq!(stats().await, [1, 2, 1, 1]);
    world.service().delete("/v1/users/alice").await;
    world.service().delete(&format!("/v1/guests/{id}")).await;
    assert_eq!(stats().await, [0, 1, 0, 0]);
}

#[tokio::test]
async fn user_status_changes_what_others_see() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let (guest, _) = world.guest("salon").await;
    let alice = world.user("alice");
    for id in ["bob", guest.as_str()] {
        for online in [true, false] {
            let body = json!({"userId": id, "isOnline": online});
            world
                .service()
                .post("/maintenance/user-status", &body)
                .await;
            assert_eq!(world.seen_by(&alice, id).await["isOnline"], online, "{id}");
        }
    }
}

#[tokio::test]
async fn user_status_refuses_what_it_cannot_read() {
    let world = World::start().await;
    world.user("alice").acts().await;
    for id in ["nobody", "g_nobody"] {
        let body = json!({"userId": id, "isOnline": true});
        let reply = world
            .service()
            .post("/maintenance/user-status", &body)
            .await;
        let body = reply.json();
        assert_eq!(
            (reply.status.as_u16(), &body["success"]),
            (404, &json!(false))
        );
        assert_eq!(body["code"], "UNKNOWN_PRINCIPAL");
    }
    for body in [
        "",
        "{",
        "null",
        "[]",
        r#""x""#,
        "{}",
        r#"{"userId":"alice"}"#,
        r#"{"isOnline":true}"#,
        r#"{"userId":5,"isOnline":true}"#,
        r#"{"userId":"alice","isOnline":"true"}"#,
        r#"{"userId":"alice","isOnline":1}"#,
        r#"{"userId":"alice","isOnline":null}"#,
        r#"{"userId":"","isOnline":true}"#,
        r#"{"userId":"a b","isOnline":true}"#,
        &"[".repeat(100_000),
    ] {
        let (status, answer) = world.raw_post("/maintenance/user-status", body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(status, 400, "{body:.40}");
        assert_eq!(answer["success"], false);
        assert_eq!(answer["code"], "INVALID_PAYLOAD");
    }
    let large = format!(r#"{{"userId":"{}"}}"#, "x".repeat(1 << 20));
    let (status, answer) = world.raw_post("/maintenance/user-status", &large).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((status, &answer["code"]), (413, &json!("BODY_TOO_LARGE")));
    let wrong_method = world.service().get("/maintenance/user-status").await;
    assert_eq!(wrong_method.status, 405);
    assert_eq!(wrong_method.json()["success"], false);
}

#[tokio::test]
async fn a_local_operator_needs_no_credential_where_it_is_open() {
    for settings in [
        [("JWT_SECRET", "")],
        [("VIGIE_MAINTENANCE_OPEN", "loopback")],
    ] {
        let world = World::with(&settings).await;
        let anonymous = world.anonymous();
        let stats = "/maintenance/stats";
        assert_eq!(anonymous.get(stats).await.status, 200, "{settings:?}");
        for (name, value) in [
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-proto", "https"),
            ("x-real-ip", "192.0.2.1"),
            ("origin", "http://localhost:5173"),
            ("sec-fetch-mode", "cors"),
        ] {
            let reply = anonymous.header(name, value).get(stats).await;
            assert_eq!(reply.status, 401, "{settings:?} {name}");
        }
    }
}
