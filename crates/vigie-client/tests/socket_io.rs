//! The client against the stock Node socket.io server: what each side sees of the other.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use vigie_client::{
    AckError, Connect, ConnectError, End, Http, HttpError, Method, Socket, WaitError,
};

/// Generous: nothing here takes longer than a few pings on a busy machine.
const SOON: Duration = Duration::from_secs(20);

struct Node {
    url: String,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

/// Installs the server's one dependency when it is missing, once per test run.
fn install() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let folder = folder();
        if folder.join("node_modules/socket.io").exists() {
            return;
        }
        let npm = std::process::Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .status()
            .expect("this test needs node and npm on the PATH");
        assert!(npm.success(), "`npm ci` failed in {}", folder.display());
    });
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node")
}

/// An address where nobody listens: taken from the system, and given back.
fn closed_port() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

impl Node {
    async fn start() -> Self {
        tokio::task::spawn_blocking(install).await.unwrap();
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this test needs node on the PATH");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut node = Self {
            url: String::new(),
            lines,
            _child: child,
        };
        let started = node.says(|line| line["port"].is_u64()).await;
        node.url = format!("http://127.0.0.1:{}", started["port"]);
        node
    }

    async fn says(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                let line: Value = serde_json::from_str(&line.expect("the server ended")).unwrap();
                if wanted(&line) {
                    return line;
                }
            }
        };
        tokio::time::timeout(SOON, found)
            .await
            .expect("not said in time")
    }

    async fn reason_for_loss_of(&mut self, id: &str) -> String {
        let line = self.says(|line| line["gone"] == id).await;
        line["reason"].as_str().unwrap().to_owned()
    }

    async fn connect(&self) -> Socket {
        Connect::to(&self.url).open().await.unwrap()
    }
}

#[tokio::test]
async fn auth_headers_and_query_arrive() {
    let node = Node::start().await;
    let mut socket = Connect::to(&node.url)
        .auth(json!({ "token": "é\"" }))
        .header("X-Test", "yes")
        .query("a b", "1&2=3")
        .open()
        .await
        .unwrap();
    let before = Instant::now();
    let welcome = socket.wait_for("welcome", SOON).await.unwrap();
    assert_eq!(
        welcome.payload(),
        &json!({ "auth": { "token": "é\"" }, "header": "yes", "query": "1&2=3" })
    );
    assert!(welcome.at.duration_since(before) < SOON);
    assert!(!socket.id().is_empty());
}

#[tokio::test]
async fn a_refused_namespace_is_told_with_its_payload() {
    let node = Node::start().await;
    let error = Connect::to(&node.url)
        .auth(json!({ "refuse": true }))
        .open()
        .await
        .unwrap_err();
    let ConnectError::Refused(payload) = error else {
        panic!("{error}");
    };
    assert_eq!(
        payload,
        json!({ "message": "not today", "data": { "code": 42 } })
    );
}

#[tokio::test]
async fn a_refused_upgrade_and_a_closed_port_are_told_apart() {
    let node = Node::start().await;
    let error = Connect::to(&node.url)
        .query("sid", "nobody")
        .open()
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectError::Status { status: 400, .. }),
        "{error}"
    );
    let error = Connect::to(format!("http://{}", closed_port()))
        .open()
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Tcp { .. }), "{error}");
}

#[tokio::test]
async fn http_calls_carry_headers_and_json() {
    let node = Node::start().await;
    let http = Http::new(format!("{}/", node.url)).header("X-API-Key", "secret");
    let body = json!({ "a": [1] });
    let reply = http
        .call(Method::PUT, "/v1/x?y=z", Some(&body))
        .await
        .unwrap();
    assert_eq!(reply.status.as_u16(), 207);
    assert_eq!(reply.headers["x-answer"], "yes");
    assert_eq!(
        reply.json(),
        json!({
            "method": "PUT", "url": "/v1/x?y=z", "key": "secret",
            "type": "application/json", "body": body.to_string(),
        })
    );
    let bare = http.call(Method::GET, "/", None).await.unwrap().json();
    assert_eq!((&bare["body"], &bare["type"]), (&json!(""), &Value::Null));
}

#[tokio::test]
async fn http_without_an_answer_is_an_error() {
    let closed = format!("http://{}", closed_port());
    let error = Http::new(&closed)
        .call(Method::GET, "/", None)
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Transport { .. }), "{error}");
    let bad = Http::new(&closed).header("X-API-Key", "two\nlines");
    let error = bad.call(Method::GET, "/", None).await.unwrap_err();
    assert!(matches!(error, HttpError::Request { .. }), "{error}");
}

