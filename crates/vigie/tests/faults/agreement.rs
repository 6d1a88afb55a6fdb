//! What a start takes up from a right store is no finding, and a wrong row is one.
//!
//! Killed with `kill -9` while people are there by sessions, by requests, and offline by an operator's word, the next start compares memory with the store again and again.

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};
use vigie_client::{Http, Method, Socket};
use vigie_testbed::Postgres;

use crate::people::{conversation, enter, gauge, presence, service, until};
use crate::server::Site;

/// Present by requests: many times what one transaction takes over, so that a comparison meets people who still wait for it.
const CALLERS: usize = 9_000;

/// More comparisons than slices, so that everybody is compared.
const COMPARISONS: usize = 25;

const FINDINGS: &str = "vigie_maintenance_findings_total";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_after_a_kill_finds_a_right_file_right_and_a_wrong_row_wrong() {
    let site = Site::new(&settings());
    let file = format!("sqlite:{}", site.sqlite().display());
    a_right_store_is_found_right(&site, async |sql| {
        let mut store = SqliteConnection::connect(&file).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut store).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_after_a_kill_finds_a_right_postgresql_right_and_a_wrong_row_wrong() {
    let postgres = Postgres::start_without_fsync().unwrap();
    let url = postgres.database().unwrap();
    let mut site = Site::new(&settings());
    site.set("DATABASE_URL", &url);
    a_right_store_is_found_right(&site, async |sql| {
        let mut store = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut store).await.unwrap();
    })
    .await;
}

fn settings() -> [(&'static str, &'static str); 3] {
    [
        ("VIGIE_MAINTENANCE_INTERVAL", "20ms"),
        ("VIGIE_OFFLINE_AFTER", "10m"),
        ("VIGIE_RESTART_GRACE", "9m"),
    ]
}

async fn a_right_store_is_found_right(site: &Site, change: impl AsyncFn(&'static str)) {
    let server = site.start().await;
    let url = server.url().to_owned();
    let callers: Vec<String> = (0..CALLERS).map(|n| format!("caller{n}")).collect();
    conversation(&url, "room", &callers).await;
    let present: Vec<Socket> = vec![enter(&url, "alice").await, enter(&url, "bob").await];
    let activity: Vec<Value> = callers.iter().map(|id| json!({"userId": id})).collect();
    post(&url, "/v1/activity", &json!(activity)).await;
    for forced in ["bob", "caller0", "caller1"] {
        let offline = json!({"userId": forced, "isOnline": false});
        post(&url, "/maintenance/user-status", &offline).await;
    }
    until("unwritten updates", async || pending(&url).await, Some(0)).await;
    compared(&url).await;
    assert_eq!(gauge(&url, FINDINGS).await, 0);
    server.kill().await;
    drop(present);

    // Twice: what the second start finds is what the first one made of it.
    for _ in 0..2 {
        let server = site.start().await;
        let url = server.url().to_owned();
        compared(&url).await;
        assert_eq!(gauge(&url, FINDINGS).await, 0);
        for (id, is_online) in [
            ("alice", true),
            ("bob", false),
            ("caller0", false),
            ("caller2", true),
        ] {
            assert_eq!(presence(&url, id).await["isOnline"], is_online, "{id}");
        }
        server.kill().await;
    }

    let server = site.start().await;
    let url = server.url().to_owned();
    compared(&url).await;
    change("UPDATE node_presence SET rest_floor = NULL WHERE principal_id = 'caller2'").await;
    until("findings", async || gauge(&url, FINDINGS).await, 1).await;
    server.kill().await;
}

/// Waits until everybody was compared.
async fn compared(url: &str) {
    let mut latest = Value::Null;
    for _ in 0..COMPARISONS {
        let is_newer = async || {
            let reply = service(url)
                .call(Method::GET, "/maintenance/stats", None)
                .await;
            let at = reply.unwrap().json()["data"]["lastRunAt"].clone();
            let is_newer = at != latest;
            latest = at;
            is_newer
        };
        until("a comparison", is_newer, true).await;
    }
}

async fn pending(url: &str) -> Option<u64> {
    let reply = service(url)
        .call(Method::GET, "/maintenance/status-metrics", None)
        .await;
    reply.unwrap().json()["data"]["pendingUpdates"].as_u64()
}

async fn post(url: &str, path: &str, body: &Value) {
    let service: Http = service(url);
    let reply = service.call(Method::POST, path, Some(body)).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
}
