//! The player: every person of the plan as one task with one connection at a time.
//!
//! In: a plan and tokens. Out: real joins, leaves and activity on the server, each join and leave
//! announced to the score before it begins.
//! Who is online at the start connects first; then the clock starts for everybody at once.
//! A person's next act waits until the edge of the one before was seen, or given up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use vigie_client::{Connect, Socket};

use super::plan::{Act, Plan, Step};
use super::score::{Cause, PersonIndex, Shared};

/// After the last act, edges that nobody caused still have this long to show themselves:
/// more than a server's usual grace of 4 s and the second that its deadlines may be late. A
/// settle time below that says that this server's grace is shorter.
const AFTERMATH: Duration = Duration::from_secs(6);

/// A connection has this long from its first byte to its welcome; old clients give up then.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(5);

/// What a person's connection listens to: its own fate. The rest is the watcher's business.
const HEARD: [&str; 3] = ["authenticated", "error", "auth:token-expired"];

/// How fast, and how much at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The instant of the trace at which the clock starts.
    pub(super) from: Timestamp,
    pub(super) speed: f64,
    /// How long an edge may take before the person goes on without it.
    pub(super) settle: Duration,
    /// Connection attempts at the same time.
    pub(super) connecting: usize,
}

/// All that the people have in common.
#[derive(Debug, Clone)]
pub(super) struct Player {
    pub(super) url: String,
    pub(super) score: Shared,
    pub(super) bar: ProgressBar,
    pub(super) pace: Pace,
}

/// The end of a play: who is still connected, and how long it took.
pub(super) struct Played {
    actors: Vec<Actor>,
    pub(super) took: Duration,
}

impl Played {
    /// Disconnects everybody, cleanly.
    pub(super) async fn leave(self) {
        let mut leaving = JoinSet::new();
        for mut socket in self.actors.into_iter().filter_map(|actor| actor.socket) {
            leaving.spawn(async move { socket.disconnect().await });
        }
        leaving.join_all().await;
    }
}

impl Player {
    /// Plays the whole plan; `tokens` are in the plan's order of people.
    pub(super) async fn play(self, plan: &Plan, tokens: Vec<String>) -> Played {
        let gate = Arc::new(Semaphore::new(self.pace.connecting));
        let mut entering = JoinSet::new();
        for (index, (person, token)) in plan.people.iter().zip(tokens).enumerate() {
            let mut actor = Actor {
                person: PersonIndex(index),
                name: person.name.clone(),
                token,
                socket: None,
                gate: Arc::clone(&gate),
                player: self.clone(),
            };
            let is_online_at_start = person.is_online_at_start;
            let from = plan.from;
            entering.spawn(async move {
                if is_online_at_start {
                    Box::pin(actor.join(from, false)).await;
                }
                actor
            });
        }
        self.bar.set_message("connecting who is online already");
        let mut ready = entering.join_all().await;
        ready.sort_by_key(|actor| actor.person.0);

        self.bar.set_message("");
        let start = Instant::now();
        let mut playing = JoinSet::new();
        for (actor, person) in ready.into_iter().zip(&plan.people) {
            playing.spawn(Box::pin(actor.play(person.steps.clone(), start)));
        }
        let actors = playing.join_all().await;
        let took = start.elapsed();
        self.bar.set_message("listening for what nobody caused");
        tokio::time::sleep(AFTERMATH.min(self.pace.settle)).await;
        Played { actors, took }
    }
}

/// One person.
struct Actor {
    person: PersonIndex,
    name: String,
    token: String,
    socket: Option<Socket>,
    gate: Arc<Semaphore>,
    player: Player,
}

impl Actor {
    async fn play(mut self, steps: Vec<Step>, start: Instant) -> Self {
        let pace = self.player.pace;
        for step in steps {
            let offset = Duration::try_from(step.at.duration_since(pace.from)).unwrap_or_default();
            self.wait_until(start + offset.div_f64(pace.speed)).await;
            match step.act {
                Act::Join => self.join(step.at, step.is_scored).await,
                Act::LeaveCleanly => self.leave(Cause::CleanLeave, step).await,
                Act::LeaveAbruptly => self.leave(Cause::AbruptLeave, step).await,
                Act::BeActive => {
                    if let Some(socket) = &self.socket {
                        socket.emit("presence:activity", None);
                    }
                }
            }
            self.player.bar.inc(1);
        }
        self
    }

    /// Waits, with an eye on the connection: one that ends by itself is a trouble.
    async fn wait_until(&mut self, then: Instant) {
        let alarm = tokio::time::sleep_until(then.into());
        let Some(socket) = &mut self.socket else {
            return alarm.await;
        };
        tokio::pin!(alarm);
        tokio::select! {
            () = &mut alarm => return,
            end = socket.ended() => {
                self.socket = None;
                self.trouble(format!("lost its connection: {end}"));
            }
        }
        alarm.await;
    }

    async fn join(&mut self, at: Timestamp, is_scored: bool) {
        let gate = Arc::clone(&self.gate);
        let Ok(permit) = gate.acquire().await else {
            return;
        };
        let began = Instant::now();
        let edge = self
            .player
            .score
            .with(|ledger| ledger.expect(self.person, Cause::Join, at, is_scored, began));
        match self.connect().await {
            Ok(socket) => self.socket = Some(socket),
            Err(error) => return self.trouble(format!("cannot join: {error:#}")),
        }
        drop(permit);
        self.settle(edge).await;
    }

    async fn connect(&self) -> anyhow::Result<Socket> {
        let connect = Connect::to(&self.player.url)
            .auth(json!({ "token": self.token }))
            .listen_only(HEARD)
            .timeout(WELCOME_TIMEOUT);
        let mut socket = connect.open().await?;
        let welcome = socket.wait_for("authenticated", WELCOME_TIMEOUT).await?;
        let payload = welcome.payload();
        anyhow::ensure!(payload["success"] == true, "refused: {payload}");
        Ok(socket)
    }

    async fn leave(&mut self, cause: Cause, step: Step) {
        // Without a connection there is nothing to leave; why is among the troubles already.
        let Some(mut socket) = self.socket.take() else {
            return;
        };
        let began = Instant::now();
        let edge = self
            .player
            .score
            .with(|ledger| ledger.expect(self.person, cause, step.at, step.is_scored, began));
        match cause {
            Cause::AbruptLeave => socket.abort().await,
            Cause::CleanLeave | Cause::Join => socket.disconnect().await,
        }
        self.settle(edge).await;
    }

    async fn settle(&self, edge: super::score::EdgeIndex) {
        let within = self.player.pace.settle;
        if !self.player.score.settled(self.person, edge, within).await {
            self.player
                .bar
                .set_message(format!("{} was not told in time", self.name));
        }
    }

    fn trouble(&self, what: String) {
        self.player.score.trouble(format!("{} {what}", self.name));
    }
}
