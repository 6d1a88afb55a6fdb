//! A store that goes away for a minute, under the requests of people who are known.
//!
//! Three minutes with the same steady load: before, away, after.
//! PostgreSQL is stopped where it stands (SIGSTOP of every process), SQLite is held by a foreign `BEGIN EXCLUSIVE`.
//! In the middle minute some people leave and others come; afterwards everybody's state in memory and in the store is compared with what should be.

mod load;
mod outage;
mod readiness;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use tokio::time::Instant;
use vigie_client::Method;

use crate::database::{Database, Kind};
use crate::finding::Finding;
use crate::people::{callers, connect, connect_all, converse, expect_success, fetch_in_turn, id};
use crate::report::Report;
use crate::server::Server;
use crate::stage::{Stage, operator};
use load::{Load, Sheet};
use outage::Outage;
use readiness::Readiness;

/// People who make requests.
const ASKING: usize = 1_000;

/// People who are connected at the beginning, and leave while the store is away; as many come.
const MOVING: usize = 100;

const MINUTE: Duration = Duration::from_secs(60);

/// The same in a trial.
const SHORT_MINUTE: Duration = Duration::from_secs(12);

/// The 99th percentile of the minute away, as a multiple of that before.
const RATIO_BUDGET: f64 = 2.0;

/// Times of last activity may be so old in the store: the throttle's interval, and the flush.
const AGE_BUDGET: f64 = 61.0;

/// Between two looks at the store afterwards, and until it must be right.
const LOOK: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let reports = Kind::ALL.map(|kind| Box::pin(on(stage, kind)));
    let mut whole = Report::default();
    for (report, kind) in join_all(reports).await.into_iter().zip(Kind::ALL) {
        whole.append(Report::of(report, &kind.to_string()));
    }
    Ok(whole)
}

async fn on(stage: &Stage, kind: Kind) -> anyhow::Result<Report> {
    if let Some(why) = stage.why_not(kind) {
        let what = format!("{kind} away for a minute");
        return Ok(Report::from(vec![Finding::not_run(what, why)]));
    }
    let minute = stage.size(MINUTE, SHORT_MINUTE);
    let moving = stage.size(MOVING, MOVING / 10);
    let database = Database::create(kind)?;
    let server = database.serve(stage, &[])?;
    let leaving = ASKING..ASKING + moving;
    let coming = leaving.end..leaving.end + moving;
    converse(&server, 0, 0..ASKING).await?;
    converse(&server, 1, leaving.start..coming.end).await?;
    let asking = callers(&server, ASKING)?;
    fetch_in_turn(&asking, "/v1/auth/forward", ASKING).await?;
    let mut here = connect_all(server.url(), leaving.clone(), &[]).await?;
    let load = Load::start(asking)?;
    let readiness = Readiness::watch(&server);
    // Everything is warm, and the first flushes are over.
    tokio::time::sleep(minute / 4).await;
    load.take().await?;
    tokio::time::sleep(minute).await;
    let before = load.take().await?;

    let outage = Outage::begin(&database).await?;
    let began = Instant::now();
    let mut came = Vec::new();
    for (number, person) in (0_u32..).zip(coming.clone()) {
        let step = minute / u32::try_from(moving)?;
        tokio::time::sleep_until(began + step * number).await;
        came.push(connect(server.url(), person, &[]).await?);
        here.pop()
            .context("nobody left to leave")?
            .disconnect()
            .await;
    }
    tokio::time::sleep_until(began + minute).await;
    let away = load.take().await?;
    outage.end(&database).await?;
    let ended = Instant::now();

    let right: BTreeSet<_> = (0..ASKING).chain(coming.clone()).map(id).collect();
    let right_in = wait_until_stored(&database, &right, ended).await?;
    tokio::time::sleep_until(ended + minute).await;
    let after = load.take().await?;
    let wrong_in_memory = wrong_in_memory(&server, coming.end, &right).await?;
    let oldest = oldest_activity(&database).await?;

    let mut report = Report::default();
    for (name, sheet) in [("before", &before), ("away", &away), ("after", &after)] {
        add_minute(&mut report, &format!("{kind}, minute {name}"), sheet)?;
    }
    let ratio = away.p99() / before.p99();
    let what = "… 99th percentile of the minute away as a multiple of the minute before";
    report.add(Finding::new(what, "×", vec![ratio])?.at_most(RATIO_BUDGET));
    let what = "… until every state in the store was right, from its return";
    report.add(Finding::new(what, "s", vec![right_in.as_secs_f64()])?);
    let what = "… states in memory that were wrong at the end";
    report.add(Finding::new(what, "", vec![wrong_in_memory as f64])?.at_most(0.0));
    let what = "… oldest last activity in the store of those who ask all the time";
    report.add(Finding::new(what, "s", vec![oldest])?.at_most(AGE_BUDGET));
    for note in readiness.told(began, ended) {
        report.note(format!("{kind}: {note}"));
    }
    drop((here, came));
    Ok(report)
}

fn add_minute(report: &mut Report, name: &str, sheet: &Sheet) -> anyhow::Result<()> {
    let what = format!("{name}: requests");
    report.add(Finding::new(what, "", vec![sheet.requests() as f64])?);
    let failed = Finding::new("… failed", "", vec![sheet.failed as f64])?;
    report.add(failed.at_most(0.0));
    report.add(Finding::new("… median", "ms", vec![sheet.p50()])?);
    report.add(Finding::new("… 99th percentile", "ms", vec![sheet.p99()])?);
    report.add(Finding::new("… longest", "ms", vec![sheet.longest()])?);
    Ok(())
}

/// From `since` until the store says of exactly these people that they are online.
async fn wait_until_stored(
    database: &Database,
    right: &BTreeSet<String>,
    since: Instant,
) -> anyhow::Result<Duration> {
    loop {
        let asked = Instant::now();
        let online = database
            .lines("SELECT principal_id FROM presence WHERE is_online")
            .await?;
        let online = BTreeSet::from_iter(online);
        if online == *right {
            return Ok(asked - since);
        }
        anyhow::ensure!(
            since.elapsed() < PATIENCE,
            "{} people are wrong in the store",
            online.symmetric_difference(right).count()
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// How many people the server itself shows otherwise than they should be.
async fn wrong_in_memory(
    server: &Server,
    people: usize,
    right: &BTreeSet<String>,
) -> anyhow::Result<usize> {
    let mut wrong = 0;
    let everybody: Vec<_> = (0..people).map(id).collect();
    for ids in everybody.chunks(500) {
        let path = format!("/v1/presence?ids={}", ids.join(","));
        let reply = operator(server).call(Method::GET, &path, None).await?;
        let shown = expect_success(reply)?.text();
        let shown: serde_json::Value = serde_json::from_str(&shown)?;
        let shown = shown["presences"].as_array().context("no presences")?;
        anyhow::ensure!(shown.len() == ids.len(), "{} were shown", shown.len());
        wrong += shown
            .iter()
            .zip(ids)
            .filter(|(shown, id)| (shown["isOnline"] == true) != right.contains(*id))
            .count();
    }
    Ok(wrong)
}

/// Seconds since the oldest last activity that the store has of those who ask.
async fn oldest_activity(database: &Database) -> anyhow::Result<f64> {
    let last = id(ASKING - 1);
    let oldest = database
        .number(&format!(
            "SELECT min(last_active_at) FROM node_presence WHERE principal_id <= '{last}'"
        ))
        .await?;
    let now = crate::million::now()?.as_millis();
    Ok((now - oldest) as f64 / 1e3)
}
