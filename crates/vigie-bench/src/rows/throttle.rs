//! The throttle check of a principal that is named by text, as a request names it.
//!
//! One thread asks in random order about people whose ids have 24 bytes; everybody is online and inside the throttle.
//! Beside it, on the same keys and in turns: a bare hash lookup; and in a process of its own, the service of the Node gateway.
//! A second is one that the thread spent on a processor.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hashbrown::HashMap;
use serde::Deserialize;
use vigie_core::{
    ActivityCells, Directory, Engine, Mono, Now, PrincipalId, PrincipalKey, Profile, Rules, Signal,
    Touch, Wall,
};

use crate::finding::Finding;
use crate::process::cpu_of_this_thread;
use crate::report::Report;
use crate::stage::Stage;

/// Operations of one run: long enough that the clock's own cost vanishes.
const OPERATIONS: usize = 4_000_000;

/// Questions that are asked again and again: as many as people, but not so few that a processor learns their order.
const LEAST_QUESTIONS: usize = 16_384;

const ID_BYTES: usize = 24;

/// Least millions of checks a second, by number of people.
const BUDGETS: [(usize, f64); 2] = [(1_000, 25.0), (1_000_000, 8.0)];

/// Most times that a check may take of a bare lookup.
const RATIO_BUDGET: f64 = 2.0;

pub(crate) fn measure(stage: &Stage) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for (people, budget) in BUDGETS {
        let bench = Bench::new(people)?;
        let (mut checks, mut lookups, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..stage.runs() {
            let lookup = bench.rate(|| bench.look_up())?;
            let check = bench.rate(|| bench.check(run))?;
            ratios.push(lookup / check);
            lookups.push(lookup);
            checks.push(check);
        }
        let what = format!("throttle checks a second, {people} people");
        let unit = "M";
        report.add(Finding::new(format!("{what}: Vigie"), unit, checks)?.at_least(budget));
        report.add(Finding::new(format!("{what}: bare lookup"), unit, lookups)?);
        let ratio = Finding::new("… a check as a multiple of a lookup", "×", ratios)?;
        report.add(ratio.at_most(RATIO_BUDGET));
        report.add(match of_node(stage, people) {
            Ok(rates) => Finding::new(format!("{what}: Map in Node"), unit, rates?)?,
            Err(why) => Finding::not_run(format!("{what}: Map in Node"), why),
        });
    }
    Ok(report)
}

/// Everybody is online by a REST lease and asks within the throttle.
struct Bench {
    directory: Directory,
    cells: Arc<ActivityCells>,
    bare: HashMap<Box<str>, PrincipalKey>,
    /// Ids in the order of the questions, each with bytes of its own.
    questions: String,
    now: Now,
}

impl Bench {
    fn new(people: usize) -> anyhow::Result<Self> {
        let rules = Rules::default();
        let cells = Arc::new(ActivityCells::new(&rules));
        let mut engine = Engine::new(rules, Arc::clone(&cells));
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut directory = Directory::default();
        let mut bare = HashMap::new();
        let now = Now {
            mono: Mono::START,
            wall: Wall::from_millis(1_700_000_000_000),
        };
        let ids: Vec<_> = (0..people).map(|_| random.id()).collect();
        for id in &ids {
            let principal = directory.put(PrincipalId::user(id)?, &Profile::default(), None);
            bare.insert(id.as_str().into(), principal);
            let signal = Signal::ActivityReported {
                principal,
                at: now,
                began: now.mono,
            };
            engine.handle(signal, now);
            while engine.poll_effect().is_some() {}
        }
        let asked = (0..people.max(LEAST_QUESTIONS)).map(|_| ids[random.below(people)].as_str());
        Ok(Self {
            directory,
            cells,
            bare,
            questions: asked.collect(),
            now,
        })
    }

    /// Millions of answers a second; `ask_all` answers every question once, and says how many got the answer they should.
    fn rate(&self, ask_all: impl Fn() -> usize) -> anyhow::Result<f64> {
        let questions = self.questions.len() / ID_BYTES;
        let rounds = OPERATIONS.div_ceil(questions);
        let began = cpu_of_this_thread()?;
        let right: usize = (0..rounds).map(|_| black_box(ask_all())).sum();
        let took = cpu_of_this_thread()? - began;
        anyhow::ensure!(right == rounds * questions, "{right} answers were right");
        Ok(right as f64 / took.as_secs_f64() / 1e6)
    }

    fn look_up(&self) -> usize {
        let found = self
            .ids()
            .filter(|id| black_box(self.bare.get(*id)).is_some());
        found.count()
    }

    /// A millisecond later in each run, so that every touch moves a time.
    fn check(&self, run: usize) -> usize {
        let later = Duration::from_millis(run as u64 + 1);
        let now = Now {
            mono: self.now.mono + later,
            wall: self.now.wall + later,
        };
        let throttled = |id: &&str| {
            let key = self.directory.key_of(id);
            key.is_some_and(|key| self.cells.touch(key, now, now) == Touch::Throttled)
        };
        self.ids().filter(throttled).count()
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        (0..self.questions.len())
            .step_by(ID_BYTES)
            .map(|start| &self.questions[start..start + ID_BYTES])
    }
}

/// What `throttle-bench.js` prints for each number of people.
#[derive(Debug, Deserialize)]
struct OfNode {
    runs: Vec<f64>,
}

/// Millions of operations a second of each run, or why there is no Node.
fn of_node(stage: &Stage, people: usize) -> Result<anyhow::Result<Vec<f64>>, &str> {
    let node = stage.node()?;
    let measure = || {
        let output = node
            .program("throttle-bench.js")
            .arg(people.to_string())
            .output()?;
        let results: Vec<OfNode> = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok(results.into_iter().flat_map(|result| result.runs).collect())
    };
    Ok(measure())
}

/// Splitmix64: the same questions on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or(0)
    }

    /// 24 hexadecimal digits, as document stores give out.
    fn id(&mut self) -> String {
        format!("{:016x}{:08x}", self.next(), self.next() >> 32)
    }
}
