//! What clients of the old system call: conversations, bulk presence, health.

use serde_json::json;

use crate::world::{World, exact, problem};

#[tokio::test]
async fn conversations_are_those_one_is_a_member_of() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    world.conversation("cellar", &["mallory"]).await;
    world
        .service()
        .put("/v1/conversations/salon", &json!({"title": "Salon"}))
        .await;
    let (_, guest) = world.guest("salon").await;
    let alice = world.user("alice").get("/api/conversations").await;
    let expected = r#"{"success":true,"data":[{"id":"salon","title":"Salon","memberCount":3,"onlineCount":1}]}"#;
    assert_eq!(exact(&alice), (200, expected.to_owned()));
    let guest = guest.get("/api/conversations").await;
    let expected = r#"{"success":true,"data":[{"id":"salon","title":"Salon","memberCount":3,"onlineCount":2}]}"#;
    assert_eq!(exact(&guest), (200, expected.to_owned()));
    let mallory = world
        .user("mallory")
        .get("/api/conversations?extra=1")
        .await;
    let expected =
        r#"{"success":true,"data":[{"id":"cellar","title":null,"memberCount":1,"onlineCount":1}]}"#;
    assert_eq!(exact(&mallory), (200, expected.to_owned()));
    let nobody = world.user("newcomer").get("/api/conversations").await;
    assert_eq!(
        exact(&nobody),
        (200, r#"{"success":true,"data":[]}"#.to_owned())
    );
}

#[tokio::test]
async fn bulk_presence_keeps_the_order_and_shows_strangers_as_unknown() {
    let world = World::start().await;
    world
        .conversation("salon", &["alice", "bob", "carol"])
        .await;
    let (guest_id, guest) = world.guest("salon").await;
    for active in [world.user("bob"), world.user("mallory"), guest.clone()] {
        active.acts().await;
    }
    let asked = format!("carol,bob,mallory,bob,nobody,not%20an%20id,alice,{guest_id}");
    for path in ["/users/presence", "/api/v1/users/presence"] {
        let reply = world
            .user("alice")
            .get(&format!("{path}?ids={asked}"))
            .await;
        assert_eq!(reply.status, 200);
        let body = reply.json();
        assert_eq!(body["success"], true);
        let users = body["data"]["users"].as_array().unwrap();
        let of = |field: &str| {
            users
                .iter()
                .map(|user| user[field].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("userId"),
            [
                "carol",
                "bob",
                "mallory",
                "nobody",
                "not an id",
                "alice",
                guest_id.as_str()
            ]
        );
        assert_eq!(
            of("isOnline"),
            [false, true, false, false, false, false, true]
        );
        let known: Vec<bool> = of("lastActiveAt").iter().map(|at| !at.is_null()).collect();
        assert_eq!(known, [false, true, false, false, false, false, true]);
    }
    let stranger = world.seen_by(&world.user("alice"), "mallory").await;
    assert_eq!(
        stranger.to_string(),
        r#"{"isOnline":false,"lastActiveAt":null,"userId":"mallory"}"#
    );
    assert_eq!(world.seen_by(&guest, "bob").await["isOnline"], true);
    assert_eq!(world.seen_by(&guest, "mallory").await["isOnline"], false);
}

#[tokio::test]
async fn bulk_presence_takes_one_to_two_hundred_ids() {
    let world = World::start().await;
    let alice = world.user("alice");
    let ids = |many: usize| {
        (0..many)
            .map(|i| format!("u{i}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    for path in ["/users/presence", "/api/v1/users/presence"] {
        let most = alice.get(&format!("{path}?ids={}", ids(200))).await;
        assert_eq!(most.json()["data"]["users"].as_array().unwrap().len(), 200);
        for query in ["", "?", "?ids=", "?ids=,,", &format!("?ids={}", ids(201))] {
            let refused = alice.get(&format!("{path}{query}")).await;
            assert_eq!(
                problem(&refused),
                (400, "INVALID_PAYLOAD".to_owned()),
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn reading_presence_is_no_activity() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    for path in [
        "/users/presence?ids=alice",
        "/v1/presence/alice",
        "/v1/presence?ids=alice",
    ] {
        assert_eq!(bob.get(path).await.status, 200);
        assert_eq!(
            world.seen_by(&alice, "bob").await["isOnline"],
            false,
            "{path}"
        );
    }
    bob.acts().await;
    assert_eq!(world.seen_by(&alice, "bob").await["isOnline"], true);
}

#[tokio::test]
async fn times_are_iso_with_three_decimals() {
    let world = World::start().await;
    let alice = world.user("alice");
    alice.acts().await;
    let seen = world.seen_by(&alice, "alice").await;
    let time = seen["lastActiveAt"].as_str().unwrap();
    assert_eq!(
        (time.len(), &time[10..11], &time[19..20], &time[23..]),
        (24, "T", ".", "Z")
    );
}

#[tokio::test]
async fn health_is_open_and_names_its_parts() {
    let world = World::start().await;
    let reply = world.anonymous().get("/health").await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(body["status"], "healthy");
    assert_eq!(
        body["services"],
        json!({"database": {"status": "up"}, "websocket": {"status": "up"}})
    );
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert!(body["uptime"].as_f64().unwrap() >= 0.0);
    assert_eq!(body["timestamp"].as_str().unwrap().len(), 24);
}

#[tokio::test]
async fn presence_survives_a_restart() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    world.user("bob").acts().await;
    let before = world.seen_by(&world.user("alice"), "bob").await;
    assert_eq!(before["isOnline"], true);
    let world = world.restart().await;
    assert_eq!(world.seen_by(&world.user("alice"), "bob").await, before);
}
