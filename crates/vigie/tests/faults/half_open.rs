//! Thousands of connections that never become anything.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::people::{conversation, enter, gauge, next_status, probe, until};
use crate::server::{BOUND, Site};
use crate::vitals::{open_files, resident};

/// Connections of each kind.
const CROWD: usize = 1_000;

/// What all of them together may cost, in bytes: some tens of kilobytes each.
const MEMORY: u64 = 4 * CROWD as u64 * 40 * 1024;

/// Descriptors that the server may open and close for itself meanwhile.
const OWN: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_half_open_sockets_cost_little_and_are_let_go() {
    let mut site = Site::new(&[
        ("VIGIE_PING_INTERVAL", "2s"),
        ("VIGIE_PING_TIMEOUT", "2s"),
        ("VIGIE_AUTH_TIMEOUT", "3s"),
        ("VIGIE_HEADER_TIMEOUT", "2s"),
        ("VIGIE_KEEP_ALIVE", "4s"),
        ("VIGIE_GRACE", "500ms"),
    ]);
    site.prepare_by("ulimit -n $(ulimit -Hn)");
    let mut server = site.start().await;
    let url = server.url().to_owned();
    conversation(&url, "room", &["alice".to_owned(), "bob".to_owned()]).await;
    let mut alice = enter(&url, "alice").await;
    let (files, memory) = (open_files(server.pid()), resident(server.pid()));

    let host = server.address();
    let socket_io = |transport: &str| {
        format!("GET /socket.io/?EIO=4&transport={transport} HTTP/1.1\r\nHost: {host}\r\n")
    };
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let requests = [
        // Nothing at all.
        String::new(),
        // Half a header.
        "GET /health HTTP/1.1\r\nHost: so".to_owned(),
        // A WebSocket in which nobody ever joins the namespace.
        socket_io("websocket") + upgrade,
        // A session by polling that nobody polls again.
        socket_io("polling") + "\r\n",
    ];
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        for request in &requests {
            let mut stream = TcpStream::connect(host).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            crowd.push(stream);
        }
    }
    // Nobody else notices.
    let mut bob = enter(&url, "bob").await;
    assert_eq!(next_status(&mut alice, "bob").await["isOnline"], true);
    bob.disconnect().await;
    assert_eq!(next_status(&mut alice, "bob").await["isOnline"], false);
    assert_eq!(probe(&url, "/health").await, 200);
    let grown = resident(server.pid()).saturating_sub(memory);
    assert!(
        grown < MEMORY,
        "{grown} bytes for {} connections",
        crowd.len()
    );

    // The server lets go of all of them by itself.
    let deadline = Instant::now() + BOUND;
    let mut sink = vec![0; 4096];
    for (number, stream) in crowd.iter_mut().enumerate() {
        let rest = deadline.saturating_duration_since(Instant::now());
        let end = timeout(rest.max(Duration::from_millis(10)), async {
            while stream.read(&mut sink).await.is_ok_and(|read| read > 0) {}
        });
        assert!(
            end.await.is_ok(),
            "still open: {:?}",
            requests[number % requests.len()]
        );
    }
    drop(crowd);
    let pid = server.pid();
    let are_back = async || open_files(pid) <= files + OWN;
    until("descriptors", are_back, true).await;
    // Alice, and whoever asks.
    let places = async || gauge(&url, "vigie_open_connections").await <= 2;
    until("places", places, true).await;
    server.assert_alive();
}
