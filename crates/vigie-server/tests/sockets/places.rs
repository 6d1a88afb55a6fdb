//! Places for sockets that are nobody's yet.

use serde_json::json;
use vigie_client::Connect;

use crate::world::{World, token, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authenticated_socket_gives_its_place_back() {
    let world = World::with(&[("VIGIE_UNAUTHENTICATED_LIMIT", "2")]).await;
    let mut sockets = Vec::new();
    for name in ["alice", "bob", "carol", "dave", "erin"] {
        sockets.push(world.user(name).await);
    }
    until(async || world.online_users().await, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_that_went_give_their_places_back() {
    let world = World::with(&[("VIGIE_UNAUTHENTICATED_LIMIT", "2")]).await;
    for _ in 0..5 {
        let open = || Connect::to(format!("http://{}", world.address())).open();
        // The end of the one before may not have come to the server's notice yet.
        until(async || open().await.is_ok(), true).await;
    }
    let alice = || {
        Connect::to(format!("http://{}", world.address()))
            .auth(json!({"token": token("alice")}))
            .open()
    };
    until(async || alice().await.is_ok(), true).await;
}
