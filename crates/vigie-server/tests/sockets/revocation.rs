//! Log out everywhere and deactivation, however they meet with sockets that come.

use serde_json::json;
use vigie_client::{End, Method};

use crate::world::{SOON, World, next_status, token, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_socket_is_told_why_and_contacts_are_told_at_once() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let mut bob = world.user("bob").await;
    let mut devices = [world.user("alice").await, world.user("alice").await];
    assert!(next_status(&mut bob, "alice").await);
    world
        .service(Method::DELETE, "/v1/users/alice/sessions", None)
        .await;
    for device in &mut devices {
        let told = device.wait_for("auth:session-revoked", SOON).await.unwrap();
        assert_eq!(told.payload()["code"], "session_revoked");
        assert_eq!(device.ended().await, End::ServerDisconnect);
    }
    assert!(!next_status(&mut bob, "alice").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deactivation_leaves_no_socket_however_it_races() {
    let world = World::start().await;
    world.conversation("room", &["alice", "bob"]).await;
    let path = "/v1/users/alice";
    for round in 0..10 {
        let active = json!({"isActive": true});
        world.service(Method::PUT, path, Some(active)).await;
        let auth = json!({"token": token("alice")});
        let come = (0..4).map(|_| world.open(auth.clone()));
        let go = async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            let inactive = json!({"isActive": false});
            world.service(Method::PUT, path, Some(inactive)).await;
        };
        let (sockets, ()) =
            futures_util::future::join(futures_util::future::join_all(come), go).await;
        for mut socket in sockets {
            let end = tokio::time::timeout(SOON, socket.ended()).await.unwrap();
            assert_eq!(end, End::ServerDisconnect);
        }
        until(async || world.online_users().await, 0).await;
    }
}
