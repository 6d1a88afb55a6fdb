//! Server CPU of an authenticated connect, and of each `user:status` that reaches a socket.
//!
//! A connect is all of it: TCP, upgrade, token, session, snapshot, and telling those who are there already.
//! The budgets are a fifth of what Node's socket.io was measured to need for the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use vigie_client::{Method, Socket};

use crate::finding::Finding;
use crate::people::{PATIENCE, connect_all, converse, expect_success, id};
use crate::row::RUNS;
use crate::rows::socket_write::cpu_per_write;
use crate::server::Server;
use crate::stage::{Stage, operator};

/// People who connect in one run.
const NEWCOMERS: usize = 5_000;

/// Members of each of their conversations.
const SMALL: usize = 10;

/// Members of the conversation in which changes are told.
const LARGE: usize = 1_000;

/// Changes that are told to it in one run.
const CHANGES: u64 = 60;

/// Most microseconds of a connect: a fifth of 990.
const CONNECT_BUDGET: f64 = 198.0;

/// Most microseconds of a delivered event: a fifth of 10.3.
const DELIVERY_BUDGET: f64 = 2.06;

/// Until what a crowd stirred up has settled.
const SETTLING: Duration = Duration::from_secs(2);

/// Between two looks at a counter.
const GLANCE: Duration = Duration::from_millis(2);

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Vec<Finding>> {
    let mut connects = Vec::new();
    for _ in 0..RUNS {
        connects.push(cpu_per_connect(stage).await?);
    }
    let deliveries = cpu_per_delivery(stage).await?;
    let mut writes = Vec::new();
    for _ in 0..RUNS {
        writes.push(cpu_per_write(LARGE)?);
    }
    Ok(vec![
        Finding::new(
            "server CPU of an authenticated connect, conversations of 10",
            "µs",
            connects,
        )?
        .at_most(CONNECT_BUDGET),
        Finding::new(
            "server CPU of a delivered `user:status`, conversation of 1,000",
            "µs",
            deliveries,
        )?
        .at_most(DELIVERY_BUDGET),
        Finding::new(
            "… the kernel's part alone: one write of 250 bytes to a socket",
            "µs",
            writes,
        )?,
    ])
}

async fn cpu_per_connect(stage: &Stage) -> anyhow::Result<f64> {
    let vigie = stage.vigie()?;
    let server = &vigie.server;
    for (number, first) in (0..NEWCOMERS).step_by(SMALL).enumerate() {
        converse(server, number, first..first + SMALL).await?;
    }
    tokio::time::sleep(SETTLING).await;
    let before = server.process().cpu()?;
    let sockets = connect_all(server.url(), 0..NEWCOMERS, &[]).await?;
    // The writes that they caused belong to them.
    tokio::time::sleep(SETTLING).await;
    let spent = server.process().cpu()? - before;
    drop(sockets);
    Ok(spent.as_secs_f64() * 1e6 / NEWCOMERS as f64)
}

async fn cpu_per_delivery(stage: &Stage) -> anyhow::Result<Vec<f64>> {
    let vigie = stage.vigie()?;
    let server = &vigie.server;
    converse(server, 0, 0..LARGE).await?;
    let sockets = connect_all(server.url(), 0..LARGE, &["user:status"]).await?;
    let heard = Arc::new(AtomicU64::new(0));
    for socket in sockets {
        tokio::spawn(count(socket, Arc::clone(&heard)));
    }
    wait_for_silence(&heard).await;
    let mut costs = Vec::new();
    for run in 0..RUNS {
        let before = (server.process().cpu()?, heard.load(Ordering::Relaxed));
        for change in 0..CHANGES {
            let expected = heard.load(Ordering::Relaxed) + LARGE as u64;
            turn(server, run, change % 2 == 1).await?;
            wait_until(&heard, expected).await?;
        }
        let spent = server.process().cpu()? - before.0;
        let delivered = heard.load(Ordering::Relaxed) - before.1;
        costs.push(spent.as_secs_f64() * 1e6 / delivered as f64);
    }
    Ok(costs)
}

/// An edge of one person, by the hand of an operator: everybody is told, their own device too.
async fn turn(server: &Server, person: usize, is_online: bool) -> anyhow::Result<()> {
    let body = json!({ "userId": id(person), "isOnline": is_online });
    let reply = operator(server)
        .call(Method::POST, "/maintenance/user-status", Some(&body))
        .await?;
    expect_success(reply).map(drop)
}

async fn count(mut socket: Socket, heard: Arc<AtomicU64>) {
    while socket.recv().await.is_ok() {
        heard.fetch_add(1, Ordering::Relaxed);
    }
}

async fn wait_until(heard: &AtomicU64, expected: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    while heard.load(Ordering::Relaxed) < expected {
        anyhow::ensure!(
            began.elapsed() < PATIENCE,
            "{} of {expected} events came",
            heard.load(Ordering::Relaxed)
        );
        tokio::time::sleep(GLANCE).await;
    }
    Ok(())
}

async fn wait_for_silence(heard: &AtomicU64) {
    loop {
        let before = heard.load(Ordering::Relaxed);
        tokio::time::sleep(SETTLING).await;
        if heard.load(Ordering::Relaxed) == before {
            return;
        }
    }
}
