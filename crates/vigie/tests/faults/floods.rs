//! Floods of bad input, by HTTP and by Socket.IO: a clear refusal or a close, and nobody else notices.

use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use vigie_client::{Connect, Socket};

use crate::people::{API_KEY, conversation, enter, gauge, next_status, probe, token, until};
use crate::server::{BOUND, Server, Site};
use crate::vitals::resident;

/// What the server may keep of a flood after it, in bytes.
const MEMORY: u64 = 48 * 1024 * 1024;

/// Events of the flood that must have been refused before the others are asked: as many within the rate would take minutes.
const REFUSED: u64 = 20_000;

/// A server, and alice who must never notice anything.
struct Scene {
    server: Server,
    alice: Socket,
    memory: u64,
    _site: Site,
}

impl Scene {
    async fn new() -> Self {
        let site = Site::new(&[("VIGIE_GRACE", "500ms"), ("VIGIE_EARLY_EVENTS_LIMIT", "8")]);
        let server = site.start().await;
        let members = ["alice", "bob", "mallory"].map(ToOwned::to_owned);
        conversation(server.url(), "room", &members).await;
        Self {
            alice: enter(server.url(), "alice").await,
            memory: resident(server.pid()),
            server,
            _site: site,
        }
    }

    /// Sends bytes, and reads until the server closes or has answered enough.
    async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        // A server that refuses early stops reading; what it said is still there.
        let write = async { writer.write_all(bytes).await.ok() };
        let read = async {
            let mut answer = Vec::new();
            let _reset = reader.read_to_end(&mut answer).await;
            answer
        };
        let both = timeout(BOUND, async { tokio::join!(write, read) }).await;
        let (_, answer) = both.unwrap_or_else(|_| panic!("no end of the answer"));
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The status of one request by another service; 0 when the server just hung up.
    async fn post(&self, path: &str, body: &[u8]) -> u16 {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx-api-key: {API_KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        status(&self.send(&[head.as_bytes(), body].concat()).await)
    }

    /// Somebody whose input is bad, in a namespace and authenticated.
    async fn mallory(&self) -> Socket {
        let auth = json!({"token": token("mallory")});
        let mut socket = Connect::to(self.server.url())
            .auth(auth)
            .listen_only(["authenticated"])
            .timeout(BOUND)
            .open()
            .await
            .unwrap();
        socket.wait_for("authenticated", BOUND).await.unwrap();
        socket
    }

    /// How often a limit was reached.
    async fn reached(&self, limit: &str) -> u64 {
        let name = format!("vigie_limits_reached_total{{limit=\"{limit}\"}}");
        gauge(self.server.url(), &name).await
    }

    /// The process lives, kept little, and presence works for the others.
    async fn nobody_notices(mut self) {
        let url = self.server.url().to_owned();
        let mut bob = enter(&url, "bob").await;
        assert_eq!(next_status(&mut self.alice, "bob").await["isOnline"], true);
        bob.disconnect().await;
        assert_eq!(next_status(&mut self.alice, "bob").await["isOnline"], false);
        assert_eq!(probe(&url, "/health").await, 200);
        let grown = resident(self.server.pid()).saturating_sub(self.memory);
        assert!(grown < MEMORY, "{grown} bytes");
        self.server.assert_alive();
    }
}

fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1);
    code.and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

