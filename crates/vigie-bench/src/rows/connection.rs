//! Resident memory of the server for each idle, authenticated Socket.IO connection.
//!
//! The people exist, and have been seen, before: what grows is the connection, its session and its place in the fan-out.

use std::time::Duration;

use crate::people::{callers, connect_all, fetch_in_turn};
use crate::report::Report;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, in_turns};

const CONNECTIONS: usize = 10_000;

/// The same in a trial.
const FEW: usize = 500;

/// The most that one may need, in kilobytes.
const BUDGET: f64 = 24.0;

/// Until what a crowd stirred up has settled.
const SETTLING: Duration = Duration::from_secs(2);

/// Two ping periods and more: every connection has been through its idle life.
const IDLING: Duration = Duration::from_secs(20);

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let connections = stage.size(CONNECTIONS, FEW);
    let turns = in_turns(stage, Subject::PEERS, async |_, server| {
        Ok([memory_of_each(server, connections).await? / 1_000.0])
    })
    .await?;
    let what = format!("resident memory of an idle Socket.IO connection, at {connections}");
    Ok(Report::from(vec![
        turns
            .finding(Subject::Vigie, 0, &what, "kB")?
            .at_most(BUDGET),
        turns.finding(Subject::Node, 0, &what, "kB")?,
    ]))
}

/// Bytes for each connection.
async fn memory_of_each(server: &Server, connections: usize) -> anyhow::Result<f64> {
    let callers = callers(server, connections)?;
    fetch_in_turn(&callers, "/v1/auth/forward", connections).await?;
    tokio::time::sleep(SETTLING).await;
    let before = server.process().resident()?;
    let mut sockets = connect_all(server.url(), 0..connections, &[]).await?;
    tokio::time::sleep(IDLING).await;
    let after = server.process().resident()?;
    let mut alive = 0;
    for socket in &mut sockets {
        let over = tokio::time::timeout(Duration::ZERO, socket.ended()).await;
        alive += usize::from(over.is_err());
    }
    anyhow::ensure!(
        alive == connections,
        "{alive} of {connections} connections stayed open"
    );
    Ok(after.saturating_sub(before) as f64 / alive as f64)
}
