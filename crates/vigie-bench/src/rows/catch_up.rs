//! Coming back with a cursor after few changes among 1,000 contacts, beside being given everybody anew.
//!
//! Each watcher keeps another device connected, so that nobody goes or comes meanwhile and all that costs is the connection and its answer.
//! The Node gateway knows no cursors: whoever comes back to it is given everybody.
//! The bare limit answers as many bytes to a GET on a connection of its own.

use std::cell::Cell;
use std::time::Duration;

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::bare;
use crate::circle::Circle;
use crate::people::{AT_ONCE, PATIENCE, connect_all, connect_with, token};
use crate::plain::{Link, fetch_alone};
use crate::report::Report;
use crate::server::Server;
use crate::stage::Stage;
use crate::subject::{Subject, Turns, in_turns};

const CONTACTS: usize = 1_000;

/// The same in a trial.
const FEW_CONTACTS: usize = 100;

/// Contacts who changed since the cursor.
const CHANGED: usize = 10;

/// Watchers who come back, again and again; each has far fewer links at once than one person may have.
const WATCHERS: usize = 50;

/// The same in a trial.
const FEW_WATCHERS: usize = 10;

/// Returns with a cursor by each transport: a quarter of a second or so of the server's time, which is counted in hundredths.
const WITH_CURSOR: usize = 3_000;

/// Returns without: each costs a multiple.
const WITHOUT: usize = 1_000;

/// The same in a trial.
const FEW: usize = 40;

/// Returns before anything counts.
const WARMING_UP: usize = 200;

/// Until changes were told, and between two looks whether they were.
const GLANCE: Duration = Duration::from_millis(50);

const SNAPSHOT: &str = "presence:snapshot";

/// How a client comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    SocketIo,
    Plain(Link),
}

const TRANSPORTS: [Transport; 4] = [
    Transport::SocketIo,
    Transport::Plain(Link::WebSocket),
    Transport::Plain(Link::Events),
    Transport::Plain(Link::Changes),
];

/// Where the numbers of the bare limit stand: it is a GET, as a long poll is.
const POLL: usize = 3;

/// Of each transport: microseconds of the server with a cursor and without, and bytes.
const EACH: usize = 4;

type Numbers = [f64; TRANSPORTS.len() * EACH];

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let size = Size {
        contacts: stage.size(CONTACTS, FEW_CONTACTS),
        watchers: stage.size(WATCHERS, FEW_WATCHERS),
        with_cursor: stage.size(WITH_CURSOR, FEW),
        without: stage.size(WITHOUT, FEW),
    };
    let bytes = Cell::new([0; 2]);
    let subjects = [Subject::Vigie, Subject::BareAxum, Subject::Node];
    let turns = in_turns(stage, &subjects, async |subject, server| match subject {
        Subject::Vigie => {
            let numbers = come_back(server, &size).await?;
            let [.., part, whole] = numbers;
            bytes.set([part as usize, whole as usize]);
            Ok(numbers)
        }
        Subject::Node => start_anew(server, &size).await,
        Subject::BareAxum | Subject::BareFastify => send(server, bytes.get(), &size).await,
    })
    .await?;
    report(&turns, size.contacts)
}

fn report(turns: &Turns<{ TRANSPORTS.len() * EACH }>, contacts: usize) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for (number, transport) in TRANSPORTS.into_iter().enumerate() {
        let first = number * EACH;
        let back = format!(
            "coming back by {} after {CHANGED} of {contacts} changed",
            transport.name()
        );
        for (index, what, unit) in [
            (first, format!("{back}, server CPU"), "µs"),
            (first + 1, "… given everybody instead".to_owned(), "µs"),
        ] {
            report.add(turns.finding(Subject::Vigie, index, &what, unit)?);
            if number == POLL {
                let bare = "… the bare limit, as many bytes by one GET";
                report.add(turns.finding(Subject::BareAxum, index, bare, unit)?);
            }
        }
        if transport == Transport::SocketIo {
            let what = "… given everybody, as whoever comes back to it is";
            report.add(turns.finding(Subject::Node, first + 1, what, "µs")?);
        }
        let what = "… everybody as a multiple of those who changed";
        report.add(turns.within(Subject::Vigie, first + 1, first, what)?);
        for (index, what) in [(first + 2, "… bytes"), (first + 3, "… bytes of everybody")] {
            report.add(turns.finding(Subject::Vigie, index, what, "B")?);
        }
    }
    Ok(report)
}

struct Size {
    contacts: usize,
    watchers: usize,
    with_cursor: usize,
    without: usize,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::SocketIo => "Socket.IO",
            Self::Plain(link) => link.name(),
        }
    }

    /// One return; the bytes of its answer, after a look at whether it is the one expected.
    async fn come_back(self, url: &str, back: &Returning, is_whole: bool) -> anyhow::Result<usize> {
        let since = (!is_whole).then_some(back.cursor.as_str());
        match self {
            Self::SocketIo => {
                let mut auth = json!({ "token": back.token });
                if let Some(since) = since {
                    auth["since"] = since.into();
                }
                let mut socket = connect_with(url, back.person, auth, &[SNAPSHOT]).await?;
                let snapshot = socket.wait_for(SNAPSHOT, PATIENCE).await?;
                ensure_partial(snapshot.payload()["partial"] == true, is_whole)?;
                socket.disconnect().await;
                Ok(snapshot.bytes)
            }
            Self::Plain(link) => {
                let text = link.snapshot(url, &back.token, since).await?;
                ensure_partial(text.contains("\"partial\":true"), is_whole)?;
                Ok(text.len())
            }
        }
    }

    /// Microseconds of the server, and bytes, of each of many returns.
    async fn measure(
        self,
        server: &Server,
        returning: &[Returning],
        count: usize,
        is_whole: bool,
    ) -> anyhow::Result<[f64; 2]> {
        let before = server.process().cpu()?;
        let bytes: usize = stream::iter(returning.iter().cycle().take(count))
            .map(|back| self.come_back(server.url(), back, is_whole))
            .buffer_unordered(AT_ONCE)
            .try_fold(0, async |sum, bytes| Ok(sum + bytes))
            .await?;
        let spent = (server.process().cpu()? - before).as_secs_f64() * 1e6;
        Ok([spent / count as f64, bytes as f64 / count as f64])
    }
}

