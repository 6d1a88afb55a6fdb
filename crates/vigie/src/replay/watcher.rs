//! The watcher: a member of the conversation who writes down what it is told.
//!
//! In: its socket. Out: every statement of `presence:snapshot` and `user:status`, into the score.
//! A payload that breaks the wire's rules is a trouble of the report, never skipped in silence.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};
use vigie_client::{Connect, End, Event, Socket};

use super::score::{Origin, PersonIndex, Shared, Told};

/// Welcome and snapshot come right after the connection; old clients give up after 5 s.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(5);

/// With `--losses`, one scored edge in so many is thrown away, the first one too.
const LOSS_PERIOD: u64 = 20;

/// A connected watcher that has its first snapshot.
pub(super) struct Watcher {
    socket: Socket,
    /// Its own user id: people are told of themselves too, which is nothing to score.
    own_id: String,
    people: HashMap<String, PersonIndex>,
    score: Shared,
    /// `Some` with the number of scored edges heard so far, when losing some on purpose.
    losses: Option<u64>,
}

impl Watcher {
    /// Connects and takes in the first snapshot, which must show everybody.
    pub(super) async fn connect(
        url: &str,
        token: String,
        own_id: &str,
        people: &[String],
        score: Shared,
        loses: bool,
    ) -> anyhow::Result<Self> {
        let mut socket = Connect::to(url)
            .auth(json!({ "token": token }))
            .open()
            .await
            .context("the watcher cannot connect")?;
        let snapshot = socket
            .wait_for("presence:snapshot", WELCOME_TIMEOUT)
            .await
            .context("the watcher was not welcomed with a snapshot")?;
        let people_by_id = people.iter().cloned().zip((0..).map(PersonIndex));
        let mut watcher = Self {
            socket,
            own_id: own_id.to_owned(),
            people: people_by_id.collect(),
            score,
            losses: loses.then_some(0),
        };
        let shown = watcher.hear(&snapshot);
        anyhow::ensure!(
            shown == people.len(),
            "the watcher is shown {shown} of {} people: is the server's audience limit lower?",
            people.len()
        );
        Ok(watcher)
    }

    /// Writes down what comes, until the connection ends.
    pub(super) async fn listen(mut self) -> End {
        loop {
            match self.socket.recv().await {
                Ok(event) => self.hear(&event),
                Err(end) => return end,
            };
        }
    }

    /// Takes one event in; the number of statements it held.
    fn hear(&mut self, event: &Event) -> usize {
        let payload = event.payload();
        match event.name.as_str() {
            "user:status" => {
                self.note(payload, Origin::Change, event.at);
                1
            }
            "presence:snapshot" => {
                let users = payload["users"].as_array().map_or(&[][..], Vec::as_slice);
                for user in users {
                    self.note(user, Origin::Snapshot, event.at);
                }
                users.len()
            }
            _ => 0,
        }
    }

    fn note(&mut self, statement: &Value, origin: Origin, at: Instant) {
        if statement["userId"] == self.own_id.as_str() {
            return;
        }
        let Some(told) = self.read(statement, origin) else {
            self.score
                .trouble(format!("not a statement about a person: {statement}"));
            return;
        };
        if !self.loses(&told) {
            self.score.tell(told, at);
        }
    }

    fn read(&self, statement: &Value, origin: Origin) -> Option<Told> {
        let person = *self.people.get(statement["userId"].as_str()?)?;
        statement["username"].as_str()?;
        Some(Told {
            person,
            is_online: statement["isOnline"].as_bool()?,
            status: statement["status"].as_str().map(str::to_owned),
            origin,
        })
    }

    /// Whether this statement is thrown away. A later snapshot must not heal what was lost, so a
    /// losing watcher takes no edge from snapshots at all.
    fn loses(&mut self, told: &Told) -> bool {
        let Some(heard) = &mut self.losses else {
            return false;
        };
        match told.origin {
            Origin::Snapshot => true,
            Origin::Change => {
                if !self.score.with(|ledger| ledger.would_score(told)) {
                    return false;
                }
                let is_lost = heard.is_multiple_of(LOSS_PERIOD);
                *heard += 1;
                if is_lost {
                    self.score.with(|ledger| ledger.drop_due(told.clone()));
                }
                is_lost
            }
        }
    }
}
