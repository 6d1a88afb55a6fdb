//! Server CPU of each `user:status` that reaches a socket, when many people change.
//!
//! Everybody in a conversation of 1,000 is connected.
//! In each storm many members change, each once, so that no change makes another superfluous: at a steady rate, as on a busy morning, and all at once, as when a company's network goes.

use std::fmt;

use crate::audience::Audience;
use crate::changes::{turn_at_once, turn_steadily};
use crate::finding::Finding;
use crate::report::Report;
use crate::rows::socket_write::cpu_per_event;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, in_turns};

const MEMBERS: usize = 1_000;

/// Members who change in each storm, offline and then online again.
const CHANGING: usize = 200;

/// The same in a trial.
const FEW: usize = 20;

/// Storms: of so many changes in each second, or all at once.
///
/// The peer can tell the lowest rate on one processor without falling behind; beyond it, its events come late and cost the same.
const STORMS: [Storm; 3] = [Storm::Steady(50), Storm::Steady(200), Storm::Burst];

/// Events in one write of the bare limit.
const SHARING: usize = 10;

/// The peer needs so many times more.
const BUDGET: f64 = 5.0;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let changing = stage.size(CHANGING, FEW);
    let turns = in_turns(stage, Subject::PEERS, async |_, server| {
        let audience = Audience::gather(server, MEMBERS).await?;
        let mut costs = [0.0; STORMS.len()];
        for (cost, storm) in costs.iter_mut().zip(STORMS) {
            *cost = storm.cpu_per_delivery(server, &audience, changing).await?;
        }
        Ok(costs)
    })
    .await?;
    let mut report = Report::default();
    for (index, storm) in STORMS.into_iter().enumerate() {
        let what =
            format!("server CPU of a delivered `user:status`, {storm} in a conversation of 1,000");
        let ratio = "… the Node gateway as a multiple of Vigie";
        report.add(turns.finding(Subject::Vigie, index, &what, "µs")?);
        report.add(turns.finding(Subject::Node, index, &what, "µs")?);
        let ratio = turns.times(Subject::Node, Subject::Vigie, index, ratio)?;
        report.add(ratio.at_least(BUDGET));
    }
    let mut writes = Vec::new();
    for _ in 0..stage.runs() {
        writes.push(cpu_per_event(MEMBERS, SHARING)?);
    }
    let what = format!("… the bare limit: an event, when {SHARING} of them go in one write");
    report.add(Finding::new(what, "µs", writes)?);
    Ok(report)
}

/// How changes follow each other.
#[derive(Debug, Clone, Copy)]
enum Storm {
    /// Changes a second.
    Steady(u32),
    Burst,
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steady(a_second) => write!(f, "{a_second} changes a second"),
            Self::Burst => f.write_str("many changes at once"),
        }
    }
}

impl Storm {
    async fn cpu_per_delivery(
        self,
        server: &Server,
        audience: &Audience,
        changing: usize,
    ) -> anyhow::Result<f64> {
        let before = (server.process().cpu()?, audience.heard());
        for is_online in [false, true] {
            let expected = audience.heard() + (changing * MEMBERS) as u64;
            match self {
                Self::Steady(a_second) => {
                    turn_steadily(audience.operator(), 0..changing, a_second, is_online).await?;
                }
                Self::Burst => turn_at_once(audience.operator(), 0..changing, is_online).await?,
            }
            audience.wait_until(expected).await?;
        }
        let spent = server.process().cpu()? - before.0;
        let delivered = audience.heard() - before.1;
        Ok(spent.as_secs_f64() * 1e6 / delivered as f64)
    }
}
