//! `/v1/privacy` and `/v1/blocks`: who may set what, and what others are then shown.

use serde_json::{Value, json};

use crate::world::{Persona, World, problem};

async fn privacy(persona: &Persona, availability: &str, last_seen: &str) {
    let wanted = json!({"availability": availability, "lastSeen": last_seen});
    let reply = persona.put("/v1/privacy/me", &wanted).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json(), wanted);
}

async fn blocked(persona: &Persona) -> Value {
    let reply = persona.get("/v1/blocks/me").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["blocked"].clone()
}

async fn block(persona: &Persona, whom: &str) -> u16 {
    let path = format!("/v1/blocks/me/{whom}");
    persona.put(&path, &Value::Null).await.status.as_u16()
}

/// What somebody is shown of alice, by the own route and by the compatible one.
async fn alice_seen_by(world: &World, persona: &Persona) -> Value {
    let seen = persona.get("/v1/presence/alice").await.json();
    let compatible = world.seen_by(persona, "alice").await;
    assert_eq!(seen["isOnline"], compatible["isOnline"]);
    assert_eq!(seen["lastActiveAt"], compatible["lastActiveAt"]);
    seen
}

#[tokio::test]
async fn people_set_their_own_privacy_and_services_anybodys() {
    let world = World::start().await;
    let alice = world.user("alice");
    alice.acts().await;
    let default = json!({"availability": "contacts", "lastSeen": "contacts"});
    assert_eq!(alice.get("/v1/privacy/me").await.json(), default);
    privacy(&alice, "everyone", "nobody").await;
    let set = json!({"availability": "everyone", "lastSeen": "nobody"});
    for path in [
        "/v1/privacy/me",
        "/v1/privacy/alice",
        "/v1/privacy/user:alice",
    ] {
        assert_eq!(alice.get(path).await.json(), set);
    }
    assert_eq!(world.service().get("/v1/privacy/alice").await.json(), set);
    let service = world.service();
    let forbidden = (403, "FORBIDDEN".to_owned());
    for path in ["/v1/privacy/user:bob", "/v1/blocks/user:bob"] {
        // Whether bob exists makes no difference.
        assert_eq!(problem(&alice.get(path).await), forbidden);
        let unknown = (404, "UNKNOWN_PRINCIPAL".to_owned());
        assert_eq!(problem(&service.get(path).await), unknown);
    }
    let invalid = (400, "INVALID_PAYLOAD".to_owned());
    assert_eq!(problem(&service.get("/v1/privacy/me").await), invalid);
    for body in [
        json!({"availability": "friends", "lastSeen": "nobody"}),
        json!({"availability": "nobody"}),
        json!({"availability": "nobody", "lastSeen": "nobody", "more": 1}),
    ] {
        let reply = alice.put("/v1/privacy/me", &body).await;
        assert_eq!(problem(&reply), invalid, "{body}");
    }
    assert_eq!(alice.get("/v1/privacy/me").await.json(), set);
    let (id, guest) = world.guest("room").await;
    privacy(&guest, "nobody", "nobody").await;
    assert_eq!(
        world
            .service()
            .get(&format!("/v1/privacy/guest:{id}"))
            .await
            .json()["availability"],
        "nobody"
    );
}

#[tokio::test]
async fn a_block_says_nothing_of_who_exists() {
    let world = World::start().await;
    let alice = world.user("alice");
    alice.acts().await;
    world.user("bob").acts().await;
    for whom in ["bob", "user:nobody", "guest:g_nobody", "bob"] {
        assert_eq!(block(&alice, whom).await, 204);
    }
    let expected = json!(["user:bob", "guest:g_nobody", "user:nobody"]);
    assert_eq!(blocked(&alice).await, expected);
    assert_eq!(blocked(&world.user("bob")).await, json!([]));
    assert_eq!(block(&alice, "alice").await, 400);
    for whom in ["bob", "user:nobody", "user:never-blocked"] {
        let reply = alice.delete(&format!("/v1/blocks/me/{whom}")).await;
        assert_eq!(reply.status, 204);
    }
    assert_eq!(blocked(&alice).await, json!(["guest:g_nobody"]));
    let world = world.restart().await;
    assert_eq!(
        blocked(&world.user("alice")).await,
        json!(["guest:g_nobody"])
    );
}

#[tokio::test]
async fn a_block_of_an_id_holds_when_somebody_gets_it() {
    let world = World::start().await;
    world.conversation("room", &["alice"]).await;
    let alice = world.user("alice");
    alice.acts().await;
    assert_eq!(block(&alice, "bob").await, 204);
    let world = world.restart().await;
    world.conversation("room", &["alice", "bob"]).await;
    world.user("alice").acts().await;
    let seen = alice_seen_by(&world, &world.user("bob")).await;
    assert_eq!(
        (&seen["isOnline"], &seen["lastActiveAt"]),
        (&json!(false), &Value::Null)
    );
}

