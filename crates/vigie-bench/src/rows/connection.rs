//! Resident memory of the server for each idle, authenticated Socket.IO connection.
//!
//! The people exist, and have been seen, before: what grows is the connection, its session and its place in the fan-out.

use std::time::Duration;

use crate::finding::Finding;
use crate::output;
use crate::people::{callers, connect_all, fetch_in_turn};
use crate::row::RUNS;
use crate::stage::Stage;

const CONNECTIONS: usize = 10_000;

/// The most that one may need, in bytes.
const BUDGET: f64 = 24_000.0;

/// Until what a crowd stirred up has settled.
const SETTLING: Duration = Duration::from_secs(2);

/// Two ping periods and more: every connection has been through its idle life.
const IDLING: Duration = Duration::from_secs(20);

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Vec<Finding>> {
    let mut each = Vec::new();
    for _ in 0..RUNS {
        each.push(one_run(stage).await? / 1_000.0);
    }
    let budget = BUDGET / 1_000.0;
    let what = "resident memory of an idle Socket.IO connection, at 10,000";
    Ok(vec![Finding::new(what, "kB", each)?.at_most(budget)])
}

/// Bytes for each connection.
async fn one_run(stage: &Stage) -> anyhow::Result<f64> {
    let vigie = stage.vigie()?;
    let server = &vigie.server;
    fetch_in_turn(
        &callers(server, CONNECTIONS)?,
        "/v1/auth/forward",
        CONNECTIONS,
    )
    .await?;
    tokio::time::sleep(SETTLING).await;
    let before = server.process().resident()?;
    let mut sockets = connect_all(server.url(), 0..CONNECTIONS, &[]).await?;
    tokio::time::sleep(IDLING).await;
    let after = server.process().resident()?;
    let mut alive = 0;
    for socket in &mut sockets {
        let over = tokio::time::timeout(Duration::ZERO, socket.ended()).await;
        alive += usize::from(over.is_err());
    }
    output::note(&format!("{alive} of {CONNECTIONS} connections are open"));
    anyhow::ensure!(alive > 0, "every connection ended");
    Ok(after.saturating_sub(before) as f64 / alive as f64)
}
