//! Limits of connections: how many, from where, and how long without a request; each told to its client and counted.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{SOON, World, until};

const PING: &[u8] = b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n";

impl World {
    /// How often a limit was reached, as the metrics have it.
    pub(crate) async fn reached(&self, limit: &str) -> u64 {
        let line = format!("vigie_limits_reached_total{{limit=\"{limit}\"}} ");
        let text = self.service().get("/metrics").await.text();
        let count = text.lines().find_map(|one| one.strip_prefix(&line));
        count.unwrap().parse().unwrap()
    }

    /// A connection over which one request was answered, left open.
    async fn guest_at_the_door(&self) -> Option<TcpStream> {
        let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
        (status_of(&mut stream, PING).await == Some(200)).then_some(stream)
    }
}

/// The status of the answer to `request`; `None` when the server only closed.
async fn status_of(stream: &mut TcpStream, request: &[u8]) -> Option<u16> {
    stream.write_all(request).await.ok()?;
    let mut head = [0; 1024];
    let size = stream.read(&mut head).await.ok()?;
    let head = String::from_utf8_lossy(&head[..size]).into_owned();
    head.split(' ').nth(1)?.parse().ok()
}

/// Everything until the server closes.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "still open");
    String::from_utf8_lossy(&rest).into_owned()
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_harms_no_other() {
    let settings = [
        ("VIGIE_CONNECTION_LIMIT", "3"),
        ("VIGIE_OPS_LISTEN", "127.0.0.1:0"),
    ];
    let world = World::with(&settings).await;
    let mut inside = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(world.server.address()).await.unwrap();
        assert_eq!(
            status_of(&mut stream, b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n").await,
            Some(404)
        );
        inside.push(stream);
    }
    let mut refused = TcpStream::connect(world.server.address()).await.unwrap();
    let answer = until_closed(&mut refused).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("TOO_MANY_CONNECTIONS"), "{answer}");
    // The operator still gets in.
    let operator =
        vigie_client::Http::new(format!("http://{}", world.server.ops_address().unwrap()));
    let metrics = operator
        .call(vigie_client::Method::GET, "/metrics", None)
        .await
        .unwrap()
        .text();
    assert!(
        metrics.contains("vigie_limits_reached_total{limit=\"connections\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("vigie_open_connections 3"), "{metrics}");
    inside.pop();
    until(
        async || {
            world
                .raw(b"GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .await
                .starts_with("HTTP/1.1 404 ")
        },
        true,
    )
    .await;
}

#[tokio::test]
async fn an_address_has_its_own_limit_when_one_is_set() {
    let world = World::with(&[("VIGIE_CONNECTIONS_PER_ADDRESS", "4")]).await;
    let mut inside = Vec::new();
    for _ in 0..4 {
        inside.push(world.guest_at_the_door().await.unwrap());
    }
    let mut refused = TcpStream::connect(world.server.address()).await.unwrap();
    let answer = until_closed(&mut refused).await;
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    inside.truncate(1);
    until(async || world.guest_at_the_door().await.is_some(), true).await;
    assert!(world.reached("connections_per_address").await >= 1);
}

#[tokio::test]
async fn a_head_that_never_ends_loses_its_place() {
    let world = World::with(&[("VIGIE_HEADER_TIMEOUT", "200ms")]).await;
    let mut slow = TcpStream::connect(world.server.address()).await.unwrap();
    slow.write_all(b"GET /livez HTTP/1.1\r\nx-never")
        .await
        .unwrap();
    assert_eq!(until_closed(&mut slow).await, "");
    let mut silent = TcpStream::connect(world.server.address()).await.unwrap();
    assert_eq!(until_closed(&mut silent).await, "");
    // The second request of a connection is no better.
    let mut second = world.guest_at_the_door().await.unwrap();
    second.write_all(b"GET /").await.unwrap();
    assert_eq!(until_closed(&mut second).await, "");
    assert_eq!(world.reached("header_time").await, 3);
}

#[tokio::test]
async fn a_connection_without_requests_is_kept_for_a_while_only() {
    let settings = [
        ("VIGIE_HEADER_TIMEOUT", "200ms"),
        ("VIGIE_KEEP_ALIVE", "1s"),
    ];
    let world = World::with(&settings).await;
    let mut idle = world.guest_at_the_door().await.unwrap();
    assert_eq!(until_closed(&mut idle).await, "");
    assert_eq!(world.reached("header_time").await, 0);
}

#[tokio::test]
async fn a_body_that_never_ends_is_refused() {
    let world = World::with(&[("VIGIE_BODY_TIMEOUT", "200ms")]).await;
    let mut stream = TcpStream::connect(world.server.address()).await.unwrap();
    let request = b"POST /v1/activity HTTP/1.1\r\nhost: x\r\nx-api-key: a-key-of-the-tests\r\ncontent-length: 10\r\n\r\n[";
    let status = tokio::time::timeout(SOON, status_of(&mut stream, request)).await;
    assert_eq!(status.unwrap(), Some(408));
    assert_eq!(world.reached("body_time").await, 1);
}

#[tokio::test]
async fn a_head_too_large_is_refused_with_431() {
    let world = World::start().await;
    let mut stream = TcpStream::connect(world.server.address()).await.unwrap();
    let request = format!(
        "GET /livez HTTP/1.1\r\nhost: x\r\nx-much: {}\r\n\r\n",
        "a".repeat(80 * 1024)
    );
    let status = tokio::time::timeout(
        Duration::from_secs(10),
        status_of(&mut stream, request.as_bytes()),
    )
    .await
    .unwrap();
    assert_eq!(status, Some(431));
    until(async || world.reached("header_size").await, 1).await;
}
