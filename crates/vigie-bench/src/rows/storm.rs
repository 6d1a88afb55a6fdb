//! Server CPU of each `user:status` that reaches a socket, when many people change.
//!
//! Everybody in a conversation of 1,000 is connected.
//! Twice in each run many members change, each once, so that no change makes another superfluous: at a steady rate, as on a busy morning, and all at once, as when a company's network goes.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep_until};

use crate::audience::Audience;
use crate::finding::Finding;
use crate::people::AT_ONCE;
use crate::report::Report;
use crate::rows::socket_write::cpu_per_event;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, in_turns};

const MEMBERS: usize = 1_000;

/// Members who change in each storm, offline and then online again.
const CHANGING: usize = 150;

/// The same in a trial.
const FEW: usize = 20;

/// Steady changes in each second: what the peer can tell on one processor without falling behind.
const A_SECOND: u32 = 50;

/// Events in one write of the bare limit.
const SHARING: usize = 10;

/// The peer needs so many times more.
const BUDGET: f64 = 5.0;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let changing = stage.size(CHANGING, FEW);
    let turns = in_turns(stage, Subject::PEERS, async |_, server| {
        let audience = Audience::gather(server, MEMBERS).await?;
        let steady = Storm::Steady.cpu_per_delivery(server, &audience, changing);
        let steady = steady.await?;
        let burst = Storm::Burst.cpu_per_delivery(server, &audience, changing);
        Ok([steady, burst.await?])
    })
    .await?;
    let mut report = Report::default();
    let storms = [
        format!("{A_SECOND} changes a second in a conversation of 1,000"),
        format!("{changing} changes at once in a conversation of 1,000"),
    ];
    for (index, storm) in storms.iter().enumerate() {
        let what = format!("server CPU of a delivered `user:status`, {storm}");
        let ratio = "… the Node gateway as a multiple of Vigie";
        report.add(turns.finding(Subject::Vigie, index, &what, "µs")?);
        report.add(turns.finding(Subject::Node, index, &what, "µs")?);
        let ratio = turns.times(Subject::Node, Subject::Vigie, index, ratio)?;
        report.add(ratio.at_least(BUDGET));
    }
    let mut writes = Vec::new();
    for _ in 0..stage.runs() {
        writes.push(cpu_per_event(MEMBERS, SHARING)?);
    }
    let what = format!("… the bare limit: an event, when {SHARING} of them go in one write");
    report.add(Finding::new(what, "µs", writes)?);
    Ok(report)
}

/// How changes follow each other.
#[derive(Debug, Clone, Copy)]
enum Storm {
    Steady,
    Burst,
}

impl Storm {
    async fn cpu_per_delivery(
        self,
        server: &Server,
        audience: &Audience,
        changing: usize,
    ) -> anyhow::Result<f64> {
        let before = (server.process().cpu()?, audience.heard());
        for is_online in [false, true] {
            let expected = audience.heard() + (changing * MEMBERS) as u64;
            match self {
                Self::Steady => change_steadily(audience, changing, is_online).await?,
                Self::Burst => change_at_once(audience, changing, is_online).await?,
            }
            audience.wait_until(expected).await?;
        }
        let spent = server.process().cpu()? - before.0;
        let delivered = audience.heard() - before.1;
        Ok(spent.as_secs_f64() * 1e6 / delivered as f64)
    }
}

async fn change_steadily(
    audience: &Audience,
    changing: usize,
    is_online: bool,
) -> anyhow::Result<()> {
    let began = Instant::now();
    for (person, number) in (0..changing).zip(0_u32..) {
        sleep_until(began + Duration::from_secs(1) / A_SECOND * number).await;
        audience.turn(person, is_online).await?;
    }
    Ok(())
}

async fn change_at_once(
    audience: &Audience,
    changing: usize,
    is_online: bool,
) -> anyhow::Result<()> {
    stream::iter(0..changing)
        .map(|person| audience.turn(person, is_online))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