#[tokio::test]
async fn events_and_answers_go_both_ways() {
    let node = Node::start().await;
    let mut socket = node.connect().await;
    let payload = json!({ "n": [1, null, "x"] });
    socket.emit("echo", Some(payload.clone()));
    let event = socket.wait_for("echo", SOON).await.unwrap();
    assert_eq!(event.payload(), &payload);
    let answers = tokio::join!(
        socket.emit_with_ack("echo", Some(json!(1)), SOON),
        socket.emit_with_ack("echo", Some(json!(2)), SOON),
    );
    assert_eq!(answers.0.unwrap(), [json!(1), json!("ok")]);
    assert_eq!(answers.1.unwrap(), [json!(2), json!("ok")]);
    let silence = Duration::from_millis(50);
    let unanswered = socket.emit_with_ack("nobody listens", None, silence).await;
    assert_eq!(unanswered, Err(AckError::Timeout(silence)));
}

#[tokio::test]
async fn unheard_events_are_dropped() {
    let node = Node::start().await;
    let mut socket = Connect::to(&node.url)
        .listen_only(["signal"])
        .open()
        .await
        .unwrap();
    socket.emit("flood", Some(json!(1000)));
    let first = socket.recv().await.unwrap();
    assert_eq!(
        (first.name.as_str(), first.payload()),
        ("signal", &json!(1000))
    );
}

#[tokio::test]
async fn pings_are_answered_unasked() {
    let mut node = Node::start().await;
    let socket = node.connect().await;
    for _ in 0..5 {
        node.says(|line| line["pong"] == socket.id()).await;
    }
}

#[tokio::test]
async fn our_goodbyes_are_seen_as_what_they_are() {
    let mut node = Node::start().await;

    let mut polite = node.connect().await;
    polite.disconnect().await;
    assert_eq!(polite.ended().await, End::Local);
    assert_eq!(
        node.reason_for_loss_of(polite.id()).await,
        "client namespace disconnect"
    );

    let mut reloaded = node.connect().await;
    reloaded.close(1001).await;
    assert_eq!(
        node.reason_for_loss_of(reloaded.id()).await,
        "transport close"
    );

    let mut aborted = node.connect().await;
    aborted.abort().await;
    assert_eq!(aborted.ended().await, End::Local);
    let reason = node.reason_for_loss_of(aborted.id()).await;
    assert!(
        ["transport close", "transport error"].contains(&reason.as_str()),
        "{reason}"
    );

    let dropped = node.connect().await;
    let id = dropped.id().to_owned();
    drop(dropped);
    assert_eq!(node.reason_for_loss_of(&id).await, "transport close");
}

#[tokio::test]
async fn a_frozen_client_times_out_and_notices_when_thawed() {
    let mut node = Node::start().await;
    let mut frozen = node.connect().await;
    frozen.freeze();
    assert_eq!(node.reason_for_loss_of(frozen.id()).await, "ping timeout");
    frozen.thaw();
    let end = tokio::time::timeout(SOON, frozen.ended()).await.unwrap();
    assert!(
        matches!(
            end,
            End::WebSocketClose { .. } | End::TransportLost(_) | End::EngineClose
        ),
        "{end}"
    );
}

#[tokio::test]
async fn the_servers_goodbyes_are_told_apart() {
    let node = Node::start().await;
    let ends_with = async |event: &str| {
        let mut socket = node.connect().await;
        socket.emit(event, None);
        tokio::time::timeout(SOON, socket.ended()).await.unwrap()
    };
    assert_eq!(
        ends_with("namespace-disconnect").await,
        End::ServerDisconnect
    );
    assert_eq!(ends_with("engine-close").await, End::EngineClose);
    assert_eq!(
        ends_with("websocket-close").await,
        End::WebSocketClose { code: Some(4001) }
    );
    assert!(matches!(
        ends_with("tcp-destroy").await,
        End::TransportLost(_)
    ));
}

#[tokio::test]
async fn waiting_is_bounded_and_ends_with_the_connection() {
    let node = Node::start().await;
    let mut socket = node.connect().await;
    let within = Duration::from_millis(50);
    let error = socket.wait_for("never", within).await.unwrap_err();
    let name = "never".to_owned();
    assert_eq!(
        error,
        WaitError::Timeout {
            name: name.clone(),
            within
        }
    );
    socket.emit("namespace-disconnect", None);
    let error = socket.wait_for("never", SOON).await.unwrap_err();
    assert_eq!(
        error,
        WaitError::Ended {
            name,
            end: End::ServerDisconnect
        }
    );
    let late = socket.emit_with_ack("echo", None, SOON).await;
    assert_eq!(late, Err(AckError::Ended));
}

#[tokio::test]
async fn four_hundred_connections_live_in_one_process() {
    let node = Node::start().await;
    let mut crowd = Vec::new();
    for _ in 0..400 {
        crowd.push(node.connect().await);
    }
    for socket in &crowd {
        let answer = socket.emit_with_ack("echo", Some(json!(1)), SOON).await;
        assert_eq!(answer.unwrap(), [json!(1), json!("ok")]);
    }
}
