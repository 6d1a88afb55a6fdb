//! A started server with a database of its own, and the people who call it.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use vigie_client::{Http, Method, Reply};
use vigie_core::{PrincipalId, Role, Wall};
use vigie_server::auth::{NewToken, sign};
use vigie_server::config::{Config, Secret, Sources, load};
use vigie_server::{Running, start};

pub(crate) const SECRET: &str = "a secret of the tests, long enough to sign";
pub(crate) const API_KEY: &str = "a-key-of-the-tests";

/// What is waited for happens well within this.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// One started server.
pub(crate) struct World {
    pub(crate) server: Running,
    data: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server with these settings besides those of every test.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = start(config_in(&data, settings)).await.unwrap();
        Self { server, data }
    }

    /// Stops the server and starts another one on its data.
    pub(crate) async fn restart(self) -> Self {
        self.server.stop().await.unwrap();
        let server = start(config_in(&self.data, &[])).await.unwrap();
        Self {
            server,
            data: self.data,
        }
    }

    /// Where the server keeps what it makes.
    pub(crate) fn data_dir(&self) -> &std::path::Path {
        self.data.path()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Somebody without any credential.
    pub(crate) fn anonymous(&self) -> Persona {
        Persona(Http::new(self.url()))
    }

    /// Another service.
    pub(crate) fn service(&self) -> Persona {
        self.anonymous().header("x-api-key", API_KEY)
    }

    /// A registered user with a token that names no role.
    pub(crate) fn user(&self, id: &str) -> Persona {
        self.anonymous().bearer(&token(id, None))
    }

    /// A registered user with a role.
    pub(crate) fn with_role(&self, id: &str, role: Role) -> Persona {
        self.anonymous().bearer(&token(id, Some(role)))
    }

    /// A new guest, and its id.
    pub(crate) async fn guest(&self, conversation: &str) -> (String, Persona) {
        let body = json!({"conversationId": conversation, "displayName": "Gus"});
        let made = self.service().post("/v1/guests", &body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        let token = made["sessionToken"].as_str().unwrap();
        let persona = self.anonymous().header("x-session-token", token);
        (made["id"].as_str().unwrap().to_owned(), persona)
    }

    /// A conversation of users.
    pub(crate) async fn conversation(&self, id: &str, users: &[&str]) {
        let members: Vec<String> = users.iter().map(|user| format!("user:{user}")).collect();
        let path = format!("/v1/conversations/{id}/members");
        let made = self.service().put(&path, &json!(members)).await;
        assert_eq!(made.status, 200, "{}", made.text());
    }

    /// What the asker is told of one id by the compatible bulk read.
    pub(crate) async fn seen_by(&self, asker: &Persona, id: &str) -> Value {
        let reply = asker.get(&format!("/users/presence?ids={id}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["data"]["users"][0].clone()
    }

    /// Sends bytes as they are; the answer's head and body as they come, until the server closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a body as it is, by the other service; the answer's status and body.
    pub(crate) async fn raw_post(&self, path: &str, body: &str) -> (u16, String) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx-api-key: {API_KEY}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = self.raw(request.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (status, body.to_owned())
    }
}

pub(crate) fn config_in(data: &TempDir, settings: &[(&str, &str)]) -> Config {
    let mut environment: BTreeMap<String, _> = [
        ("VIGIE_LISTEN", "127.0.0.1:0"),
        ("VIGIE_DATA_DIR", data.path().to_str().unwrap()),
        ("JWT_SECRET", SECRET),
        ("VIGIE_API_KEY", API_KEY),
    ]
    .into_iter()
    .chain(settings.iter().copied())
    .map(|(name, value)| (name.to_owned(), value.into()))
    .collect();
    // A setting without a value is one that nobody made.
    environment.retain(|_, value: &mut std::ffi::OsString| !value.is_empty());
    let sources = Sources {
        environment,
        ..Sources::default()
    };
    load(&sources).unwrap().config
}

/// A token for an hour.
pub(crate) fn token(id: &str, role: Option<Role>) -> String {
    token_for(id, role, Duration::from_secs(3_600))
}

/// A token that was made an hour ago.
pub(crate) fn token_for(id: &str, role: Option<Role>, ttl: Duration) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = Wall::from_millis(i64::try_from(now.as_millis()).unwrap());
    let hour = Duration::from_secs(3_600);
    let (issued_at, ttl) = if ttl.is_zero() {
        (now - hour, hour / 2)
    } else {
        (now, ttl)
    };
    let token = NewToken {
        user: &PrincipalId::user(id).unwrap(),
        username: None,
        role,
        issued_at,
        ttl,
    };
    sign(&Secret::new(SECRET), &token).unwrap()
}

/// Whoever calls the server.
#[derive(Clone)]
pub(crate) struct Persona(Http);

impl Persona {
    pub(crate) fn header(&self, name: &str, value: &str) -> Self {
        Self(self.0.clone().header(name, value))
    }

    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.0.call(method, path, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None).await
    }

    /// Something that counts as activity.
    pub(crate) async fn acts(&self) {
        let reply = self.get("/api/conversations").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

/// An answer's status and body, to compare with the contract's.
pub(crate) fn exact(reply: &Reply) -> (u16, String) {
    (reply.status.as_u16(), reply.text())
}

/// The status and the code of a problem document.
pub(crate) fn problem(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    let body = reply.json();
    assert_eq!(body["status"], reply.status.as_u16());
    assert!(!body["detail"].as_str().unwrap().is_empty());
    (
        reply.status.as_u16(),
        body["code"].as_str().unwrap().to_owned(),
    )
}

/// Asks again and again until the answer is as it should be.
pub(crate) async fn until<F, T>(mut ask: impl FnMut() -> F, expected: T)
where
    F: Future<Output = T>,
    T: PartialEq + std::fmt::Debug,
{
    let deadline = Instant::now() + SOON;
    loop {
        let answer = ask().await;
        if answer == expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "still {answer:?}, not {expected:?}"
        );
        tokio::task::yield_now().await;
    }
}
