//! A start with a million principals in the store: how long until it is ready, and how much memory each.

use std::time::Duration;

use tokio::time::Instant;

use crate::database::Kind;
use crate::exposition::metric;
use crate::finding::Finding;
use crate::million::State;
use crate::report::Report;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::Subject;

/// Most seconds until it is ready.
const BUDGET: f64 = 5.0;

/// Most resident bytes of each.
const OFFLINE_BUDGET: f64 = 200.0;
const ONLINE_BUDGET: f64 = 500.0;

/// Nothing written for so long: what the start left to be written has been.
const RESTING: Duration = Duration::from_secs(5);

/// Until it must have been.
const PATIENCE: Duration = Duration::from_secs(120);

/// Nobody's lease ends while it is looked at.
const SETTINGS: [(&str, &str); 1] = [("VIGIE_OFFLINE_AFTER", "1h")];

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for kind in Kind::ALL {
        if let Some(why) = stage.why_not(kind) {
            report.add(Finding::not_run(format!("start on {kind}"), why));
            continue;
        }
        for state in [State::Offline, State::Online] {
            let name = format!("a start on {kind} with everybody {}", state.name());
            report.append(Report::of(on(stage, kind, state).await, &name));
        }
    }
    Ok(report)
}

async fn on(stage: &Stage, kind: Kind, state: State) -> anyhow::Result<Report> {
    let empty = stage.start(Subject::Vigie)?.server.process().resident()? as f64;
    let mut million = stage.million(kind).await?;
    let people = million.people();
    let (mut seconds, mut bytes) = (Vec::new(), Vec::new());
    for run in 1..=stage.runs() {
        let database = million.copy(state).await?;
        let server = database.serve(stage, &SETTINGS)?;
        seconds.push(server.started_in().as_secs_f64());
        // Memory hardly varies, and rest takes its time: the last run is enough.
        if run == stage.runs() {
            wait_for_rest(&server).await?;
            let resident = server.process().resident()? as f64;
            bytes.push((resident - empty) / people as f64);
        }
    }
    let budget = match state {
        State::Offline => OFFLINE_BUDGET,
        State::Online => ONLINE_BUDGET,
    };
    let state = state.name();
    let what = format!("start on {kind} with {people} principals, {state}, until ready");
    let each = format!("… resident memory of each, {state}, at rest");
    Ok(Report::from(vec![
        Finding::new(what, "s", seconds)?.at_most(BUDGET),
        Finding::new(each, "B", bytes)?.at_most(budget),
    ]))
}

/// Until nothing is left of the start but what stays.
async fn wait_for_rest(server: &Server) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut written = f64::NAN;
    loop {
        let now = metric(server, "vigie_flush_rows_total").await?;
        if now == written {
            return Ok(());
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "it writes and writes");
        written = now;
        tokio::time::sleep(RESTING).await;
    }
}
