//! Presence in conversations of 100, 10,000 and 1,000,000 members, told to those who have them open.
//!
//! Members are turned online and offline at a steady pace, each at most once in two seconds, so that no change makes another superfluous even where a server tells changes once a second.
//! Before anybody opens the conversation the same is done for comparison: in a small one, everybody is told of everybody anyway.
//! What the connections cost while nothing changes is left out.

mod filled;
mod visit;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::database::Database;
use crate::finding::Finding;
use crate::people::{connect, converse};
use crate::report::Report;
use crate::rows::socket_write::cpu_per_write;
use crate::stage::Stage;
use crate::subject::{Subject, Turns, in_turns_by_themselves};

use visit::{EACH, Numbers, Visit};

/// Members of each conversation.
const ROOMS: [usize; 3] = [100, 10_000, 1_000_000];

/// The same in a trial.
const FEW_MEMBERS: [usize; 3] = [100, 300, 2_000];

/// Members who have it open, where it has as many; some are left to change.
const WATCHERS: usize = 2_000;

/// The same in a trial.
const FEW_WATCHERS: usize = 60;

/// Members who change.
const CHANGING: usize = 50;

/// Joins that are timed, one after the other, once the others are there.
const JOINS: usize = 500;

/// The same in a trial.
const FEW_JOINS: usize = 10;

/// A server that knows the question answers sooner.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

const RATIO: &str = "… the Node gateway as a multiple of Vigie";

type All = [f64; ROOMS.len() * EACH];

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Report> {
    ensure_answered(stage).await?;
    let visits = visits(stage);
    let members: Vec<_> = visits.iter().map(|visit| visit.members.clone()).collect();
    let filled = filled::fill(&members).await?;
    let copies = Cell::new(0);
    let modes = RefCell::new(BTreeSet::new());
    let turns = in_turns_by_themselves(stage, Subject::PEERS, async |subject| {
        let mut all: All = [0.0; ROOMS.len() * EACH];
        copies.set(copies.get() + 1);
        match subject {
            Subject::Vigie => {
                let copy = filled.copy(&format!("run_{}", copies.get()))?;
                visit_all(&copy, stage, &visits, &modes, &mut all).await?;
            }
            Subject::Node | Subject::BareAxum | Subject::BareFastify => {
                let running = stage.start(subject)?;
                for (visit, numbers) in visits.iter().zip(all.chunks_mut(EACH)) {
                    converse(&running.server, visit.conversation, visit.members.clone()).await?;
                    numbers.copy_from_slice(&visit.make(&running.server).await?.numbers);
                }
            }
        }
        Ok(all)
    })
    .await?;
    let mut report = Report::default();
    for (number, visit) in visits.iter().enumerate() {
        report.append(room(stage, &turns, number * EACH, visit)?);
    }
    for sentence in modes.into_inner() {
        report.note(sentence);
    }
    Ok(report)
}

async fn visit_all(
    database: &Database,
    stage: &Stage,
    visits: &[Visit],
    modes: &RefCell<BTreeSet<String>>,
    all: &mut All,
) -> anyhow::Result<()> {
    let server = database.serve(stage, &[])?;
    for (visit, numbers) in visits.iter().zip(all.chunks_mut(EACH)) {
        let made = visit.make(&server).await?;
        numbers.copy_from_slice(&made.numbers);
        let mode = format!(
            "Vigie tells a conversation of {} members in the mode `{}`",
            visit.members.len(),
            made.mode
        );
        modes.borrow_mut().insert(mode);
    }
    Ok(())
}

fn visits(stage: &Stage) -> Vec<Visit> {
    let watchers = stage.size(WATCHERS, FEW_WATCHERS);
    let joins = stage.size(JOINS, FEW_JOINS);
    let mut first = 0;
    let rooms = stage.size(ROOMS, FEW_MEMBERS).into_iter().enumerate();
    rooms
        .map(|(conversation, members)| {
            let members = first..first + members;
            // Nobody is in two of them.
            first = members.end;
            let changing = members.start..members.start + CHANGING;
            let watchers = changing.end..members.end.min(changing.end + watchers);
            Visit {
                conversation,
                joins: joins.min(watchers.len() / 2),
                members,
                changing,
                watchers,
                idling: stage.size(visit::IDLING, visit::SHORT_IDLING),
                waves: stage.size(visit::WAVES, visit::FEW_WAVES),
            }
        })
        .collect()
}

/// Whether there is anything to measure.
async fn ensure_answered(stage: &Stage) -> anyhow::Result<()> {
    let running = stage.start(Subject::Vigie)?;
    converse(&running.server, 0, 0..2).await?;
    let mut socket = connect(running.server.url(), 0, &[visit::PRESENCE]).await?;
    let payload = json!({ "conversationId": "c0", "presence": true });
    socket.emit("conversation:join", Some(payload));
    let answered = socket.wait_for(visit::PRESENCE, ANSWER_LIMIT).await;
    anyhow::ensure!(
        answered.is_ok(),
        "this server does not answer conversation:join {{presence: true}} with {}; build one that does",
        visit::PRESENCE
    );
    Ok(())
}

fn room(
    stage: &Stage,
    turns: &Turns<{ ROOMS.len() * EACH }>,
    first: usize,
    visit: &Visit,
) -> anyhow::Result<Report> {
    let of = format!(
        "conversation of {} members, {} have it open",
        visit.members.len(),
        visit.watchers.len()
    );
    let mut report = Report::default();
    let mut both = |index: Numbers, what: &str, unit: &'static str| -> anyhow::Result<()> {
        let index = first + index as usize;
        report.add(turns.finding(Subject::Vigie, index, what, unit)?);
        report.add(turns.finding(Subject::Node, index, what, unit)?);
        Ok(())
    };
    both(Numbers::Cpu, &format!("server CPU of a change, {of}"), "µs")?;
    both(Numbers::CpuUnopened, "… before anybody opened it", "µs")?;
    both(Numbers::CpuOfDiff, "… for each diff that came", "µs")?;
    both(Numbers::Diffs, "… diffs for each watcher and change", "")?;
    both(Numbers::Bytes, "… bytes for each watcher and change", "B")?;
    both(
        Numbers::Statuses,
        "… `user:status` for each watcher and change",
        "",
    )?;
    both(
        Numbers::JoinMedian,
        "… from join to the members, median",
        "ms",
    )?;
    both(
        Numbers::JoinSlowest,
        "… from join to the members, 99th percentile",
        "ms",
    )?;
    both(Numbers::FirstBytes, "… bytes of the members", "B")?;
    let cpu = first + Numbers::Cpu as usize;
    report.add(turns.times(Subject::Node, Subject::Vigie, cpu, RATIO)?);
    let diff = turns.median(Subject::Vigie, first + Numbers::BytesOfDiff as usize);
    let mut writes = Vec::new();
    for _ in 0..stage.runs() {
        writes.push(cpu_per_write(visit.watchers.len(), diff as usize)?);
    }
    let what =
        format!("… the bare limit: the kernel takes one write of {diff:.0} bytes to a socket");
    report.add(Finding::new(what, "µs", writes)?);
    Ok(report)
}
