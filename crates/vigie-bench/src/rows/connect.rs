//! Server CPU of an authenticated connect.
//!
//! It is all of it: TCP, upgrade, token, session, snapshot, telling those who are there already, and the write to the store.

use std::time::Duration;

use crate::people::{connect_all, converse};
use crate::report::Report;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, in_turns};

/// People who connect in one run.
const NEWCOMERS: usize = 4_000;

/// The same in a trial.
const FEW: usize = 300;

/// People who connect before anything counts, so that what compiles itself while it runs has done so.
const WARMING_UP: usize = 1_000;

/// Members of each of their conversations.
const MEMBERS: usize = 10;

/// The peer needs so many times more.
const BUDGET: f64 = 5.0;

/// Until what a crowd stirred up has settled.
const SETTLING: Duration = Duration::from_secs(2);

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let newcomers = stage.size(NEWCOMERS, FEW);
    let turns = in_turns(stage, Subject::PEERS, async |_, server| {
        Ok([cpu_per_connect(server, newcomers).await?])
    })
    .await?;
    let what = "server CPU of an authenticated connect, conversations of 10";
    let ratio = "… the Node gateway as a multiple of Vigie";
    Ok(Report::from(vec![
        turns.finding(Subject::Vigie, 0, what, "µs")?,
        turns.finding(Subject::Node, 0, what, "µs")?,
        turns
            .times(Subject::Node, Subject::Vigie, 0, ratio)?
            .at_least(BUDGET),
    ]))
}

async fn cpu_per_connect(server: &Server, newcomers: usize) -> anyhow::Result<f64> {
    let warmed_up = WARMING_UP.min(newcomers);
    let everybody = warmed_up + newcomers;
    for (number, first) in (0..everybody).step_by(MEMBERS).enumerate() {
        converse(server, number, first..first + MEMBERS).await?;
    }
    let earlier = connect_all(server.url(), 0..warmed_up, &[]).await?;
    tokio::time::sleep(SETTLING).await;
    let before = server.process().cpu()?;
    let sockets = connect_all(server.url(), warmed_up..everybody, &[]).await?;
    // The writes that they caused belong to them.
    tokio::time::sleep(SETTLING).await;
    let spent = server.process().cpu()? - before;
    drop((earlier, sockets));
    Ok(spent.as_secs_f64() * 1e6 / newcomers as f64)
}
