//! Tickets: a way in without a header, once, and soon.

use serde_json::json;
use vigie_client::{Http, Method};

use crate::follower::EventStream;
use crate::world::{World, token, until};

async fn ticket(world: &World) -> String {
    let bob = Http::new(world.url()).header("authorization", format!("Bearer {}", token("bob")));
    let reply = bob.call(Method::POST, "/v1/tickets", None).await.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["ticket"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_opens_one_door_once() {
    let world = World::start().await;
    world.conversation("room", &["bob", "ann"]).await;
    let path = format!("/v1/events?ticket={}", ticket(&world).await);
    let mut events = EventStream::open(&world, &path, "").await;
    let (name, snapshot) = events.next().await.unwrap();
    assert_eq!(name, "snapshot");
    assert_eq!(snapshot["users"][0]["userId"], "ann");
    assert_eq!(EventStream::open(&world, &path, "").await.status(), 401);
    // A bad credential is not made good by a ticket.
    let path = format!("/v1/events?ticket={}", ticket(&world).await);
    let bad = EventStream::open(&world, &path, "Authorization: Bearer bad\r\n").await;
    assert_eq!(bad.status(), 401);
    assert_eq!(EventStream::open(&world, &path, "").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_of_no_use_later_or_to_whoever_was_deactivated() {
    let world = World::with(&[("VIGIE_TICKET_LIFETIME", "200ms")]).await;
    until(
        async || {
            let path = format!("/v1/changes?ticket={}", ticket(&world).await);
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
            EventStream::open(&world, &path, "").await.status()
        },
        401,
    )
    .await;
    let world = World::start().await;
    let path = format!("/v1/changes?ticket={}", ticket(&world).await);
    let inactive = json!({"isActive": false});
    world
        .service(Method::PUT, "/v1/users/bob", Some(inactive))
        .await;
    assert_eq!(EventStream::open(&world, &path, "").await.status(), 401);
}
