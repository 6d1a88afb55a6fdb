//! One conversation on one server: many open it, some of its members change.
//!
//! In: a server that knows its members. Out: what a change and a join came to.

use std::ops::Range;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use hdrhistogram::Histogram;
use serde_json::json;
use vigie_client::{Event, Socket};

use crate::audience::{Audience, STATUS};
use crate::changes::turn_steadily;
use crate::people::{AT_ONCE, PATIENCE, connect_all};
use crate::server::Server;

/// What opening a conversation is answered with, and what is told of it afterwards.
pub(crate) const PRESENCE: &str = "conversation:presence";
const DIFF: &str = "conversation:presence_diff";

/// Changes a second: 50 people change, so each of them does once in two seconds.
const PACE: u32 = 25;

/// Times that everybody changes; an even number leaves them as they were.
pub(crate) const WAVES: usize = 4;

/// The same in a trial.
pub(crate) const FEW_WAVES: usize = 2;

/// Times that everybody changes before anybody opens the conversation.
const UNOPENED_WAVES: usize = 2;

/// A ping period: what connections cost when nothing changes.
pub(crate) const IDLING: Duration = Duration::from_secs(8);

/// The same in a trial.
pub(crate) const SHORT_IDLING: Duration = Duration::from_secs(1);

/// Until what a crowd stirred up has settled.
const SETTLING: Duration = Duration::from_secs(2);

/// Where each number stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbers {
    /// Microseconds of the server for a change.
    Cpu,
    /// The same before anybody opened the conversation.
    CpuUnopened,
    /// Microseconds of the server for each diff at any watcher.
    CpuOfDiff,
    /// Diffs for each watcher and change.
    Diffs,
    /// Their bytes for each watcher and change.
    Bytes,
    /// Bytes of each diff.
    BytesOfDiff,
    /// `user:status` for each watcher and change.
    Statuses,
    /// Milliseconds from a join to its answer.
    JoinMedian,
    JoinSlowest,
    /// Bytes of that answer.
    FirstBytes,
}

/// How many there are.
pub(super) const EACH: usize = Numbers::FirstBytes as usize + 1;

/// What is done in one conversation.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) conversation: usize,
    pub(super) members: Range<usize>,
    pub(super) changing: Range<usize>,
    pub(super) watchers: Range<usize>,
    /// Joins that are timed.
    pub(super) joins: usize,
    pub(super) idling: Duration,
    pub(super) waves: usize,
}

/// What it came to.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) numbers: [f64; EACH],
    /// How the latest who joined is told.
    pub(super) mode: String,
}

/// What is told to those who joined.
struct Joined {
    sockets: Vec<Socket>,
    /// Microseconds, to three digits.
    times: Histogram<u64>,
    latest: Event,
}

impl Visit {
    /// Connects, joins, changes, and hangs up.
    ///
    /// # Errors
    /// When the server refuses, or tells nobody anything.
    pub(super) async fn make(&self, server: &Server) -> anyhow::Result<Made> {
        let heard = [STATUS, PRESENCE, DIFF];
        let sockets = connect_all(server.url(), self.watchers.clone(), &heard).await?;
        let mut audience = Audience::empty(server, &[STATUS, DIFF]);
        tokio::time::sleep(SETTLING).await;
        let idle = self.cpu_a_second(server).await?;
        let unopened = self.change(server, &audience, UNOPENED_WAVES, idle).await?;
        let joined = self.join_all(sockets).await?;
        audience.seat(joined.sockets);
        audience.wait_for_silence().await;
        let before = [audience.tally(DIFF), audience.tally(STATUS)];
        let spent = self.change(server, &audience, self.waves, idle).await?;
        let after = [audience.tally(DIFF), audience.tally(STATUS)];
        let [diffs, statuses] = [0, 1].map(|at| (after[at].events - before[at].events) as f64);
        let bytes = (after[0].bytes - before[0].bytes) as f64;
        anyhow::ensure!(diffs > 0.0, "nobody was told by {DIFF}");
        let changes = (self.waves * self.changing.len()) as f64;
        let each = self.watchers.len() as f64 * changes;
        let unopened_changes = (UNOPENED_WAVES * self.changing.len()) as f64;
        let mut numbers = [0.0; EACH];
        for (at, number) in [
            (Numbers::Cpu, spent / changes),
            (Numbers::CpuUnopened, unopened / unopened_changes),
            (Numbers::CpuOfDiff, spent / diffs),
            (Numbers::Diffs, diffs / each),
            (Numbers::Bytes, bytes / each),
            (Numbers::BytesOfDiff, bytes / diffs),
            (Numbers::Statuses, statuses / each),
            (
                Numbers::JoinMedian,
                joined.times.value_at_quantile(0.5) as f64 / 1e3,
            ),
            (
                Numbers::JoinSlowest,
                joined.times.value_at_quantile(0.99) as f64 / 1e3,
            ),
            (Numbers::FirstBytes, joined.latest.bytes as f64),
        ] {
            numbers[at as usize] = number;
        }
        let mode = joined.latest.payload()["mode"].as_str().unwrap_or("none");
        Ok(Made {
            numbers,
            mode: mode.to_owned(),
        })
    }

    /// Microseconds of the server in a second in which nothing changes.
    async fn cpu_a_second(&self, server: &Server) -> anyhow::Result<f64> {
        let (before, began) = (server.process().cpu()?, Instant::now());
        tokio::time::sleep(self.idling).await;
        let spent = server.process().cpu()? - before;
        Ok(spent.as_secs_f64() * 1e6 / began.elapsed().as_secs_f64())
    }

    /// Turns everybody who changes online, offline, and so on; microseconds of the server until the last was told, less what it needs anyway.
    async fn change(
        &self,
        server: &Server,
        audience: &Audience,
        waves: usize,
        idle: f64,
    ) -> anyhow::Result<f64> {
        let (before, began) = (server.process().cpu()?, Instant::now());
        for wave in 0..waves {
            let is_online = wave % 2 == 0;
            turn_steadily(audience.operator(), self.changing.clone(), PACE, is_online).await?;
        }
        audience.wait_for_silence().await;
        let spent = server.process().cpu()? - before;
        Ok((spent.as_secs_f64() * 1e6 - idle * began.elapsed().as_secs_f64()).max(0.0))
    }

    /// Most of them at once, the others in turn.
    async fn join_all(&self, mut sockets: Vec<Socket>) -> anyhow::Result<Joined> {
        let timed = sockets.split_off(sockets.len() - self.joins);
        let mut sockets: Vec<_> = stream::iter(sockets)
            .map(async |mut socket| {
                self.join(&mut socket).await?;
                anyhow::Ok(socket)
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut times = Histogram::new(3)?;
        let mut latest = None;
        for mut socket in timed {
            let began = Instant::now();
            let answer = self.join(&mut socket).await?;
            times.record(u64::try_from((answer.at - began).as_micros())?)?;
            latest = Some(answer);
            sockets.push(socket);
        }
        let latest = latest.ok_or_else(|| anyhow::anyhow!("nobody joined"))?;
        Ok(Joined {
            sockets,
            times,
            latest,
        })
    }

    async fn join(&self, socket: &mut Socket) -> anyhow::Result<Event> {
        let id = format!("c{}", self.conversation);
        let payload = json!({ "conversationId": id, "presence": true });
        socket.emit("conversation:join", Some(payload));
        Ok(socket.wait_for(PRESENCE, PATIENCE).await?)
    }
}
