//! `/v1/presence`: who sees whom.

use serde_json::{Value, json};

use crate::world::{World, problem};

#[tokio::test]
async fn people_see_themselves_and_their_contacts_and_services_see_everybody() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    world.conversation("cellar", &["mallory"]).await;
    world
        .service()
        .put("/v1/users/bob", &json!({"displayName": "Bob B."}))
        .await;
    world.user("bob").acts().await;
    let read = async |persona: &crate::world::Persona| {
        let reply = persona.get("/v1/presence/bob").await;
        assert_eq!(reply.status, 200);
        reply.json()
    };
    let by_service = read(&world.service()).await;
    assert_eq!(by_service["id"], "user:bob");
    assert_eq!(by_service["userId"], "bob");
    assert_eq!(by_service["username"], "Bob B.");
    assert_eq!(
        (&by_service["isOnline"], &by_service["status"]),
        (&json!(true), &json!("online"))
    );
    assert_eq!(by_service["lastActiveAt"], by_service["lastActivityAt"]);
    assert_eq!(by_service["lastSeenAt"], Value::Null);
    assert!(by_service["seq"].as_u64().unwrap() > 0);
    assert_eq!(read(&world.user("alice")).await, by_service);
    assert_eq!(read(&world.user("bob")).await, by_service);
    let unknown = json!({
        "id": "user:bob", "userId": "bob", "username": "bob", "isOnline": false, "status": "offline",
        "lastActiveAt": null, "lastActivityAt": null, "lastSeenAt": null, "seq": null,
    });
    assert_eq!(read(&world.user("mallory")).await, unknown);
}

#[tokio::test]
async fn a_hidden_person_and_one_who_does_not_exist_look_alike() {
    let world = World::start().await;
    world.user("bob").acts().await;
    let mallory = world.user("mallory");
    for path in ["/v1/presence/", "/v1/presence?ids=", "/users/presence?ids="] {
        let hidden = mallory.get(&format!("{path}bob")).await;
        let absent = mallory.get(&format!("{path}bop")).await;
        assert_eq!(hidden.text(), absent.text().replace("bop", "bob"));
        assert_eq!(hidden.status, absent.status);
    }
}

#[tokio::test]
async fn many_are_read_in_their_order_by_typed_ids() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let (guest, _) = world.guest("salon").await;
    let path = format!("/v1/presence?ids=guest:{guest},bob,user:alice,user:bob");
    let body = world.user("alice").get(&path).await.json();
    let ids: Vec<&str> = body["presences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|presence| presence["id"].as_str().unwrap())
        .collect();
    let guest = format!("guest:{guest}");
    assert_eq!(ids, [guest.as_str(), "user:bob", "user:alice"]);
}

#[tokio::test]
async fn what_cannot_be_an_id_is_refused() {
    let world = World::start().await;
    let service = world.service();
    let long = "x".repeat(129);
    for id in [
        "a%20b",
        "robot:r2",
        "guest:bob",
        "user:g_1",
        "g_1",
        "%ff",
        "a%2Fb",
        &long,
    ] {
        for path in [
            format!("/v1/presence/{id}"),
            format!("/v1/presence?ids=alice,{id}"),
        ] {
            let reply = service.get(&path).await;
            assert_eq!(
                problem(&reply),
                (400, "INVALID_PAYLOAD".to_owned()),
                "{path}"
            );
        }
    }
    let ids = |many: usize| {
        (0..many)
            .map(|i| format!("u{i}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let most = service
        .get(&format!("/v1/presence?ids={}", ids(1_000)))
        .await;
    assert_eq!(most.json()["presences"].as_array().unwrap().len(), 1_000);
    let refused = service
        .get(&format!("/v1/presence?ids={}", ids(1_001)))
        .await;
    assert_eq!(problem(&refused), (400, "INVALID_PAYLOAD".to_owned()));
    assert_eq!(problem(&service.get("/v1/presence").await).0, 400);
}
