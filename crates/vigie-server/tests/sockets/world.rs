//! A started server with a database of its own, and the people who connect to it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use vigie_client::{Connect, Http, Method, Socket};
use vigie_core::{PrincipalId, Wall};
use vigie_server::auth::{NewToken, sign};
use vigie_server::config::{Config, Secret, Sources, load};
use vigie_server::{Running, start};

const SECRET: &str = "a secret of the tests, long enough to sign";
const API_KEY: &str = "a-key-of-the-tests";

/// What is waited for happens well within this, also on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// One started server.
pub(crate) struct World {
    server: Running,
    data: TempDir,
    settings: Vec<(String, String)>,
}

impl World {
    /// A server whose graces are over soon.
    pub(crate) async fn start() -> Self {
        Self::with(&[("VIGIE_GRACE", "300ms")]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings: Vec<_> = settings.iter().map(owned).collect();
        let server = start(config(&data, &settings)).await.unwrap();
        Self {
            server,
            data,
            settings,
        }
    }

    /// Stops the server gracefully and starts another one on its data.
    pub(crate) async fn restart(self) -> Self {
        self.server.stop().await.unwrap();
        let server = start(config(&self.data, &self.settings)).await.unwrap();
        Self {
            server,
            data: self.data,
            settings: self.settings,
        }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// A conversation of exactly these users.
    pub(crate) async fn conversation(&self, id: &str, users: &[&str]) {
        let members: Vec<String> = users.iter().map(|user| format!("user:{user}")).collect();
        let path = format!("/v1/conversations/{id}/members");
        self.service(Method::PUT, &path, Some(json!(members))).await;
    }

    /// What another service does; it must succeed.
    pub(crate) async fn service(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let http = Http::new(self.url()).header("x-api-key", API_KEY);
        let reply = http.call(method, path, body.as_ref()).await.unwrap();
        assert!(reply.status.is_success(), "{path}: {}", reply.text());
        reply.json()
    }

    /// The metrics as Prometheus would scrape them.
    pub(crate) async fn metrics(&self) -> String {
        let http = Http::new(self.url()).header("x-api-key", API_KEY);
        http.call(Method::GET, "/metrics", None)
            .await
            .unwrap()
            .text()
    }

    /// Links that stand for somebody, whether or not they make them present.
    pub(crate) async fn links(&self) -> u64 {
        let metrics = self.metrics().await;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("vigie_connections "));
        line.unwrap().parse().unwrap()
    }

    /// What the asker is told of one id by the compatible bulk read.
    pub(crate) async fn seen_by(&self, asker: &str, id: &str) -> Value {
        let bearer = format!("Bearer {}", token(asker));
        let http = Http::new(self.url()).header("authorization", bearer);
        let path = format!("/users/presence?ids={id}");
        let reply = http.call(Method::GET, &path, None).await.unwrap();
        reply.json()["data"]["users"][0].clone()
    }

    /// Users who are online, as the statistics have it.
    pub(crate) async fn online_users(&self) -> u64 {
        let stats = self.service(Method::GET, "/maintenance/stats", None).await;
        stats["data"]["onlineUsers"].as_u64().unwrap()
    }

    /// A connection in the namespace, whatever becomes of its credential.
    pub(crate) async fn open(&self, auth: Value) -> Socket {
        Connect::to(self.url()).auth(auth).open().await.unwrap()
    }

    /// An authenticated socket with its snapshot, and what `authenticated` said.
    pub(crate) async fn enter(&self, auth: Value) -> (Socket, Value, Value) {
        let mut socket = self.open(auth).await;
        let welcome = socket.wait_for("authenticated", SOON).await.unwrap();
        assert_eq!(welcome.payload()["success"], true);
        let snapshot = socket.wait_for("presence:snapshot", SOON).await.unwrap();
        let (welcome, snapshot) = (welcome.payload().clone(), snapshot.payload().clone());
        (socket, welcome, snapshot)
    }

    /// An authenticated socket of a user.
    pub(crate) async fn user(&self, id: &str) -> Socket {
        self.enter(json!({"token": token(id)})).await.0
    }
}

fn config(data: &TempDir, settings: &[(String, String)]) -> Config {
    let environment: BTreeMap<String, _> = [
        ("VIGIE_LISTEN", "127.0.0.1:0"),
        ("VIGIE_DATA_DIR", data.path().to_str().unwrap()),
        ("JWT_SECRET", SECRET),
        ("VIGIE_API_KEY", API_KEY),
    ]
    .into_iter()
    .chain(
        settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
    .map(|(name, value)| (name.to_owned(), value.into()))
    .collect();
    let sources = Sources {
        environment,
        ..Sources::default()
    };
    load(&sources).unwrap().config
}

/// A token for an hour.
pub(crate) fn token(id: &str) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let token = NewToken {
        user: &PrincipalId::user(id).unwrap(),
        username: None,
        role: None,
        issued_at: Wall::from_millis(i64::try_from(now.as_millis()).unwrap()),
        ttl: Duration::from_secs(3_600),
    };
    sign(&Secret::new(SECRET), &token).unwrap()
}

/// The next `user:status` of a person, as `isOnline`.
pub(crate) async fn next_status(socket: &mut Socket, of: &str) -> bool {
    let deadline = Instant::now() + SOON;
    loop {
        let left = deadline.duration_since(Instant::now());
        let event = socket.wait_for("user:status", left).await.unwrap();
        if event.payload()["userId"] == of {
            return event.payload()["isOnline"].as_bool().unwrap();
        }
    }
}

/// The names of the events up to the answer to a heartbeat sent now, with their first arguments.
///
/// What the server had for the socket before the heartbeat came is among them.
pub(crate) async fn told_by_now(socket: &mut Socket) -> Vec<(String, Value)> {
    let mark = json!({"clientTime": 1});
    socket.emit("heartbeat", Some(mark));
    let mut told = Vec::new();
    loop {
        let event = tokio::time::timeout(SOON, socket.recv()).await.unwrap();
        let event = event.unwrap();
        if event.name == "heartbeat:ack" {
            return told;
        }
        told.push((event.name.clone(), event.payload().clone()));
    }
}

/// Asks again and again until the answer is as it should be.
pub(crate) async fn until<T: PartialEq + std::fmt::Debug>(
    mut ask: impl AsyncFnMut() -> T,
    expected: T,
) {
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
