//! Who meets the server: tokens, callers, and sockets that have entered.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::Instant;
use vigie_client::{Connect, Http, Method, Socket};
use vigie_core::{PrincipalId, Wall};
use vigie_server::auth::{NewToken, sign};
use vigie_server::config::Secret;

use crate::server::BOUND;

pub(crate) const SECRET: &str = "a secret of the tests, long enough to sign";
pub(crate) const API_KEY: &str = "a-key-of-the-tests";

/// This instant, in milliseconds of the wall clock.
pub(crate) fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A time of the wire, in milliseconds; `None` for null.
pub(crate) fn millis(time: &Value) -> Option<i64> {
    let time: jiff::Timestamp = time.as_str()?.parse().unwrap();
    Some(time.as_millisecond())
}

/// A token for a day.
pub(crate) fn token(id: &str) -> String {
    let token = NewToken {
        user: &PrincipalId::user(id).unwrap(),
        username: None,
        role: None,
        issued_at: Wall::from_millis(wall()),
        ttl: Duration::from_secs(86_400),
    };
    sign(&Secret::new(SECRET), &token).unwrap()
}

/// Another service.
pub(crate) fn service(url: &str) -> Http {
    Http::new(url).header("x-api-key", API_KEY)
}

/// A person's REST client.
pub(crate) fn caller(url: &str, id: &str) -> Http {
    Http::new(url).header("authorization", format!("Bearer {}", token(id)))
}

/// A request that counts as activity; its status.
pub(crate) async fn act(caller: &Http) -> u16 {
    let reply = caller.call(Method::GET, "/api/conversations", None).await;
    reply.unwrap().status.as_u16()
}

/// Makes exactly these users the members of a conversation.
pub(crate) async fn conversation(url: &str, id: &str, users: &[String]) {
    let members: Vec<String> = users.iter().map(|user| format!("user:{user}")).collect();
    let path = format!("/v1/conversations/{id}/members");
    let reply = service(url)
        .call(Method::PUT, &path, Some(&json!(members)))
        .await
        .unwrap();
    assert!(reply.status.is_success(), "{}", reply.text());
}

/// An authenticated socket that hears everything, after its snapshot.
pub(crate) async fn enter(url: &str, id: &str) -> Socket {
    let auth = json!({"token": token(id)});
    let mut socket = Connect::to(url)
        .auth(auth)
        .timeout(BOUND)
        .open()
        .await
        .unwrap();
    let welcome = socket.wait_for("authenticated", BOUND).await.unwrap();
    assert_eq!(welcome.payload()["success"], true);
    socket.wait_for("presence:snapshot", BOUND).await.unwrap();
    socket
}

/// The status code of a GET without credentials; 0 when nothing answers.
pub(crate) async fn probe(url: &str, path: &str) -> u16 {
    let reply = Http::new(url).call(Method::GET, path, None).await;
    reply.map_or(0, |reply| reply.status.as_u16())
}

/// A number of `/metrics`, by its name and labels; 0 while there is none.
pub(crate) async fn gauge(url: &str, name: &str) -> u64 {
    let reply = service(url).call(Method::GET, "/metrics", None).await;
    let text = reply.unwrap().text();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().unwrap())
}

/// What a service is told of one user.
pub(crate) async fn presence(url: &str, id: &str) -> Value {
    let reply = service(url)
        .call(Method::GET, &format!("/v1/presence/{id}"), None)
        .await
        .unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// The next `user:status` about somebody.
pub(crate) async fn next_status(socket: &mut Socket, of: &str) -> Value {
    loop {
        let event = socket.wait_for("user:status", BOUND).await.unwrap();
        if event.payload()["userId"] == of {
            return event.payload().clone();
        }
    }
}

/// Waits until a socket was told that all of these are online, in whichever order, and of nobody that they are not.
pub(crate) async fn come_online(socket: &mut Socket, expected: &[&str]) {
    let mut missing = expected.to_vec();
    while !missing.is_empty() {
        let event = socket.wait_for("user:status", BOUND).await.unwrap();
        let status = event.payload();
        assert_eq!(status["isOnline"], true, "{status}");
        missing.retain(|who| status["userId"] != *who);
    }
}

/// The `user:status` that were sent to a socket before the answer to a heartbeat sent now.
pub(crate) async fn told_by_now(socket: &mut Socket) -> Vec<Value> {
    let mark = format!("{}", wall());
    socket.emit("heartbeat", Some(json!({"clientTime": mark})));
    let mut told = Vec::new();
    loop {
        let event = tokio::time::timeout(BOUND, socket.recv()).await.unwrap();
        let event = event.unwrap();
        match event.name.as_str() {
            "heartbeat:ack" => return told,
            "user:status" => told.push(event.payload().clone()),
            _ => {}
        }
    }
}

/// Asks again and again until the answer is as it should be.
pub(crate) async fn until<T: PartialEq + std::fmt::Debug>(
    what: &str,
    mut ask: impl AsyncFnMut() -> T,
    expected: T,
) {
    let deadline = Instant::now() + BOUND;
    loop {
        let answer = ask().await;
        if answer == expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{what}: still {answer:?}, not {expected:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
