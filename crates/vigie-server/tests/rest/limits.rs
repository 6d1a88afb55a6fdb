//! Sizes, methods and paths that no route takes.

use serde_json::json;
use vigie_client::Method;

use crate::world::{World, problem};

#[tokio::test]
async fn bodies_above_one_mebibyte_are_too_large() {
    let world = World::start().await;
    let body = |size: usize| format!("[{}]", " ".repeat(size - 2));
    let (status, _) = world.raw_post("/v1/activity", &body(1 << 20)).await;
    assert_eq!(status, 200);
    let (status, answer) = world.raw_post("/v1/activity", &body((1 << 20) + 1)).await;
    assert_eq!(status, 413);
    assert!(answer.contains(r#""code":"BODY_TOO_LARGE""#), "{answer}");
    assert_eq!(world.reached("body_size").await, 1);
}

#[tokio::test]
async fn urls_above_sixteen_kibibytes_are_too_long() {
    let world = World::start().await;
    for path in ["/users/presence?ids=", "/nowhere?", "/maintenance/stats?"] {
        let long = format!("{path}{}", "a".repeat(16 * 1024));
        let reply = world.service().get(&long).await;
        assert_eq!(problem(&reply), (414, "URL_TOO_LONG".to_owned()), "{path}");
    }
    let fits = "/users/presence?ids=";
    let fits = format!("{fits}{}", "a".repeat(16 * 1024 - fits.len()));
    assert_eq!(world.user("alice").get(&fits).await.status, 200);
    assert_eq!(world.reached("url_size").await, 3);
}

#[tokio::test]
async fn calls_that_name_too_many_people_say_how_many_they_may() {
    let settings = [
        ("VIGIE_PRESENCE_IDS_LIMIT", "2"),
        ("VIGIE_BULK_PRESENCE_LIMIT", "3"),
        ("VIGIE_ACTIVITY_BATCH_LIMIT", "1"),
    ];
    let world = World::with(&settings).await;
    let check = |reply: &vigie_client::Reply, most: &str| {
        assert_eq!(problem(reply), (400, "INVALID_PAYLOAD".to_owned()));
        assert!(
            reply.text().contains(&format!("at most {most} at a time")),
            "{}",
            reply.text()
        );
    };
    check(
        &world.user("alice").get("/users/presence?ids=a,b,c").await,
        "2",
    );
    check(
        &world.user("alice").get("/v1/presence?ids=a,b,c,d").await,
        "3",
    );
    let batch = json!([{"userId": "a"}, {"userId": "b"}]);
    check(&world.service().post("/v1/activity", &batch).await, "1");
    assert_eq!(world.reached("presence_ids").await, 2);
    assert_eq!(world.reached("activity_batch").await, 1);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::start().await;
    for path in [
        "/",
        "/nowhere",
        "/v1",
        "/v1/nowhere",
        "/api/nowhere",
        "/maintenance",
    ] {
        let reply = world.anonymous().get(path).await;
        assert_eq!(problem(&reply), (404, "NOT_FOUND".to_owned()), "{path}");
    }
    let reply = world
        .service()
        .call(Method::PATCH, "/v1/users/alice", Some(&json!({})))
        .await;
    assert_eq!(problem(&reply), (405, "METHOD_NOT_ALLOWED".to_owned()));
    assert!(reply.headers["allow"].to_str().unwrap().contains("PUT"));
}

#[tokio::test]
async fn bytes_that_are_no_http_harm_only_their_connection() {
    let world = World::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /v1/activity HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
    ] {
        let answer = world.raw(bytes).await;
        assert!(
            answer.is_empty()
                || answer.starts_with("HTTP/1.1 4")
                || answer.starts_with("HTTP/1.0 4"),
            "{answer}"
        );
    }
    assert_eq!(world.anonymous().get("/health").await.status, 200);
}

#[tokio::test]
async fn no_origin_is_allowed_unless_it_is_configured() {
    let world = World::with(&[("CORS_ORIGINS", "https://chat.example.org")]).await;
    let allowed = "access-control-allow-origin";
    let check = async |origin: &str, expected: Option<&str>| {
        let reply = world
            .anonymous()
            .header("origin", origin)
            .get("/health")
            .await;
        let found = reply
            .headers
            .get(allowed)
            .map(|value| value.to_str().unwrap());
        assert_eq!(found, expected);
    };
    check("https://chat.example.org", Some("https://chat.example.org")).await;
    check("https://evil.example.org", None).await;
    let closed = World::start().await;
    let reply = closed
        .anonymous()
        .header("origin", "https://chat.example.org")
        .get("/health")
        .await;
    assert!(reply.headers.get(allowed).is_none());
}
