//! Server CPU of one transition of a person with 5,000 contacts, and how soon the last of them hears of it.
//!
//! An operator turns such a person offline and online again.
//! While nobody is connected, many such people change at once, and what is left is deciding, writing, and finding that nobody has to be told.
//! Then some of the contacts are connected, and then more; one person changes at a time, so that no two changes share a write.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use vigie_client::Http;

use crate::audience::{Audience, STATUS};
use crate::changes::{turn, turn_at_once};
use crate::finding::Finding;
use crate::people::{connect_all, converse};
use crate::report::Report;
use crate::rows::socket_write::cpu_per_event;
use crate::server::Server;
use crate::stage::{Stage, operator};
use crate::subject::{Subject, Turns, in_turns};

/// Conversations that the changing people have with their contacts; each is small enough to subscribe its members.
const CONVERSATIONS: usize = 10;

/// Contacts in each of them.
const CONTACTS: usize = 500;

/// The same in a trial.
const FEW_CONTACTS: usize = 20;

/// People who change; they are each other's contacts too.
const CHANGING: usize = 40;

/// Contacts with a socket, at the same time.
const CONNECTED: [usize; 2] = [500, 2_000];

/// The same in a trial.
const FEW_CONNECTED: [usize; 2] = [10, 30];

/// Rounds in which everybody changes twice while nobody is connected.
const ROUNDS: usize = 50;

/// The same in a trial.
const FEW_ROUNDS: usize = 3;

/// Lone changes that are told, to each number of sockets.
const CHANGES: usize = 60;

/// The same in a trial.
const FEW: usize = 6;

/// Rounds, and changes, before anything counts.
const WARMING_UP: usize = 10;

/// Between two changes: longer than a server gathers changes for.
const APART: Duration = Duration::from_millis(100);

/// Where the numbers of nobody connected stand, and of each number of sockets after them.
const UNHEARD: usize = 0;
const UNCHANGED: usize = 1;
const HEARD: usize = 2;
const EACH: usize = 4;

type Numbers = [f64; numbers()];

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let size = Size {
        contacts: stage.size(CONTACTS, FEW_CONTACTS),
        connected: stage.size(CONNECTED, FEW_CONNECTED),
        rounds: stage.size(ROUNDS, FEW_ROUNDS),
        changes: stage.size(CHANGES, FEW),
    };
    let turns = in_turns(stage, Subject::PEERS, async |_, server| {
        run(server, &size).await
    })
    .await?;
    let mut report = unheard(&turns, &size)?;
    for (level, connected) in size.connected.into_iter().enumerate() {
        report.append(heard(stage, &turns, HEARD + level * EACH, connected)?);
    }
    Ok(report)
}

const RATIO: &str = "… the Node gateway as a multiple of Vigie";

fn unheard(turns: &Turns<{ numbers() }>, size: &Size) -> anyhow::Result<Report> {
    let contacts = size.contacts * CONVERSATIONS;
    let what = format!("server CPU of a transition, {contacts} contacts, none connected");
    let idle = "… the same call when it changes nothing";
    Ok(Report::from(vec![
        turns.finding(Subject::Vigie, UNHEARD, &what, "µs")?,
        turns.finding(Subject::Vigie, UNCHANGED, idle, "µs")?,
        turns.finding(Subject::Node, UNHEARD, &what, "µs")?,
        turns.finding(Subject::Node, UNCHANGED, idle, "µs")?,
        turns.times(Subject::Node, Subject::Vigie, UNHEARD, RATIO)?,
    ]))
}

fn heard(
    stage: &Stage,
    turns: &Turns<{ numbers() }>,
    first: usize,
    connected: usize,
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let what = format!("server CPU of a transition, {connected} contacts connected");
    report.add(turns.finding(Subject::Vigie, first, &what, "µs")?);
    report.add(turns.finding(Subject::Node, first, &what, "µs")?);
    report.add(turns.times(Subject::Node, Subject::Vigie, first, RATIO)?);
    let what = "… for each that was told";
    report.add(turns.finding(Subject::Vigie, first + 1, what, "µs")?);
    report.add(turns.finding(Subject::Node, first + 1, what, "µs")?);
    let mut writes = Vec::new();
    for _ in 0..stage.runs() {
        writes.push(cpu_per_event(connected, 1)?);
    }
    let bare = "… the bare limit: the kernel takes one write of 250 bytes to a socket";
    report.add(Finding::new(bare, "µs", writes)?);
    for (index, what) in [
        (first + 2, "… from the call until the last was told, median"),
        (
            first + 3,
            "… from the call until the last was told, longest",
        ),
    ] {
        report.add(turns.finding(Subject::Vigie, index, what, "ms")?);
        report.add(turns.finding(Subject::Node, index, what, "ms")?);
    }
    Ok(report)
}

