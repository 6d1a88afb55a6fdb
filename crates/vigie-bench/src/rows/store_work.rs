//! What a store has to do while 1,000 people make a request a second each, counted by the database itself.
//!
//! They start evenly over the first minute, so that their refreshes never share more than chance gives them: the worst case for transactions.
//! The minutes after it are counted, one by one; every store has its own server and its own people, all at the same time, since counts do not depend on the load of the machine.

mod postgres_count;
mod sqlite_count;

use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::Instant;
use vigie_client::Http;

use crate::database::{Database, Kind};
use crate::exposition::metric;
use crate::finding::Finding;
use crate::people::{callers, converse, fetch};
use crate::report::Report;
use crate::stage::Stage;
use postgres_count::PostgresCount;
use sqlite_count::SqliteCount;

const PEOPLE: usize = 1_000;
const BETWEEN_REQUESTS: Duration = Duration::from_secs(1);

/// The first minute, in which they start, and each of those that are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Minutes 2 to 6.
const MINUTES: u32 = 5;

/// A minute of a trial, and how many are counted.
const SHORT_MINUTE: Duration = Duration::from_secs(15);
const ONE: u32 = 1;

/// Most rows in a minute: one of each person, and the node's own.
const ROWS_BUDGET: f64 = 1_010.0;

/// Most transactions in a minute.
const TRANSACTIONS_BUDGET: f64 = 300.0;

/// What a database has done so far.
#[derive(Debug, Clone, Copy)]
struct Work {
    rows: f64,
    transactions: f64,
    /// Statements that only read, and read who exists or who shares what; unknown where the database does not count them.
    reads: Option<f64>,
}

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let reports = Kind::ALL.map(|kind| Box::pin(on(stage, kind)));
    let mut whole = Report::default();
    for (report, kind) in join_all(reports).await.into_iter().zip(Kind::ALL) {
        whole.append(Report::of(report, &kind.to_string()));
    }
    Ok(whole)
}

async fn on(stage: &Stage, kind: Kind) -> anyhow::Result<Report> {
    let name = format!("1,000 people on {kind}");
    if let Some(why) = stage.why_not(kind) {
        return Ok(Report::from(vec![Finding::not_run(name, why)]));
    }
    let (minute, minutes) = (stage.size(MINUTE, SHORT_MINUTE), stage.size(MINUTES, ONE));
    let database = Database::create(kind)?;
    let mut count = Count::prepare(&database).await?;
    let server = database.serve(stage, &[])?;
    // Everybody exists before: what is counted is presence alone.
    converse(&server, 0, 0..PEOPLE).await?;
    let began = Instant::now();
    let mut people = JoinSet::new();
    for (caller, number) in callers(&server, PEOPLE)?.into_iter().zip(0_u32..) {
        let first = began + MINUTE / u32::try_from(PEOPLE)? * number;
        people.spawn(ask_for_ever(caller, first));
    }
    tokio::time::sleep_until(began + minute).await;
    count.begin(&database).await?;
    let mut before = count.read(&database).await?;
    let mut asked = metric(&server, "vigie_activities_total").await?;
    let mut minutes_of_work = Vec::new();
    let mut activities = Vec::new();
    for number in (2..).take(usize::try_from(minutes)?) {
        tokio::time::sleep_until(began + minute * number).await;
        let after = count.read(&database).await?;
        minutes_of_work.push(Work {
            rows: after.rows - before.rows,
            transactions: after.transactions - before.transactions,
            reads: after.reads.zip(before.reads).map(|(now, then)| now - then),
        });
        before = after;
        let now = metric(&server, "vigie_activities_total").await?;
        activities.push(now - asked);
        asked = now;
    }
    if let Some(ended) = people.try_join_next() {
        return Err(ended?.context("a request failed"));
    }
    let mut report = Report::default();
    let column = |pick: fn(&Work) -> f64| minutes_of_work.iter().map(pick).collect();
    report.add(Finding::new(
        format!("{name}: activities a minute"),
        "",
        activities,
    )?);
    let rows = Finding::new("… rows written a minute", "", column(|work| work.rows))?;
    report.add(rows.at_most(ROWS_BUDGET));
    let what = "… transactions a minute";
    let transactions = Finding::new(what, "", column(|work| work.transactions))?;
    report.add(transactions.at_most(TRANSACTIONS_BUDGET));
    let reads: Option<Vec<_>> = minutes_of_work.iter().map(|work| work.reads).collect();
    let what = "… reads of people and conversations a minute";
    report.add(match reads {
        Some(reads) => Finding::new(what, "", reads)?.at_most(0.0),
        None => Finding::not_run(
            what,
            "SQLite runs inside the server: nobody outside sees it read",
        ),
    });
    for note in count.notes(&database)? {
        report.note(note);
    }
    Ok(report)
}

/// Returns only what went wrong.
async fn ask_for_ever(caller: Http, first: Instant) -> anyhow::Error {
    let mut seconds = tokio::time::interval_at(first, BETWEEN_REQUESTS);
    loop {
        seconds.tick().await;
        if let Err(error) = fetch(&caller, "/v1/auth/forward").await {
            return error;
        }
    }
}

/// How a kind of database is made to count.
#[derive(Debug)]
enum Count {
    Sqlite(SqliteCount),
    Postgres(PostgresCount),
}

impl Count {
    /// Before the server starts.
    async fn prepare(database: &Database) -> anyhow::Result<Self> {
        database.migrate().await?;
        Ok(match database.postgres() {
            None => Self::Sqlite(SqliteCount::prepare(database).await?),
            Some((_, name)) => Self::Postgres(PostgresCount::new(name)),
        })
    }

    /// When the minutes that count begin.
    async fn begin(&mut self, database: &Database) -> anyhow::Result<()> {
        match (self, database.postgres()) {
            (Self::Postgres(count), Some((postgres, _))) => count.begin(postgres),
            (Self::Postgres(_), None) => anyhow::bail!("no PostgreSQL"),
            (Self::Sqlite(count), _) => count.begin(database).await,
        }
    }

    async fn read(&mut self, database: &Database) -> anyhow::Result<Work> {
        match (self, database.postgres()) {
            (Self::Postgres(count), Some((postgres, _))) => count.read(postgres),
            (Self::Postgres(_), None) => anyhow::bail!("no PostgreSQL"),
            (Self::Sqlite(count), _) => count.read(database).await,
        }
    }

    fn notes(&self, database: &Database) -> anyhow::Result<Vec<String>> {
        match (self, database.postgres()) {
            (Self::Postgres(count), Some((postgres, _))) => count.notes(postgres),
            (Self::Postgres(_), None) => anyhow::bail!("no PostgreSQL"),
            (Self::Sqlite(count), _) => Ok(count.notes()),
        }
    }
}
