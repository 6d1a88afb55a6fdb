//! An authenticated request that is an activity, beside bare routes that get the same requests.
//!
//! The authenticated one is `/v1/auth/forward`, the smallest that is an activity.
//! All answer without a body, to the same client, with the same tokens, in turns.

use crate::bare;
use crate::people::{callers, fetch_in_turn};
use crate::report::Report;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, in_turns};

const TOKENS: usize = 1_000;

/// Requests of one run: a second or more of the server's time, which is counted in hundredths.
const REQUESTS: usize = 50_000;

/// The same in a trial.
const FEW: usize = 5_000;

/// Requests before anything counts: everybody is known, online, and within the throttle; and what compiles itself while it runs has done so.
const WARMING_UP: usize = 10_000;

const ACTIVITY: &str = "/v1/auth/forward";

/// The most that a request may cost, as a multiple of the bare route.
const BUDGET: f64 = 1.25;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let subjects = [
        Subject::BareAxum,
        Subject::Vigie,
        Subject::BareFastify,
        Subject::Node,
    ];
    let requests = stage.size(REQUESTS, FEW);
    let turns = in_turns(stage, &subjects, async |subject, server| {
        let path = match subject {
            Subject::BareAxum | Subject::BareFastify => bare::PATH,
            Subject::Vigie | Subject::Node => ACTIVITY,
        };
        Ok([cpu_per_request(server, path, requests).await?])
    })
    .await?;
    let what = "server CPU of a request, 1,000 tokens";
    let mut report = Report::default();
    report.add(turns.finding(Subject::BareAxum, 0, what, "µs")?);
    report.add(turns.finding(Subject::Vigie, 0, what, "µs")?);
    let what = "… Vigie as a multiple of the bare axum route";
    let ratio = turns.times(Subject::Vigie, Subject::BareAxum, 0, what)?;
    report.add(ratio.at_most(BUDGET));
    let what = "server CPU of a request, 1,000 tokens";
    report.add(turns.finding(Subject::BareFastify, 0, what, "µs")?);
    report.add(turns.finding(Subject::Node, 0, what, "µs")?);
    let what = "… the Node gateway as a multiple of Vigie";
    report.add(turns.times(Subject::Node, Subject::Vigie, 0, what)?);
    Ok(report)
}

/// Microseconds of the server.
async fn cpu_per_request(server: &Server, path: &str, requests: usize) -> anyhow::Result<f64> {
    let callers = callers(server, TOKENS)?;
    fetch_in_turn(&callers, path, WARMING_UP).await?;
    let before = server.process().cpu()?;
    fetch_in_turn(&callers, path, requests).await?;
    let spent = server.process().cpu()? - before;
    Ok(spent.as_secs_f64() * 1e6 / requests as f64)
}