fn ensure_partial(is_partial: bool, is_whole: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        is_partial != is_whole,
        "a snapshot is {} where it should not be",
        if is_partial { "partial" } else { "whole" }
    );
    Ok(())
}

/// Somebody with a cursor from before the changes.
struct Returning {
    person: usize,
    token: String,
    cursor: String,
}

async fn come_back(server: &Server, size: &Size) -> anyhow::Result<Numbers> {
    let circle = Circle::gather(server, size.contacts).await?;
    let people = circle.watchers.clone().take(size.watchers);
    let _other_devices = connect_all(server.url(), people.clone(), &[]).await?;
    // Their own coming is told before the cursor.
    tokio::time::sleep(GLANCE * 4).await;
    let mut returning = Vec::new();
    for person in people {
        let token = token(person)?;
        let cursor = cursor(server, &token).await?;
        returning.push(Returning {
            person,
            token,
            cursor,
        });
    }
    circle.change(server, CHANGED).await?;
    wait_until_told(server, returning.first().context("nobody comes back")?).await?;
    let mut numbers = [0.0; TRANSPORTS.len() * EACH];
    for (transport, numbers) in TRANSPORTS.into_iter().zip(numbers.chunks_mut(EACH)) {
        for (column, is_whole, count) in [(0, false, size.with_cursor), (1, true, size.without)] {
            let warming_up = WARMING_UP.min(count);
            transport
                .measure(server, &returning, warming_up, is_whole)
                .await?;
            let [cpu, bytes] = transport
                .measure(server, &returning, count, is_whole)
                .await?;
            numbers[column] = cpu;
            numbers[column + 2] = bytes;
        }
    }
    Ok(numbers)
}

/// Everything there is, up to here.
async fn cursor(server: &Server, token: &str) -> anyhow::Result<String> {
    let text = Link::Changes.snapshot(server.url(), token, None).await?;
    let snapshot: Value = serde_json::from_str(&text)?;
    let cursor = snapshot["cursor"].as_str().context("no cursor")?;
    Ok(cursor.to_owned())
}

async fn wait_until_told(server: &Server, back: &Returning) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let link = Link::Changes;
        let text = link
            .snapshot(server.url(), &back.token, Some(&back.cursor))
            .await?;
        let snapshot: Value = serde_json::from_str(&text)?;
        let told = snapshot["users"].as_array().map_or(0, Vec::len);
        if told == CHANGED {
            return Ok(());
        }
        anyhow::ensure!(
            began.elapsed() < PATIENCE,
            "{told} people changed since the cursor instead of {CHANGED}"
        );
        tokio::time::sleep(GLANCE).await;
    }
}

/// The peer gives everybody to whoever comes.
async fn start_anew(server: &Server, size: &Size) -> anyhow::Result<Numbers> {
    let circle = Circle::gather(server, size.contacts).await?;
    let people = circle.watchers.clone().take(size.watchers);
    let _other_devices = connect_all(server.url(), people.clone(), &[]).await?;
    let returning: Vec<_> = people
        .map(|person| {
            Ok(Returning {
                person,
                token: token(person)?,
                cursor: String::new(),
            })
        })
        .collect::<anyhow::Result<_>>()?;
    let transport = Transport::SocketIo;
    let warming_up = WARMING_UP.min(size.without);
    transport
        .measure(server, &returning, warming_up, true)
        .await?;
    let [cpu, bytes] = transport
        .measure(server, &returning, size.without, true)
        .await?;
    let mut numbers = [f64::NAN; TRANSPORTS.len() * EACH];
    numbers[1] = cpu;
    numbers[3] = bytes;
    Ok(numbers)
}

/// The least that sends as much.
async fn send(server: &Server, bytes: [usize; 2], size: &Size) -> anyhow::Result<Numbers> {
    let mut numbers = [f64::NAN; TRANSPORTS.len() * EACH];
    for (column, (bytes, count)) in bytes
        .into_iter()
        .zip([size.with_cursor, size.without])
        .enumerate()
    {
        let path = bare::path_of(bytes);
        let before = server.process().cpu()?;
        stream::iter(0..count)
            .map(|_| fetch_alone(server.url(), &path))
            .buffer_unordered(AT_ONCE)
            .try_for_each(async |_| Ok(()))
            .await?;
        let spent = (server.process().cpu()? - before).as_secs_f64() * 1e6;
        numbers[POLL * EACH + column] = spent / count as f64;
    }
    Ok(numbers)
}
