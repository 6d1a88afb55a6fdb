//! A store that answers nothing, or is another server's by now: whoever asks is told in time.

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;
use vigie_server::ServeError;
use vigie_testbed::Postgres;

use crate::store_away::{A_WHILE, eventually};
use crate::world::{World, problem};

/// Who change the directory at the same time; one after another they would wait for minutes.
const CALLERS: usize = 24;

#[tokio::test]
async fn many_changes_of_the_directory_are_refused_in_time_while_the_store_is_frozen() {
    let server = Postgres::start_without_fsync().unwrap();
    let url = server.database().unwrap();
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    let service = world.service();
    let alice = json!({"displayName": "Alice"});
    assert_eq!(service.put("/v1/users/alice", &alice).await.status, 201);

    server.pause().unwrap();
    let mut changes = JoinSet::new();
    for number in 0..CALLERS {
        let service = service.clone();
        changes.spawn(async move {
            let path = format!("/v1/users/user{number}");
            let refused = service.put(&path, &json!({})).await;
            assert_eq!(problem(&refused), (503, "STORE_AWAY".to_owned()));
            assert!(refused.headers.contains_key("retry-after"));
        });
    }
    let clean_up = service.post("/maintenance/cleanup", &json!({})).await;
    assert_eq!(clean_up.status, 503, "{}", clean_up.text());
    assert_eq!(clean_up.json()["success"], false);
    timeout(A_WHILE, changes.join_all()).await.unwrap();

    server.resume().unwrap();
    eventually(A_WHILE, async || {
        let bob = service.put("/v1/users/bob", &json!({})).await;
        bob.status.is_success()
    })
    .await;
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn an_idle_server_whose_database_was_taken_says_so_when_it_is_asked() {
    let server = Postgres::start_without_fsync().unwrap();
    let url = server.database().unwrap();
    let name = url.rsplit('/').next().unwrap();
    let settings = [
        ("DATABASE_URL", url.as_str()),
        // Neither a comparison nor a sign of life meets the fence while the test waits.
        ("VIGIE_MAINTENANCE_INTERVAL", "1h"),
        ("VIGIE_OFFLINE_AFTER", "1h"),
    ];
    let world = World::with(&settings).await;
    assert_eq!(world.anonymous().get("/readyz").await.status, 200);
    // As another server's start does.
    let begun = "UPDATE node SET incarnations = incarnations + 1";
    server.execute(name, begun).unwrap();
    eventually(A_WHILE / 4, async || {
        world.anonymous().get("/readyz").await.status == 503
    })
    .await;
    timeout(A_WHILE / 4, world.server.superseded())
        .await
        .unwrap();
    let ended = world.server.stop().await;
    assert!(matches!(ended, Err(ServeError::Superseded)), "{ended:?}");
}

#[tokio::test]
async fn a_stop_without_a_store_says_that_the_last_changes_are_lost() {
    let mut server = Postgres::start_without_fsync().unwrap();
    let url = server.database().unwrap();
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("VIGIE_DRAIN_TIMEOUT", "1s"),
    ];
    for is_frozen in [true, false] {
        let world = World::with(&settings).await;
        world.user("alice").acts().await;
        if is_frozen {
            server.pause().unwrap();
        } else {
            server.kill().unwrap();
        }
        let ended = world.server.stop().await;
        assert!(
            matches!(ended, Err(ServeError::Undrained { .. })),
            "{is_frozen}: {ended:?}"
        );
        if is_frozen {
            server.resume().unwrap();
        }
    }
}