/// Routes that read a body.
const ROUTES: [&str; 3] = ["/v1/activity", "/v1/guests", "/maintenance/user-status"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bodies_are_refused_with_a_4xx() {
    let scene = Scene::new().await;
    let bodies: [(&str, Vec<u8>); 7] = [
        ("a hundred thousand levels", nested(100_000).into()),
        ("deep objects", r#"{"a":"#.repeat(100_000).into()),
        (
            "a million elements",
            format!("[{}1]", "1,".repeat(400_000)).into(),
        ),
        (
            "an id of ten thousand bytes",
            json!([{"userId": "a".repeat(10_000), "guestId": "b".repeat(10_000)}])
                .to_string()
                .into(),
        ),
        (
            "invalid UTF-8",
            b"[{\"userId\":\"\xff\xfe\xc0\x80\"}]".to_vec(),
        ),
        ("half a document", b"[{\"userId\":".to_vec()),
        ("numbers beyond all measure", b"[1e999999]".to_vec()),
    ];
    for (what, body) in &bodies {
        for route in ROUTES {
            let status = scene.post(route, body).await;
            assert!((400..500).contains(&status), "{what} at {route}: {status}");
        }
    }
    for route in ROUTES {
        let status = scene.post(route, &vec![b' '; 16 << 20]).await;
        assert_eq!(status, 413, "sixteen mebibytes at {route}");
    }
    assert_eq!(scene.reached("body_size").await, ROUTES.len() as u64);
    for id in [
        "a".repeat(10_000),
        "%ff%fe".to_owned(),
        "..%2f..".to_owned(),
    ] {
        let status = scene.post(&format!("/v1/presence/{id}"), b"").await;
        assert!((400..500).contains(&status), "{id:.20}: {status}");
    }
    let long = format!("/v1/presence/{}", "a".repeat(20_000));
    assert_eq!(scene.post(&long, b"").await, 414);
    assert_eq!(scene.reached("url_size").await, 1);
    scene.nobody_notices().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_headers_and_requests_end_with_their_connection() {
    let scene = Scene::new().await;
    let many: String = (0..5_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let wide = format!("x: {}\r\n", "a".repeat(4 << 20));
    let binary = b"\xff\x00: \xff\r\n".repeat(1_000);
    for (what, headers) in [
        ("many", many.into_bytes()),
        ("wide", wide.into_bytes()),
        ("binary", binary),
    ] {
        let request = [
            b"GET /health HTTP/1.1\r\nhost: x\r\n",
            &headers[..],
            b"\r\n",
        ]
        .concat();
        let status = status(&scene.send(&request).await);
        assert!(
            status == 0 || (400..500).contains(&status),
            "{what}: {status}"
        );
    }
    assert!(scene.reached("header_size").await >= 1);
    // Requests without end on one connection, of which nobody reads the answers for a while.
    let piped = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20_000)
        + "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answers = scene.send(piped.as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 20_001);
    scene.nobody_notices().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_packets_end_at_most_their_own_connection() {
    let scene = Scene::new().await;
    let deep = nested(30_000);
    let names = [
        "heartbeat",
        "authenticate",
        "conversation:join",
        "typing:start",
        "presence:app-state",
    ];
    let mut frames: Vec<String> = Vec::new();
    for name in names {
        frames.push(format!(r#"42["{name}",{deep}]"#));
        frames.push(format!(
            r#"42["{name}",{{"conversationId":"{}"}}]"#,
            "a".repeat(10_000)
        ));
        frames.push(format!(r#"42["{name}",[{}1]]"#, "1,".repeat(30_000)));
        frames.push(format!(r#"42["{name}"{}]"#, ",{}".repeat(10_000)));
        frames.push(format!(r#"451-["{name}",{{"_placeholder":true,"num":0}}]"#));
        frames.push(format!(r#"4518446744073709551615-["{name}"]"#));
    }
    frames.push(format!("40{deep}"));
    frames.push(format!("40/{},", "n".repeat(60_000)));
    frames.extend(
        [
            "0",
            "1x",
            "2",
            "3",
            "5",
            "6",
            "7",
            "4",
            "49",
            "45-",
            "459999999999-[]",
        ]
        .map(ToOwned::to_owned),
    );
    // Larger than a message may be, and so large that it is cut off while it comes.
    for length in [70_000, 1 << 20] {
        frames.push(format!(r#"42["heartbeat","{}"]"#, "a".repeat(length)));
    }
    for frame in frames {
        let mut socket = scene.mallory().await;
        socket.send_raw(frame.as_str());
        // Either it is taken for nonsense and the connection goes on, or it ends.
        let goes_on = socket.emit_with_ack("presence:activity", None, BOUND).await;
        if goes_on.is_err() {
            timeout(BOUND, socket.ended()).await.unwrap();
        }
        socket.abort().await;
    }
    assert_eq!(scene.reached("json_depth").await, names.len() as u64 + 1);
    assert_eq!(scene.reached("message_size").await, 1);
    scene.nobody_notices().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_frames_and_bytes_end_at_most_their_own_connection() {
    let scene = Scene::new().await;
    let seed = 20_261_122;
    let mut rng = Rng::with_seed(seed);
    let alphabet: Vec<char> = "0123456789[]{}\",:-/\\ aeu\u{0}\u{1e}é".chars().collect();
    let mut socket = scene.mallory().await;
    for _ in 0..3_000 {
        let length = rng.usize(..60);
        let mut frame: String = if rng.bool() {
            "42".to_owned()
        } else {
            String::new()
        };
        frame.extend((0..length).map(|_| alphabet[rng.usize(..alphabet.len())]));
        socket.send_raw(frame);
        if rng.u8(..20) == 0 {
            let goes_on = socket.emit_with_ack("presence:activity", None, BOUND);
            if goes_on.await.is_err() {
                socket = scene.mallory().await;
            }
        }
    }
    // Bytes that are no WebSocket frames, after a handshake that was right.
    for _ in 0..50 {
        let mut stream = TcpStream::connect(scene.server.address()).await.unwrap();
        let upgrade = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(upgrade.as_bytes()).await.unwrap();
        let noise: Vec<u8> = (0..2_000).map(|_| rng.u8(..)).collect();
        stream.write_all(&noise).await.ok();
        stream.shutdown().await.ok();
        let mut answer = Vec::new();
        let read = timeout(BOUND, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the server keeps a connection of noise");
    }
    scene.nobody_notices().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_events_costs_the_flooder_alone() {
    let scene = Scene::new().await;
    let flooders = futures_util::future::join_all((0..4).map(|_| scene.mallory())).await;
    for _ in 0..20_000 {
        for flooder in &flooders {
            flooder.emit("conversation:join", Some(json!({"conversationId": "room"})));
        }
    }
    let is_held_back = async || scene.reached("event_rate").await >= REFUSED;
    until("the flood", is_held_back, true).await;
    // The flood is under way, or over: both are told by an answer within bounds to somebody else.
    timeout(Duration::from_secs(30), scene.nobody_notices())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_before_the_authentication_are_kept_up_to_their_limit() {
    let scene = Scene::new().await;
    let stranger = Connect::to(scene.server.url()).open().await.unwrap();
    // Fewer than the rate allows, so that only the other limit can drop any.
    for _ in 0..40 {
        stranger.emit("conversation:join", Some(json!({"conversationId": "room"})));
    }
    let dropped = async || scene.reached("early_events").await;
    until("the events beyond the limit", dropped, 32).await;
    let token = json!({"token": token("mallory")});
    stranger.emit("authenticate", Some(token));
    let mut stranger = stranger;
    stranger
        .wait_for("conversation:joined", BOUND)
        .await
        .unwrap();
    scene.nobody_notices().await;
}
