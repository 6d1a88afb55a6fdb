//! Server CPU of each `user:status` that reaches a socket, when one person changes at a time.
//!
//! An operator turns one member of a conversation of 1,000 offline and online again; everybody is connected, and the next change comes a while after all have heard of the last, so that none of them can share a write with another.

use std::time::Duration;

use crate::audience::Audience;
use crate::finding::Finding;
use crate::report::Report;
use crate::rows::socket_write::cpu_per_event;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, in_turns};

const MEMBERS: usize = 1_000;

/// Changes that are told in one run.
const CHANGES: usize = 60;

/// The same in a trial.
const FEW: usize = 10;

/// Changes before anything counts.
const WARMING_UP: usize = 10;

/// Between two changes: longer than a server gathers changes for.
const APART: Duration = Duration::from_millis(100);

/// The peer needs so many times more.
const BUDGET: f64 = 5.0;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let changes = stage.size(CHANGES, FEW);
    let turns = in_turns(stage, Subject::PEERS, async |_, server| {
        Ok([cpu_per_delivery(server, changes).await?])
    })
    .await?;
    let mut writes = Vec::new();
    for _ in 0..stage.runs() {
        writes.push(cpu_per_event(MEMBERS, 1)?);
    }
    let what = "server CPU of a delivered `user:status`, lone changes in a conversation of 1,000";
    let ratio = "… the Node gateway as a multiple of Vigie";
    let bare = "… the bare limit: the kernel takes one write of 250 bytes to a socket";
    Ok(Report::from(vec![
        turns.finding(Subject::Vigie, 0, what, "µs")?,
        turns.finding(Subject::Node, 0, what, "µs")?,
        turns
            .times(Subject::Node, Subject::Vigie, 0, ratio)?
            .at_least(BUDGET),
        Finding::new(bare, "µs", writes)?,
    ]))
}

async fn cpu_per_delivery(server: &Server, changes: usize) -> anyhow::Result<f64> {
    let audience = Audience::gather(server, MEMBERS).await?;
    tell_in_turn(&audience, WARMING_UP).await?;
    let before = (server.process().cpu()?, audience.heard());
    tell_in_turn(&audience, changes).await?;
    let spent = server.process().cpu()? - before.0;
    let delivered = audience.heard() - before.1;
    Ok(spent.as_secs_f64() * 1e6 / delivered as f64)
}

/// Offline and online again, so that an even number leaves everything as it was.
async fn tell_in_turn(audience: &Audience, changes: usize) -> anyhow::Result<()> {
    for change in 0..changes {
        let expected = audience.heard() + MEMBERS as u64;
        audience.turn(change / 2, change % 2 == 1).await?;
        audience.wait_until(expected).await?;
        tokio::time::sleep(APART).await;
    }
    Ok(())
}
