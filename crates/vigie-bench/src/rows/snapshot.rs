//! The first snapshot of a watcher with 1,000 contacts, some of them online.
//!
//! Watchers connect one after the other, and leave before the next one comes, so that nobody is there to be told of them.
//! What the snapshot alone costs is what such a connect costs more than one of a person who knows nobody.
//! The bare limit answers as many bytes to a GET on a connection of its own.

use std::cell::Cell;
use std::time::Instant;

use hdrhistogram::Histogram;

use crate::bare;
use crate::circle::Circle;
use crate::people::{PATIENCE, connect};
use crate::plain::fetch_alone;
use crate::report::Report;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, Turns, in_turns};

const CONTACTS: usize = 1_000;

/// The same in a trial.
const FEW_CONTACTS: usize = 100;

/// Connects that are counted, of each kind: a quarter of a second or more of the server's time, which is counted in hundredths.
const CONNECTS: usize = 1_000;

/// The same in a trial.
const FEW: usize = 40;

/// Connects before anything counts, so that what compiles itself while it runs has done so.
const WARMING_UP: usize = 300;

/// What is greeted with.
const SNAPSHOT: &str = "presence:snapshot";

/// Where each number stands.
const MEDIAN: usize = 0;
const SLOWEST: usize = 1;
const CPU: usize = 2;
const CPU_ALONE: usize = 3;
const BYTES: usize = 4;

type Numbers = [f64; 5];

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let contacts = stage.size(CONTACTS, FEW_CONTACTS);
    let connects = stage.size(CONNECTS, FEW);
    let size = Cell::new(0);
    let subjects = [Subject::Vigie, Subject::BareAxum, Subject::Node];
    let turns = in_turns(stage, &subjects, async |subject, server| match subject {
        Subject::Vigie => {
            let numbers = greet(server, contacts, connects).await?;
            size.set(numbers[BYTES] as usize);
            Ok(numbers)
        }
        Subject::Node => greet(server, contacts, connects).await,
        Subject::BareAxum | Subject::BareFastify => send(server, size.get(), connects).await,
    })
    .await?;
    report(&turns, contacts)
}

fn report(turns: &Turns<5>, contacts: usize) -> anyhow::Result<Report> {
    let of = format!("first snapshot of {contacts} contacts");
    let bare = "… the bare limit, as many bytes by one GET";
    let ratio = "… the Node gateway as a multiple of Vigie";
    let mut report = Report::default();
    for (index, what, unit) in [
        (MEDIAN, "from connect to snapshot, median", "ms"),
        (SLOWEST, "from connect to snapshot, 99th percentile", "ms"),
        (CPU, "server CPU of the connect", "µs"),
        (CPU_ALONE, "server CPU of the snapshot alone", "µs"),
        (BYTES, "bytes", "B"),
    ] {
        let what = format!("{of}, {what}");
        report.add(turns.finding(Subject::Vigie, index, &what, unit)?);
        report.add(turns.finding(Subject::Node, index, &what, unit)?);
        match index {
            CPU | CPU_ALONE => {
                report.add(turns.times(Subject::Node, Subject::Vigie, index, ratio)?);
            }
            _ => {}
        }
        match index {
            MEDIAN | SLOWEST | CPU => {
                report.add(turns.finding(Subject::BareAxum, index, bare, unit)?);
            }
            _ => {}
        }
    }
    Ok(report)
}

async fn greet(server: &Server, contacts: usize, connects: usize) -> anyhow::Result<Numbers> {
    let circle = Circle::gather(server, contacts).await?;
    let stranger = |turn: usize| contacts + 1 + turn % circle.watchers.len();
    let watcher = |turn: usize| circle.watcher(turn);
    let warming_up = WARMING_UP.min(connects);
    greet_each(server, warming_up, 0, stranger).await?;
    greet_each(server, warming_up, contacts, watcher).await?;
    let alone = greet_each(server, connects, 0, stranger).await?;
    let whole = greet_each(server, connects, contacts, watcher).await?;
    Ok([
        whole.times.value_at_quantile(0.5) as f64 / 1e3,
        whole.times.value_at_quantile(0.99) as f64 / 1e3,
        whole.cpu,
        whole.cpu - alone.cpu,
        whole.bytes,
    ])
}

/// What many connects came to.
struct Greeted {
    /// Microseconds, to three digits.
    times: Histogram<u64>,
    /// Microseconds of the server for each.
    cpu: f64,
    bytes: f64,
}

async fn greet_each(
    server: &Server,
    connects: usize,
    contacts: usize,
    person: impl Fn(usize) -> usize,
) -> anyhow::Result<Greeted> {
    let mut times = Histogram::new(3)?;
    let mut bytes = 0;
    let before = server.process().cpu()?;
    for turn in 0..connects {
        let began = Instant::now();
        let mut socket = connect(server.url(), person(turn), &[SNAPSHOT]).await?;
        let snapshot = socket.wait_for(SNAPSHOT, PATIENCE).await?;
        times.record(u64::try_from((snapshot.at - began).as_micros())?)?;
        bytes += snapshot.bytes;
        let users = snapshot.payload()["users"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(users == contacts, "{users} of {contacts} contacts came");
        socket.disconnect().await;
    }
    let spent = server.process().cpu()? - before;
    Ok(Greeted {
        times,
        cpu: spent.as_secs_f64() * 1e6 / connects as f64,
        bytes: bytes as f64 / connects as f64,
    })
}

/// The least that sends as much.
async fn send(server: &Server, bytes: usize, connects: usize) -> anyhow::Result<Numbers> {
    let path = bare::path_of(bytes);
    let mut times = Histogram::<u64>::new(3)?;
    let before = server.process().cpu()?;
    for _ in 0..connects {
        let began = Instant::now();
        let answer = fetch_alone(server.url(), &path).await?;
        times.record(u64::try_from(began.elapsed().as_micros())?)?;
        anyhow::ensure!(answer.len() == bytes, "{} of {bytes} bytes", answer.len());
    }
    let cpu = (server.process().cpu()? - before).as_secs_f64() * 1e6 / connects as f64;
    Ok([
        times.value_at_quantile(0.5) as f64 / 1e3,
        times.value_at_quantile(0.99) as f64 / 1e3,
        cpu,
        cpu,
        bytes as f64,
    ])
}
