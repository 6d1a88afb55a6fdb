//! A start with a million principals in the store: how long until it is ready, and how much memory each.

use std::time::Duration;

use crate::database::Kind;
use crate::finding::Finding;
use crate::million::State;
use crate::report::Report;
use crate::stage::Stage;
use crate::subject::Subject;

/// Most seconds until it is ready.
const BUDGET: f64 = 5.0;

/// Most resident bytes of each.
const OFFLINE_BUDGET: f64 = 200.0;
const ONLINE_BUDGET: f64 = 500.0;

/// Until what the start left to be written has been.
const RESTING: Duration = Duration::from_secs(10);

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
    for _ in 0..stage.runs() {
        let database = million.copy(state).await?;
        let server = database.serve(stage, &SETTINGS)?;
        seconds.push(server.started_in().as_secs_f64());
        tokio::time::sleep(RESTING).await;
        let resident = server.process().resident()? as f64;
        bytes.push((resident - empty) / people as f64);
    }
    let budget = match state {
        State::Offline => OFFLINE_BUDGET,
        State::Online => ONLINE_BUDGET,
    };
    let state = state.name();
    let what = format!("start on {kind} with {people} principals, {state}, until ready");
    let each = format!("… resident memory of each, {state}, ten seconds later");
    Ok(Report::from(vec![
        Finding::new(what, "s", seconds)?.at_most(BUDGET),
        Finding::new(each, "B", bytes)?.at_most(budget),
    ]))
}