#[tokio::test]
async fn at_most_a_thousand_people_are_blocked() {
    let world = World::start().await;
    let alice = world.user("alice");
    alice.acts().await;
    for number in 0..1_000 {
        assert_eq!(block(&alice, &format!("user:u{number}")).await, 204);
    }
    let reply = alice.put("/v1/blocks/me/one-more", &Value::Null).await;
    assert_eq!(problem(&reply), (409, "TOO_MANY_BLOCKS".to_owned()));
    assert_eq!(block(&alice, "user:u7").await, 204);
}

#[tokio::test]
async fn nobody_turns_their_dot_on_and_off_all_the_time() {
    let world = World::start().await;
    let alice = world.user("alice");
    alice.acts().await;
    for number in 0..10 {
        let last_seen = ["nobody", "contacts"][number % 2];
        privacy(&alice, "contacts", last_seen).await;
    }
    let wanted = json!({"availability": "nobody", "lastSeen": "nobody"});
    let reply = alice.put("/v1/privacy/me", &wanted).await;
    assert_eq!(problem(&reply), (429, "RATE_LIMITED".to_owned()));
    // A service may.
    let reply = world.service().put("/v1/privacy/alice", &wanted).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn privacy_decides_what_contacts_and_strangers_are_shown() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let (alice, bob, mallory) = (
        world.user("alice"),
        world.user("bob"),
        world.user("mallory"),
    );
    alice.acts().await;
    mallory.acts().await;
    let unknown = mallory.get("/v1/presence/alice").await.text();
    let never = mallory.get("/v1/presence/never").await.text();
    assert_eq!(unknown, never.replace("never", "alice"));
    let check = async |availability, last_seen, contact: (bool, bool), stranger: (bool, bool)| {
        privacy(&alice, availability, last_seen).await;
        for (who, (is_online, has_time)) in [(&bob, contact), (&mallory, stranger)] {
            let seen = alice_seen_by(&world, who).await;
            let shown = (seen["isOnline"] == true, !seen["lastActiveAt"].is_null());
            assert_eq!(
                shown,
                (is_online, has_time),
                "{availability} {last_seen}: {seen}"
            );
            assert_eq!(seen["lastSeenBucket"] == "recently", is_online && !has_time);
        }
        let counted = bob.get("/api/conversations").await.json();
        let online = 1 + u64::from(contact.0);
        assert_eq!(counted["data"][0]["onlineCount"], online);
        // Oneself and services see the whole.
        assert_eq!(alice_seen_by(&world, &alice).await["isOnline"], true);
        let service = world.service().get("/v1/presence/alice").await.json();
        assert!(!service["lastActiveAt"].is_null());
    };
    bob.acts().await;
    check("contacts", "contacts", (true, true), (false, false)).await;
    check("everyone", "everyone", (true, true), (true, true)).await;
    check("everyone", "contacts", (true, true), (true, false)).await;
    check("everyone", "nobody", (true, false), (true, false)).await;
    check("contacts", "nobody", (true, false), (false, false)).await;
    check("nobody", "everyone", (false, false), (false, false)).await;
    // To a stranger she is nobody, and to a contact somebody of whom nothing is known.
    assert_eq!(mallory.get("/v1/presence/alice").await.text(), unknown);
}

#[tokio::test]
async fn by_reciprocity_people_see_what_they_show() {
    let world = World::with(&[("VIGIE_RECIPROCAL_VISIBILITY", "true")]).await;
    world.conversation("room", &["alice", "bob"]).await;
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    alice.acts().await;
    let seen = alice_seen_by(&world, &bob).await;
    assert!(!seen["lastActiveAt"].is_null());
    privacy(&bob, "contacts", "nobody").await;
    let seen = alice_seen_by(&world, &bob).await;
    assert_eq!(
        (&seen["isOnline"], &seen["lastActiveAt"]),
        (&json!(true), &Value::Null)
    );
    privacy(&bob, "nobody", "nobody").await;
    assert_eq!(alice_seen_by(&world, &bob).await["isOnline"], false);
}

#[tokio::test]
async fn moderators_see_everybody_as_a_contact_does() {
    let world = World::start().await;
    let (alice, mona) = (world.user("alice"), world.user("mona"));
    alice.acts().await;
    assert_eq!(alice_seen_by(&world, &mona).await["isOnline"], false);
    for role in ["MODERATOR", "ADMIN", "BIGBOSS"] {
        let body = json!({"role": role});
        world.service().put("/v1/users/mona", &body).await;
        assert_eq!(block(&alice, "mona").await, 204);
        let seen = alice_seen_by(&world, &mona).await;
        assert_eq!(seen["isOnline"], true, "{role}");
    }
    privacy(&alice, "nobody", "nobody").await;
    assert_eq!(alice_seen_by(&world, &mona).await["isOnline"], false);
}
