//! A bulk read of 200 presences, as clients make it on every reconnect, one call after the other.

use std::time::Instant;

use hdrhistogram::Histogram;

use crate::finding::Finding;
use crate::people::{callers, converse, fetch, fetch_in_turn, id};
use crate::row::RUNS;
use crate::stage::Stage;

const IDS: usize = 200;

/// Members of the conversation that the reader shares with everyone it asks about.
const MEMBERS: usize = 1_000;

const CALLS: usize = 2_000;

/// Most milliseconds of all but the slowest hundredth.
const BUDGET: f64 = 2.0;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Vec<Finding>> {
    let vigie = stage.vigie()?;
    let server = &vigie.server;
    converse(server, 0, 0..MEMBERS).await?;
    let callers = callers(server, MEMBERS)?;
    // All of them are online.
    fetch_in_turn(&callers, "/v1/auth/forward", MEMBERS).await?;
    let reader = &callers[0];
    let ids: Vec<_> = (1..=IDS).map(|number| id(number * 4)).collect();
    let path = format!("/users/presence?ids={}", ids.join(","));
    let first = fetch(reader, &path).await?.json();
    let users = first["data"]["users"].as_array();
    let online = users.map_or(0, |users| {
        users.iter().filter(|user| user["isOnline"] == true).count()
    });
    anyhow::ensure!(online == IDS, "{online} of {IDS} are shown online");
    let (mut medians, mut slowest, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        // In microseconds, to three digits.
        let mut times = Histogram::<u64>::new(3)?;
        let before = server.process().cpu()?;
        for _ in 0..CALLS {
            let began = Instant::now();
            fetch(reader, &path).await?;
            times.record(u64::try_from(began.elapsed().as_micros())?)?;
        }
        let spent = server.process().cpu()? - before;
        medians.push(times.value_at_quantile(0.5) as f64 / 1e3);
        slowest.push(times.value_at_quantile(0.99) as f64 / 1e3);
        costs.push(spent.as_secs_f64() * 1e6 / CALLS as f64);
    }
    Ok(vec![
        Finding::new("bulk presence of 200 ids: median", "ms", medians)?,
        Finding::new("bulk presence of 200 ids: 99th percentile", "ms", slowest)?.at_most(BUDGET),
        Finding::new("bulk presence of 200 ids: server CPU", "µs", costs)?,
    ])
}
