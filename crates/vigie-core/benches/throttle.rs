//! The throttle check beside a bare hash lookup on the same keys, in one run: `cargo bench -p vigie-core`.
//!
//! One thread asks in random order about principals whose ids have 24 bytes, everybody online and inside the throttle.
//! A row is one way to answer; its numbers are the median, the slowest and the fastest of [`RUNS`] runs, in millions of operations a second.
//! A second is one that the thread spent on a processor, where the kernel tells (Linux), so that a busy machine does not spoil the comparison; else a second of the clock.
//! Nothing here is a test: no number fails anything.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a broken benchmark")]

#[path = "support/stopwatch.rs"]
mod stopwatch;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use vigie_core::{
    ActivityCells, Directory, Engine, Mono, Now, PrincipalId, PrincipalKey, Profile, Rules, Signal,
    Touch, Wall,
};

use stopwatch::Stopwatch;

const RUNS: usize = 3;

/// Operations of one run: long enough that the clock's own cost and resolution vanish.
const OPERATIONS: usize = 4_000_000;

fn main() {
    println!("throttle check, one thread, random order, ids of 24 bytes; M ops/s");
    for principals in [1_000, 1_000_000] {
        let bench = Bench::new(principals);
        println!("\n{principals} principals");
        println!(
            "{:<58} {:>7} {:>7} {:>7}",
            "", "median", "slowest", "fastest"
        );
        bench.row("bare lookup: hashbrown, by &PrincipalId", Bench::bare);
        bench.row("touch alone, key known", Bench::touch_alone);
        bench.row("check: Directory::key(&PrincipalId), touch", Bench::by_id);
        bench.row("check: Directory::key_of(&str), touch", Bench::by_text);
    }
}

/// Everybody is online by a REST lease and asks within the throttle.
struct Bench {
    directory: Directory,
    cells: Arc<ActivityCells>,
    bare: HashMap<PrincipalId, PrincipalKey>,
    /// Ids in the order of the questions, each with its own memory, as a request brings it.
    questions: Vec<PrincipalId>,
    texts: String,
    keys: Vec<PrincipalKey>,
    now: Now,
}

impl Bench {
    fn new(principals: usize) -> Self {
        let rules = Rules::default();
        let cells = Arc::new(ActivityCells::new(&rules));
        let mut engine = Engine::new(rules, Arc::clone(&cells));
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut directory = Directory::default();
        let mut bare = HashMap::new();
        let at = Now {
            mono: Mono::START,
            wall: Wall::from_millis(1_700_000_000_000),
        };
        let ids: Vec<PrincipalId> = (0..principals).map(|_| random.id()).collect();
        for id in &ids {
            let principal = directory.put(id.clone(), &Profile::default(), None);
            bare.insert(id.clone(), principal);
            engine.handle(
                Signal::ActivityReported {
                    principal,
                    at,
                    began: at.mono,
                },
                at,
            );
            while engine.poll_effect().is_some() {}
        }
        let asked = principals.max(16_384);
        let keys: Vec<PrincipalKey> = (0..asked)
            .map(|_| PrincipalKey(u32::try_from(random.below(principals)).unwrap()))
            .collect();
        let questions: Vec<_> = keys.iter().map(|key| ids[key.index()].clone()).collect();
        Self {
            directory,
            cells,
            bare,
            texts: questions.iter().map(PrincipalId::as_str).collect(),
            questions,
            keys,
            now: at.earlier(Duration::ZERO),
        }
    }

    fn row(&self, name: &str, answer: fn(&Self, usize, Now) -> u64) {
        let mut rates: Vec<f64> = (0..RUNS).map(|run| self.rate(run, answer)).collect();
        rates.sort_by(f64::total_cmp);
        let (slowest, median, fastest) = (rates[0], rates[RUNS / 2], rates[RUNS - 1]);
        println!("{name:<58} {median:>7.1} {slowest:>7.1} {fastest:>7.1}");
    }

    /// Millions of operations a second.
    fn rate(&self, run: usize, answer: fn(&Self, usize, Now) -> u64) -> f64 {
        // A millisecond later each time, so that every touch moves a time.
        let later = Duration::from_millis(u64::try_from(run).unwrap() + 1);
        let now = Now {
            mono: self.now.mono + later,
            wall: self.now.wall + later,
        };
        let began = Stopwatch::start();
        let mut answers = 0;
        let mut asked = 0;
        while asked < OPERATIONS {
            let round = self.keys.len().min(OPERATIONS - asked);
            answers += answer(self, round, now);
            asked += round;
        }
        let took = began.elapsed();
        black_box(answers);
        OPERATIONS as f64 / took.as_secs_f64() / 1e6
    }

    fn touch(&self, key: PrincipalKey, now: Now) -> u64 {
        let touch = self.cells.touch(key, now, now);
        debug_assert_eq!(touch, Touch::Throttled);
        u64::from(touch == Touch::Throttled)
    }

    fn bare(&self, round: usize, _now: Now) -> u64 {
        let questions = self.questions[..round].iter();
        questions.map(|id| u64::from(self.bare[id].0)).sum()
    }

    fn touch_alone(&self, round: usize, now: Now) -> u64 {
        let keys = self.keys[..round].iter();
        keys.map(|key| self.touch(*key, now)).sum()
    }

    fn by_id(&self, round: usize, now: Now) -> u64 {
        let questions = self.questions[..round].iter();
        questions
            .map(|id| self.touch(self.directory.key(id).unwrap(), now))
            .sum()
    }

    fn by_text(&self, round: usize, now: Now) -> u64 {
        self.texts(round)
            .map(|text| self.touch(self.directory.key_of(text).unwrap(), now))
            .sum()
    }

    fn texts(&self, round: usize) -> impl Iterator<Item = &str> {
        let bytes = &self.texts.as_bytes()[..round * ID_BYTES];
        bytes
            .chunks(ID_BYTES)
            .map(|text| core::str::from_utf8(text).unwrap())
    }
}

const ID_BYTES: usize = 24;

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
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// 24 hexadecimal digits, as document stores give out.
    fn id(&mut self) -> PrincipalId {
        let text = format!("{:016x}{:08x}", self.next(), self.next() >> 32);
        assert_eq!(text.len(), ID_BYTES);
        PrincipalId::user(&text).unwrap()
    }
}
