//! A bulk read of 200 presences, as clients make it on every reconnect, one call after the other.

use std::time::Instant;

use hdrhistogram::Histogram;
use vigie_client::Http;

use crate::people::{callers, converse, fetch, fetch_in_turn, id};
use crate::report::Report;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, in_turns};

const IDS: usize = 200;

/// Members of the conversation that the reader shares with everyone it asks about.
const MEMBERS: usize = 1_000;

const CALLS: usize = 2_000;

/// The same in a trial.
const FEW: usize = 200;

/// Most milliseconds of all but the slowest hundredth.
const BUDGET: f64 = 2.0;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let calls = stage.size(CALLS, FEW);
    let turns = in_turns(stage, Subject::PEERS, async |_, server| {
        read_again_and_again(server, calls).await
    })
    .await?;
    let mut report = Report::default();
    for (index, (what, unit)) in [
        ("median", "ms"),
        ("99th percentile", "ms"),
        ("server CPU", "µs"),
    ]
    .into_iter()
    .enumerate()
    {
        let what = format!("bulk presence of {IDS} ids, {what}");
        let ours = turns.finding(Subject::Vigie, index, &what, unit)?;
        report.add(if index == 1 {
            ours.at_most(BUDGET)
        } else {
            ours
        });
        report.add(turns.finding(Subject::Node, index, &what, unit)?);
    }
    Ok(report)
}

/// Median and 99th percentile in milliseconds, and microseconds of the server.
async fn read_again_and_again(server: &Server, calls: usize) -> anyhow::Result<[f64; 3]> {
    converse(server, 0, 0..MEMBERS).await?;
    let callers = callers(server, MEMBERS)?;
    // All of them are online.
    fetch_in_turn(&callers, "/v1/auth/forward", MEMBERS).await?;
    let reader = &callers[0];
    let ids: Vec<_> = (1..=IDS).map(|number| id(number * 4)).collect();
    let path = format!("/users/presence?ids={}", ids.join(","));
    for _ in 0..calls / 2 {
        ensure_all_online(reader, &path).await?;
    }
    // In microseconds, to three digits.
    let mut times = Histogram::<u64>::new(3)?;
    let before = server.process().cpu()?;
    for _ in 0..calls {
        let began = Instant::now();
        fetch(reader, &path).await?;
        times.record(u64::try_from(began.elapsed().as_micros())?)?;
    }
    let spent = server.process().cpu()? - before;
    Ok([
        times.value_at_quantile(0.5) as f64 / 1e3,
        times.value_at_quantile(0.99) as f64 / 1e3,
        spent.as_secs_f64() * 1e6 / calls as f64,
    ])
}

async fn ensure_all_online(reader: &Http, path: &str) -> anyhow::Result<()> {
    let answer = fetch(reader, path).await?.json();
    let users = answer["data"]["users"].as_array();
    let online = users.map_or(0, |users| {
        users.iter().filter(|user| user["isOnline"] == true).count()
    });
    anyhow::ensure!(online == IDS, "{online} of {IDS} are shown online");
    Ok(())
}
