//! A started server with a database of its own, and the service that registers webhooks there.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use vigie_client::{Http, Method, Reply};
use vigie_server::config::{Config, Sources, load};
use vigie_server::{Running, start};

use crate::receiver::Receiver;

const API_KEY: &str = "a-key-of-the-tests";

/// What is waited for happens well within this, also on a busy machine; a few failed attempts are waited for longest.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What the receivers of the tests verify by.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// One started server.
pub(crate) struct World {
    server: Running,
    data: TempDir,
    settings: Vec<(String, String)>,
}

impl World {
    /// A server that may tell receivers on this machine.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("VIGIE_WEBHOOK_ALLOW_PRIVATE", "true")];
        all.extend_from_slice(settings);
        let data = tempfile::tempdir().unwrap();
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let settings: Vec<_> = all.into_iter().map(owned).collect();
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
        Self { server, ..self }
    }

    /// The same with other settings besides.
    pub(crate) async fn restart_with(mut self, settings: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.settings.extend(settings.iter().map(owned));
        self.restart().await
    }

    /// Takes the database away from the server, so that it writes nothing more and no end, and starts another one on it.
    pub(crate) async fn crash(self) -> Self {
        self.server.app().store.close().await;
        let server = start(config(&self.data, &self.settings)).await.unwrap();
        drop(self.server);
        Self {
            server,
            data: self.data,
            settings: self.settings,
        }
    }

    /// What another service does, whatever the answer is.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let url = format!("http://{}", self.server.address());
        let http = Http::new(url).header("x-api-key", API_KEY);
        http.call(method, path, body.as_ref()).await.unwrap()
    }

    /// The same; it must succeed.
    pub(crate) async fn service(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let reply = self.ask(method, path, body).await;
        assert!(reply.status.is_success(), "{path}: {}", reply.text());
        reply.json()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.service(Method::GET, path, None).await
    }

    /// What somebody without any credential is answered.
    pub(crate) async fn anonymous(&self, path: &str) -> Reply {
        let http = Http::new(format!("http://{}", self.server.address()));
        http.call(Method::GET, path, None).await.unwrap()
    }

    /// A webhook at a receiver, by its id.
    pub(crate) async fn webhook(&self, receiver: &Receiver) -> String {
        let body = json!({"url": receiver.url(), "secret": SECRET});
        let made = self.service(Method::POST, "/v1/webhooks", Some(body)).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// How a webhook goes.
    pub(crate) async fn state(&self, id: &str) -> String {
        let shown = self.get(&format!("/v1/webhooks/{id}")).await;
        shown["state"].as_str().unwrap().to_owned()
    }

    /// Delivers to a parked webhook again.
    pub(crate) async fn resume(&self, id: &str) {
        let path = format!("/v1/webhooks/{id}/resume");
        self.service(Method::POST, &path, None).await;
    }

    /// Users who exist, and are offline.
    pub(crate) async fn people(&self, ids: &[&str]) {
        for id in ids {
            let path = format!("/v1/users/{id}");
            self.service(Method::PUT, &path, Some(json!({}))).await;
        }
    }

    /// Makes somebody online or offline.
    pub(crate) async fn force(&self, id: &str, is_online: bool) {
        let forced = json!({"userId": id, "isOnline": is_online});
        self.service(Method::POST, "/maintenance/user-status", Some(forced))
            .await;
    }

    /// The metrics as Prometheus would scrape them.
    pub(crate) async fn metrics(&self) -> String {
        self.ask(Method::GET, "/metrics", None).await.text()
    }
}

fn config(data: &TempDir, settings: &[(String, String)]) -> Config {
    let fixed = [
        ("VIGIE_LISTEN", "127.0.0.1:0"),
        ("VIGIE_DATA_DIR", data.path().to_str().unwrap()),
        ("JWT_SECRET", "a secret of the tests, long enough to sign"),
        ("VIGIE_API_KEY", API_KEY),
    ];
    let own = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let environment: BTreeMap<String, _> = fixed
        .into_iter()
        .chain(own)
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let sources = Sources {
        environment,
        ..Sources::default()
    };
    load(&sources).unwrap().config
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
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
