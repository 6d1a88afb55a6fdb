//! `/v1/presence/me`: choosing a status, and being invisible.

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::store_away::{A_WHILE, eventually};
use crate::world::{Persona, World, problem};

const ME: &str = "/v1/presence/me";

async fn chooses(persona: &Persona, wish: Value) -> Value {
    let reply = persona.put(ME, &wish).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

async fn read(asker: &Persona, id: &str) -> Value {
    asker.get(&format!("/v1/presence/{id}")).await.json()
}

#[tokio::test]
async fn a_chosen_status_is_seen_by_contacts_until_it_is_taken_back() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    let until = "2100-01-01T00:00:00.000Z";
    let refused = alice
        .put(ME, &json!({"status": "busy", "until": until}))
        .await;
    assert_eq!(problem(&refused), (400, "INVALID_PAYLOAD".to_owned()));

    let wish = json!({"status": "busy", "text": " on a train "});
    let own = chooses(&alice, wish).await;
    assert_eq!(
        (&own["status"], &own["isOnline"]),
        (&json!("busy"), &json!(true))
    );
    let chosen = json!({"status": "busy", "text": "on a train", "until": null});
    assert_eq!(own["chosen"], chosen);
    assert_eq!(alice.get(ME).await.json()["chosen"], chosen);
    let seen = read(&bob, "alice").await;
    assert_eq!(
        (&seen["status"], &seen["statusText"]),
        (&json!("busy"), &json!("on a train"))
    );
    assert_eq!(seen.get("chosen"), None);
    assert_eq!(seen["seq"], own["seq"]);

    for nothing in [json!({}), json!({"status": "auto", "text": null})] {
        let own = chooses(&alice, nothing).await;
        assert_eq!(
            (&own["status"], own.get("chosen")),
            (&json!("online"), None)
        );
    }
    assert_eq!(read(&bob, "alice").await["status"], "online");
}

#[tokio::test]
async fn whoever_becomes_invisible_by_a_first_request_was_never_here() {
    let world = World::start().await;
    world
        .conversation("salon", &["alice", "bob", "carol"])
        .await;
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    let own = chooses(&alice, json!({"status": "invisible"})).await;
    assert_eq!(own["status"], "online");
    alice.acts().await;
    for path in ["/v1/presence/", "/v1/presence?ids=", "/users/presence?ids="] {
        let invisible = bob.get(&format!("{path}alice")).await.text();
        let absent = bob.get(&format!("{path}carol")).await.text();
        assert_eq!(invisible, absent.replace("carol", "alice"), "{path}");
    }
    let whole = world.service().get("/v1/presence/alice").await.json();
    assert_eq!(
        (&whole["status"], &whole["chosen"]["status"]),
        (&json!("online"), &json!("invisible"))
    );
}

#[tokio::test]
async fn invisible_is_kept_over_a_restart_and_lifted_by_the_next_choice() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let alice = world.user("alice");
    alice.acts().await;
    chooses(&alice, json!({"status": "invisible", "text": "not here"})).await;
    let before = read(&world.user("bob"), "alice").await;
    assert_eq!(before["status"], "offline");
    assert!(before["lastSeenAt"].is_string());

    let world = world.restart().await;
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    alice.acts().await;
    assert_eq!(read(&bob, "alice").await, before);
    assert_eq!(alice.get(ME).await.json()["chosen"]["text"], "not here");
    chooses(&alice, json!({"status": "away"})).await;
    let after = read(&bob, "alice").await;
    assert_eq!(after["status"], "away");
    assert!(after["seq"].as_u64() > before["seq"].as_u64());
}

#[tokio::test]
async fn wishes_that_make_no_sense_are_refused_and_change_nothing() {
    let world = World::start().await;
    let alice = world.user("alice");
    chooses(&alice, json!({"status": "busy"})).await;
    for wish in [
        json!({"status": "offline"}),
        json!({"status": 7}),
        json!({"text": "x".repeat(141)}),
        json!({"text": "two\nlines"}),
        json!({"until": "2020-01-01T00:00:00Z", "status": "away"}),
        json!({"until": "soon"}),
        json!([]),
    ] {
        let refused = alice.put(ME, &wish).await;
        assert_eq!(
            problem(&refused),
            (400, "INVALID_PAYLOAD".to_owned()),
            "{wish}"
        );
    }
    assert_eq!(alice.get(ME).await.json()["status"], "busy");
    let service = world.service();
    assert_eq!(service.put(ME, &json!({})).await.status, 401);
    assert_eq!(service.get(ME).await.status, 401);
}

#[tokio::test]
async fn nobody_chooses_more_than_ten_times_in_a_row() {
    let world = World::start().await;
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    for number in 0..10 {
        chooses(&alice, json!({"text": number.to_string()})).await;
    }
    let refused = alice.put(ME, &json!({"status": "invisible"})).await;
    assert_eq!(problem(&refused), (429, "RATE_LIMITED".to_owned()));
    assert_eq!(alice.get(ME).await.json()["chosen"]["text"], "9");
    chooses(&bob, json!({"status": "busy"})).await;
}

#[tokio::test]
async fn guests_choose_too_and_a_user_called_me_has_a_typed_id() {
    let world = World::start().await;
    world.conversation("salon", &["me"]).await;
    let (guest, gus) = world.guest("salon").await;
    chooses(&gus, json!({"status": "away"})).await;
    let me = world.user("me");
    let seen = read(&me, &format!("guest:{guest}")).await;
    assert_eq!(seen["status"], "away");
    me.acts().await;
    assert_eq!(read(&gus, "user:me").await["isOnline"], true);
    assert_eq!(read(&gus, "me").await["id"], format!("guest:{guest}"));
}

#[tokio::test]
async fn while_the_store_is_away_a_choice_is_in_force_and_the_answer_says_that_it_is_not_durable() {
    let world = World::start().await;
    world.conversation("salon", &["alice", "bob"]).await;
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    alice.acts().await;
    bob.acts().await;
    let path = world.data_dir().join("vigie.db");
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE")
        .execute(&mut other)
        .await
        .unwrap();
    let wish = json!({"status": "invisible"});
    let waits = alice.put(ME, &wish).await;
    assert_eq!(problem(&waits), (503, "NOT_DURABLE_YET".to_owned()));
    assert!(waits.headers.contains_key("retry-after"));
    assert_eq!(read(&bob, "alice").await["status"], "offline");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    eventually(A_WHILE, async || alice.put(ME, &wish).await.status == 200).await;
    let kept = "SELECT status FROM choices WHERE principal_id = 'alice'";
    let kept: Option<String> = sqlx::query_scalar(kept)
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert_eq!(kept.as_deref(), Some("invisible"));
    world.server.stop().await.unwrap();
}
