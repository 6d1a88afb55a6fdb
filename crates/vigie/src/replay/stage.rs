//! The people and the one conversation on the server: set up before, removed after.

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use vigie_client::{Http, Method};

use super::plan::Plan;
use crate::credentials::Credentials;

/// Every id on the server starts with this, so that nobody real is touched.
const PREFIX: &str = "replay.";

/// At most this many calls at the same time.
const CALLS: usize = 16;

/// Everything that is created on the server.
pub(super) struct Stage {
    http: Http,
    conversation: String,
    /// The watcher's user id.
    pub(super) watcher: String,
    /// User ids, in the plan's order of people.
    pub(super) people: Vec<String>,
    names: Vec<String>,
}

impl Stage {
    pub(super) fn new(url: &str, credentials: &Credentials, plan: &Plan) -> Self {
        // Two replays at the same time share people, never a conversation.
        let run = format!(
            "{}.{}",
            jiff::Timestamp::now().as_second(),
            std::process::id()
        );
        let names = plan.people.iter().map(|person| person.name.clone());
        Self {
            http: Http::new(url).header("X-API-Key", credentials.api_key.expose()),
            conversation: format!("{PREFIX}{run}"),
            watcher: format!("{PREFIX}watcher.{run}"),
            people: names
                .clone()
                .map(|name| format!("{PREFIX}{name}"))
                .collect(),
            names: names.collect(),
        }
    }

    /// Creates the users, the conversation, and its members.
    pub(super) async fn set(&self) -> anyhow::Result<()> {
        let named = self.people.iter().zip(&self.names);
        stream::iter(named)
            .map(|(id, name)| self.put_user(id, name))
            .buffer_unordered(CALLS)
            .try_collect::<()>()
            .await?;
        self.put_user(&self.watcher, "Replay watcher").await?;
        let conversation = format!("/v1/conversations/{}", self.conversation);
        let title = json!({ "title": "Replay" });
        self.call(Method::PUT, &conversation, Some(&title)).await?;
        let everyone = self.people.iter().chain([&self.watcher]);
        let members: Value = everyone.map(|id| format!("user:{id}")).collect();
        self.call(
            Method::PUT,
            &format!("{conversation}/members"),
            Some(&members),
        )
        .await
    }

    /// Removes what [`Stage::set`] created, as far as it got.
    pub(super) async fn clear(&self) -> anyhow::Result<()> {
        let conversation = format!("/v1/conversations/{}", self.conversation);
        self.call(Method::DELETE, &conversation, None).await?;
        stream::iter(self.people.iter().chain([&self.watcher]))
            .map(|id| async move {
                self.call(Method::DELETE, &format!("/v1/users/{id}"), None)
                    .await
            })
            .buffer_unordered(CALLS)
            .try_collect::<()>()
            .await
    }

    async fn put_user(&self, id: &str, name: &str) -> anyhow::Result<()> {
        let body = json!({ "displayName": name });
        self.call(Method::PUT, &format!("/v1/users/{id}"), Some(&body))
            .await
    }

    /// One call that must succeed; removing what is not there has succeeded.
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<()> {
        let reply = self
            .http
            .call(method.clone(), path, body)
            .await
            .with_context(|| format!("cannot {method} {path}"))?;
        let is_gone = method == Method::DELETE && reply.status.as_u16() == 404;
        anyhow::ensure!(
            reply.status.is_success() || is_gone,
            "the server refused {method} {path} with {}: {}",
            reply.status,
            reply.text()
        );
        Ok(())
    }
}
