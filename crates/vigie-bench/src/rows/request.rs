//! An authenticated request that is an activity, beside a bare route that gets the same requests.
//!
//! The authenticated one is `/v1/auth/forward`, the smallest that is an activity.
//! Both answer without a body, to the same client, with the same tokens, in turns.

use crate::bare;
use crate::finding::Finding;
use crate::people::{callers, fetch_in_turn};
use crate::row::RUNS;
use crate::server::Server;
use crate::stage::Stage;

const TOKENS: usize = 1_000;

/// Requests of one run: a second or more of the server's time, which is counted in hundredths.
const REQUESTS: usize = 100_000;

const ACTIVITY: &str = "/v1/auth/forward";

/// The most that a request may cost, as a multiple of the bare route.
const BUDGET: f64 = 1.25;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Vec<Finding>> {
    let vigie = stage.vigie()?;
    let bare = stage.bare()?;
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // Everybody is known, and online within the throttle, before anything counts.
    fetch_in_turn(&callers(&vigie.server, TOKENS)?, ACTIVITY, TOKENS).await?;
    fetch_in_turn(&callers(&bare, TOKENS)?, bare::PATH, TOKENS).await?;
    for _ in 0..RUNS {
        let of_bare = cpu_per_request(&bare, bare::PATH).await?;
        let of_vigie = cpu_per_request(&vigie.server, ACTIVITY).await?;
        ours.push(of_vigie);
        theirs.push(of_bare);
        ratios.push(of_vigie / of_bare);
    }
    Ok(vec![
        Finding::new("server CPU of a request to a bare axum route", "µs", theirs)?,
        Finding::new(
            "server CPU of an authenticated request that is an activity, 1,000 tokens",
            "µs",
            ours,
        )?,
        Finding::new("… as a multiple of the bare route", "×", ratios)?.at_most(BUDGET),
    ])
}

/// Microseconds of the server.
async fn cpu_per_request(server: &Server, path: &str) -> anyhow::Result<f64> {
    let callers = callers(server, TOKENS)?;
    let before = server.process().cpu()?;
    fetch_in_turn(&callers, path, REQUESTS).await?;
    let spent = server.process().cpu()? - before;
    Ok(spent.as_secs_f64() * 1e6 / REQUESTS as f64)
}
