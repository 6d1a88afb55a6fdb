//! A million people who have been silent reach their deadline at the same instant.
//!
//! Once in the engine alone, and once from end to end: a server that restored everybody's REST lease from its store, asked from outside when nobody is online any more, and its store asked when it knows.
//! Somebody else makes one request after the other meanwhile; the slowest is the longest pause that others saw.

mod engine_alone;

use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;
use vigie_core::Wall;

use crate::database::{Database, Kind};
use crate::exposition::{metric, wait_for_metric};
use crate::finding::Finding;
use crate::million::{State, now};
use crate::people::{callers, fetch};
use crate::prober::Prober;
use crate::report::Report;
use crate::server::Server;
use crate::stage::Stage;

/// From the launch of the server to the deadline: it starts, and writes what it restored.
const LEAD: Duration = Duration::from_secs(30);

/// The same in a trial.
const SHORT_LEAD: Duration = Duration::from_secs(12);

/// Requests of others in the seconds before are what those during the deadline are compared with.
const BEFORE: Duration = Duration::from_secs(5);

/// A request of somebody else.
const ACTIVITY: &str = "/v1/auth/forward";

/// Most milliseconds until the last one is decided.
const DECIDED_BUDGET: f64 = 1_000.0;

/// Most seconds until all of it is durable.
const DURABLE_BUDGET: f64 = 10.0;

/// Most milliseconds that others wait.
const PAUSE_BUDGET: f64 = 10.0;

/// Between two looks at a server, and at a database that has a million rows to look through.
const GLANCE: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(250);

/// Until it must have happened.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let mut report = Report::from(engine_alone::measure(stage.runs())?);
    for kind in Kind::ALL {
        let name = format!("deadlines on {kind}");
        match stage.why_not(kind) {
            Some(why) => report.add(Finding::not_run(name, why)),
            None => report.append(Report::of(on(stage, kind).await, &name)),
        }
    }
    Ok(report)
}

async fn on(stage: &Stage, kind: Kind) -> anyhow::Result<Report> {
    let people = stage.million(kind).await?.people();
    let mut report = Report::default();
    let mut runs = Vec::new();
    for _ in 0..stage.runs() {
        runs.push(one_run(stage, kind).await?);
    }
    let column = |pick: fn(&Run) -> f64| runs.iter().map(pick).collect();
    let what = format!("{people} deadlines on {kind}, the last one decided");
    let decided = Finding::new(what, "ms late", column(|run| run.decided))?;
    report.add(decided.at_most(DECIDED_BUDGET));
    let durable = Finding::new("… all of it durable", "s late", column(|run| run.durable))?;
    report.add(durable.at_most(DURABLE_BUDGET));
    let what = "… longest request of somebody else meanwhile";
    let pause = Finding::new(what, "ms", column(|run| run.pause))?;
    report.add(pause.at_most(PAUSE_BUDGET));
    let what = "… longest one in the five seconds before";
    report.add(Finding::new(what, "ms", column(|run| run.calm))?);
    Ok(report)
}

/// What one run came to.
struct Run {
    /// Milliseconds from the deadline until nobody of them was online.
    decided: f64,
    /// Seconds from the deadline until the database knew it.
    durable: f64,
    /// Milliseconds of the slowest request of somebody else meanwhile.
    pause: f64,
    /// The same before the deadline.
    calm: f64,
}

async fn one_run(stage: &Stage, kind: Kind) -> anyhow::Result<Run> {
    let mut million = stage.million(kind).await?;
    let database = million.copy(State::Online).await?;
    let deadline = now()? + stage.size(LEAD, SHORT_LEAD);
    let offline_after = deadline.as_millis() - million.active_at().as_millis();
    let server = database.serve(
        stage,
        &[
            ("VIGIE_OFFLINE_AFTER", &format!("{offline_after}ms")),
            // So that the lease ends by its age, and not by the grace after a start.
            ("VIGIE_RESTART_GRACE", "4s"),
            ("VIGIE_THROTTLE_INTERVAL", "5s"),
        ],
    )?;
    let restored = metric(&server, "vigie_present").await?;
    anyhow::ensure!(
        restored == million.people() as f64,
        "{restored} of {} are online after the start",
        million.people()
    );
    let deadline = instant_of(deadline)?;
    // Somebody who is none of them, and stays online.
    let other = callers(&server, million.people() + 1)?
        .pop()
        .context("nobody")?;
    fetch(&other, ACTIVITY).await?;
    anyhow::ensure!(
        Instant::now() + BEFORE < deadline,
        "the start took too long to see the deadline"
    );
    tokio::time::sleep_until(deadline - BEFORE).await;
    let prober = Prober::start(other)?;
    tokio::time::sleep_until(deadline).await;
    let calm = prober.take().await?;
    let decided = wait_for_metric(&server, "vigie_present", GLANCE, PATIENCE, |present| {
        present <= 1.0
    });
    let decided = decided.await?;
    let durable = wait_until_durable(&server, &database).await?;
    let pause = prober.take().await?;
    Ok(Run {
        decided: (decided - deadline).as_secs_f64() * 1e3,
        durable: (durable - deadline).as_secs_f64(),
        pause: pause.max() as f64 / 1e3,
        calm: calm.max() as f64 / 1e3,
    })
}

/// By what the server says it is rid of, and then by the database's own word.
async fn wait_until_durable(server: &Server, database: &Database) -> anyhow::Result<Instant> {
    let mut written = metric(server, "vigie_flush_rows_total").await?;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = metric(server, "vigie_flush_rows_total").await?;
        if now == written {
            break;
        }
        written = now;
    }
    let began = Instant::now();
    loop {
        let asked = Instant::now();
        let online = database
            .number("SELECT count(*) FROM node_presence WHERE availability > 0")
            .await?;
        if online <= 1 {
            return Ok(asked);
        }
        anyhow::ensure!(
            began.elapsed() < PATIENCE,
            "{online} people are still online in the store"
        );
        tokio::time::sleep(LOOK).await;
    }
}

fn instant_of(wall: Wall) -> anyhow::Result<Instant> {
    let away = u64::try_from(wall.as_millis() - now()?.as_millis());
    let away = away.context("the start took longer than it may")?;
    Ok(Instant::now() + Duration::from_millis(away))
}
