//! The watcher: a member of the conversation who writes down whom it is told to be online or offline.
//!
//! In: its socket. Out: the first snapshot, and every `user:status` with the instant it came.
//! A partial snapshot announces nothing, and is not looked at.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vigie_client::{End, Event, Socket};

use super::finding::Fault;
use super::site::Site;

/// One `user:status`.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) at: Instant,
    pub(super) user: String,
    pub(super) is_online: bool,
}

/// A connected watcher.
#[derive(Debug)]
pub(super) struct Watcher {
    socket: Socket,
    heard: Vec<Statement>,
    /// A payload that no deployed client could read.
    unreadable: Option<Value>,
}

/// A place in what was heard, and when it was put there: only what comes later counts, also of what nobody looked at yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    heard: usize,
    at: Instant,
}

impl Mark {
    fn precedes(self, told: &Statement) -> bool {
        told.at >= self.at
    }
}

impl Watcher {
    pub(super) async fn connect(site: &Site, token: &str) -> Result<Self, Fault> {
        Ok(Self {
            socket: site.enter(json!({ "token": token })).await?,
            heard: Vec::new(),
            unreadable: None,
        })
    }

    /// How long the server lets a silent connection count, as it said in its handshake.
    pub(super) fn silence_limit(&self) -> Duration {
        self.socket.silence_limit()
    }

    /// The first snapshot.
    pub(super) async fn snapshot(&mut self, within: Duration) -> Result<Value, Fault> {
        match self.next_called("presence:snapshot", within).await {
            Ok(Some(event)) => Ok(event.payload().clone()),
            Ok(None) => Err(Fault::new(
                "a presence:snapshot right after `authenticated`",
                format!("none within {within:?}"),
                "clients see nobody until somebody changes: does a proxy drop large frames? the server's log",
            )),
            Err(end) => Err(lost(&end)),
        }
    }

    /// From here on.
    pub(super) fn mark(&mut self) -> Mark {
        Mark {
            heard: self.heard.len(),
            at: Instant::now(),
        }
    }

    /// The first statement since `mark` that says so; `None` when there is none by `deadline`.
    pub(super) async fn told(
        &mut self,
        mark: Mark,
        user: &str,
        is_online: bool,
        deadline: Instant,
    ) -> Result<Option<Statement>, Fault> {
        let mut seen = mark.heard;
        loop {
            let new = &self.heard[seen..];
            let found = new.iter().find(|told| {
                mark.precedes(told) && told.user == user && told.is_online == is_online
            });
            if let Some(found) = found {
                return Ok(Some(found.clone()));
            }
            seen = self.heard.len();
            let event = tokio::time::timeout_at(deadline.into(), self.socket.recv()).await;
            match event {
                Ok(Ok(event)) => self.hear(&event),
                Ok(Err(end)) => return Err(lost(&end)),
                Err(_) => return Ok(None),
            }
            self.check_readable()?;
        }
    }

    /// What was said of somebody since `mark`, as far as it was heard.
    pub(super) fn said_of(&self, mark: Mark, user: &str) -> Vec<Statement> {
        let new = self.heard[mark.heard..].iter();
        new.filter(|told| mark.precedes(told) && told.user == user)
            .cloned()
            .collect()
    }

    /// Leaves.
    pub(super) async fn leave(mut self) {
        self.socket.disconnect().await;
    }

    async fn next_called(&mut self, name: &str, within: Duration) -> Result<Option<Event>, End> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            match tokio::time::timeout_at(deadline, self.socket.recv()).await {
                Ok(Ok(event)) if event.name == name => return Ok(Some(event)),
                Ok(Ok(event)) => self.hear(&event),
                Ok(Err(end)) => return Err(end),
                Err(_) => return Ok(None),
            }
        }
    }

    fn hear(&mut self, event: &Event) {
        if event.name != "user:status" {
            return;
        }
        let payload = event.payload();
        let user = payload["userId"].as_str();
        let is_online = payload["isOnline"].as_bool();
        match (user, payload["username"].as_str(), is_online) {
            (Some(user), Some(_), Some(is_online)) => self.heard.push(Statement {
                at: event.at,
                user: user.to_owned(),
                is_online,
            }),
            _ => self.unreadable = Some(payload.clone()),
        }
    }

    fn check_readable(&mut self) -> Result<(), Fault> {
        let Some(payload) = self.unreadable.take() else {
            return Ok(());
        };
        Err(Fault::new(
            "user:status has a userId, a username and a boolean isOnline",
            payload.to_string(),
            "deployed clients cannot read it: what changes payloads between here and the server?",
        ))
    }
}

fn lost(end: &End) -> Fault {
    Fault::new(
        "the watcher stays connected",
        format!("it lost its connection: {end}"),
        "the server's log; a proxy that ends idle connections",
    )
}