const fn numbers() -> usize {
    HEARD + CONNECTED.len() * EACH
}

struct Size {
    contacts: usize,
    connected: [usize; 2],
    rounds: usize,
    changes: usize,
}

async fn run(server: &Server, size: &Size) -> anyhow::Result<Numbers> {
    let contacts = |conversation: usize| {
        let first = CHANGING + conversation * size.contacts;
        first..first + size.contacts
    };
    for conversation in 0..CONVERSATIONS {
        let members = (0..CHANGING).chain(contacts(conversation));
        converse(server, conversation, members).await?;
    }
    let mut numbers = [0.0; numbers()];
    let operator = operator(server);
    let warming_up = WARMING_UP.min(size.rounds);
    turn_all(server, &operator, warming_up, |is_second| is_second).await?;
    // Both calls of a round say what they are already.
    numbers[UNCHANGED] = turn_all(server, &operator, size.rounds, |_| true).await?;
    numbers[UNHEARD] = turn_all(server, &operator, size.rounds, |is_second| is_second).await?;
    let mut audience = Audience::empty(server, &[STATUS]);
    let mut connected = 0;
    for (level, wanted) in size.connected.into_iter().enumerate() {
        // Evenly from all conversations.
        let seats = connected..wanted;
        let newcomers =
            seats.map(|seat| contacts(seat % CONVERSATIONS).start + seat / CONVERSATIONS);
        audience.seat(connect_all(server.url(), newcomers, &[STATUS]).await?);
        connected = wanted;
        audience.wait_for_silence().await;
        let first = HEARD + level * EACH;
        let told = tell_in_turn(server, &audience, connected, size.changes).await?;
        numbers[first..first + EACH].copy_from_slice(&told);
    }
    Ok(numbers)
}

/// Microseconds of the server for each call, when all of them change at once in each half of a round.
async fn turn_all(
    server: &Server,
    operator: &Http,
    rounds: usize,
    is_online: impl Fn(bool) -> bool,
) -> anyhow::Result<f64> {
    let before = server.process().cpu()?;
    for _ in 0..rounds {
        for is_second in [false, true] {
            turn_at_once(operator, 0..CHANGING, is_online(is_second)).await?;
            tokio::time::sleep(APART).await;
        }
    }
    let spent = server.process().cpu()? - before;
    Ok(spent.as_secs_f64() * 1e6 / (rounds * 2 * CHANGING) as f64)
}

/// Microseconds for each change and for each event, and the median and longest milliseconds until the last was told.
async fn tell_in_turn(
    server: &Server,
    audience: &Audience,
    connected: usize,
    changes: usize,
) -> anyhow::Result<[f64; EACH]> {
    tell(audience, connected, WARMING_UP.min(changes)).await?;
    let before = (server.process().cpu()?, audience.heard());
    let late = tell(audience, connected, changes).await?;
    let spent = (server.process().cpu()? - before.0).as_secs_f64() * 1e6;
    let delivered = audience.heard() - before.1;
    Ok([
        spent / changes as f64,
        spent / delivered as f64,
        late.value_at_quantile(0.5) as f64 / 1e3,
        late.max() as f64 / 1e3,
    ])
}

/// Offline and online again, so that an even number leaves everything as it was.
async fn tell(
    audience: &Audience,
    connected: usize,
    changes: usize,
) -> anyhow::Result<Histogram<u64>> {
    // In microseconds, to three digits.
    let mut late = Histogram::new(3)?;
    for change in 0..changes {
        let expected = audience.heard() + connected as u64;
        let person = change / 2 % CHANGING;
        let began = Instant::now();
        turn(audience.operator(), person, change % 2 == 1).await?;
        audience.wait_until(expected).await?;
        let last = audience.latest().saturating_duration_since(began);
        late.record(u64::try_from(last.as_micros())?)?;
        tokio::time::sleep(APART).await;
    }
    Ok(late)
}
