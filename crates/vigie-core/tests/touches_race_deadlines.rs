//! Threads touch activity cells while the engine decides deadlines: no touch that a cell answered alone is ever overlooked.
//!
//! Virtual time runs in one thread, which owns the engine; the others touch in the very moment in which it moves on.
//! They say what the clock said before, as a request does that read it a little earlier: so they reach a lease at the last possible instant, while it is decided.
//! Afterwards every answer is held against every edge, so that the test does not depend on how the threads were scheduled.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};

use vigie_core::{
    ActivityCells, Availability, ConnectionId, Effect, Engine, Mono, Now, PrincipalKey, Rules,
    SessionId, Signal, Touch, Wall,
};

const THREADS: u64 = 2;

/// Milliseconds in which each thread touches.
const ROUNDS: usize = 3_000;

const PEOPLE: u32 = 48;

/// One of so many people is touched in a round by each thread, so that everybody falls silent now and then.
const SELDOM: u64 = 8;

/// How often the threads and the clock look for each other before they go on: who has no processor is not waited for.
const PATIENCE: usize = 5_000;

/// The even ones have a session, so that their deadline makes them away; the others' ends a REST lease.
fn has_session(who: PrincipalKey) -> bool {
    who.0.is_multiple_of(2)
}

/// So short that deadlines come all the time.
const WINDOW: Duration = Duration::from_millis(4);
const THROTTLE: Duration = Duration::from_millis(2);

fn rules() -> Rules {
    Rules {
        throttle_interval: THROTTLE,
        offline_after: WINDOW,
        away_after: WINDOW,
        grace: Duration::from_millis(1),
        leave_guard: Duration::from_millis(1),
        restart_grace: Duration::from_millis(1),
        cache_max_age: 10 * WINDOW,
    }
}

/// The instant `millis` after the beginning, on both clocks.
fn at(millis: u64) -> Now {
    let span = Duration::from_millis(millis);
    Now {
        mono: Mono::START + span,
        wall: Wall::from_millis(1_700_000_000_000) + span,
    }
}

/// A touch that a cell answered alone.
struct Answered {
    who: PrincipalKey,
    millis: u64,
    is_refresh: bool,
    /// How often the person had been lowered, before and after the touch.
    lowered: (u32, u32),
}

/// What all threads see.
struct Shared {
    cells: Arc<ActivityCells>,
    millis: AtomicU64,
    /// Rounds that all threads finished together.
    rounds: AtomicU64,
    lowered: Vec<AtomicU32>,
}

/// The thread that owns the engine.
struct Node<'a> {
    shared: &'a Shared,
    engine: Engine,
    millis: u64,
    /// When each person became away or offline.
    lowered: BTreeMap<PrincipalKey, Vec<u64>>,
    /// The latest touch of each person that its cell could not answer.
    latest_report: BTreeMap<PrincipalKey, u64>,
}

impl Node<'_> {
    fn handle(&mut self, signal: Signal) {
        self.engine.handle(signal, at(self.millis));
        self.drain();
    }

    fn a_millisecond_passes(&mut self) {
        self.millis += 1;
        self.shared.millis.store(self.millis, Ordering::Release);
        while self.engine.handle_timeout(at(self.millis), 8) {
            self.drain();
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(effect) = self.engine.poll_effect() {
            let Effect::Announce {
                principal,
                presence,
                ..
            } = effect
            else {
                continue;
            };
            if presence.availability != Availability::Online {
                let edges = self.lowered.entry(principal).or_default();
                edges.push(self.millis);
                // A gate that reopens does so after this, in this thread.
                self.shared.lowered[principal.index()].fetch_add(1, Ordering::AcqRel);
            }
        }
    }

    fn report(&mut self, (who, millis): (PrincipalKey, u64)) {
        let latest = self.latest_report.entry(who).or_default();
        *latest = millis.max(*latest);
        self.handle(Signal::ActivityReported {
            principal: who,
            at: at(millis),
            began: at(millis).mono,
        });
    }
}

/// Touches whenever the clock moves, and reports to the engine what a cell cannot answer.
fn touch_in_time(
    shared: &Shared,
    mut random: u64,
    reports: &mpsc::Sender<(PrincipalKey, u64)>,
) -> Vec<Answered> {
    let mut answered = Vec::new();
    let mut millis = 0;
    for _ in 0..ROUNDS {
        let Some(next) = next_millisecond(shared, millis) else {
            std::thread::yield_now();
            continue;
        };
        for who in (0..PEOPLE).map(PrincipalKey) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            if !random.is_multiple_of(SELDOM) {
                continue;
            }
            let lowered = || shared.lowered[who.index()].load(Ordering::Acquire);
            let before = lowered();
            let is_refresh = match shared.cells.touch(who, at(millis), at(millis)) {
                Touch::Throttled => false,
                Touch::Refresh => true,
                Touch::Edge => {
                    reports.send((who, millis)).unwrap();
                    continue;
                }
            };
            answered.push(Answered {
                who,
                millis,
                is_refresh,
                lowered: (before, lowered()),
            });
        }
        shared.rounds.fetch_add(1, Ordering::AcqRel);
        millis = next;
    }
    answered
}

/// Waits for the clock to move on, with a bound.
fn next_millisecond(shared: &Shared, last: u64) -> Option<u64> {
    let read = |_| shared.millis.load(Ordering::Acquire);
    (0..PATIENCE).map(read).find(|millis| *millis != last)
}

#[test]
fn no_touch_is_overlooked_by_a_deadline() {
    let rules = rules();
    assert_eq!(rules.check(), []);
    let shared = Shared {
        cells: Arc::new(ActivityCells::new(&rules)),
        millis: AtomicU64::new(0),
        rounds: AtomicU64::new(0),
        lowered: (0..PEOPLE).map(|_| AtomicU32::new(0)).collect(),
    };
    let mut node = Node {
        engine: Engine::new(rules, Arc::clone(&shared.cells)),
        shared: &shared,
        millis: 0,
        lowered: BTreeMap::new(),
        latest_report: BTreeMap::new(),
    };
    let people = || (0..PEOPLE).map(PrincipalKey);
    for who in people().filter(|who| has_session(*who)) {
        node.handle(Signal::SessionStarted {
            principal: who,
            session: SessionId(u128::from(who.0)),
            connection: ConnectionId(u64::from(who.0) + 1),
            resumes: None,
            silence: WINDOW,
        });
    }

    let (sender, reports) = mpsc::channel();
    let answered: Vec<Answered> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=THREADS)
            .map(|seed| {
                let (sender, shared) = (sender.clone(), &shared);
                scope.spawn(move || {
                    touch_in_time(shared, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), &sender)
                })
            })
            .collect();
        drop(sender);
        while !threads.iter().all(|thread| thread.is_finished()) {
            let rounds = shared.rounds.load(Ordering::Acquire);
            node.a_millisecond_passes();
            for report in reports.try_iter() {
                node.report(report);
            }
            let is_touched = |_: &usize| shared.rounds.load(Ordering::Acquire) != rounds;
            (0..PATIENCE).find(is_touched);
        }
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    for report in reports.try_iter() {
        node.report(report);
    }
    for _ in 0..=WINDOW.as_millis() {
        node.a_millisecond_passes();
    }

    for touch in &answered {
        let edges = node.lowered.get(&touch.who);
        let edge = edges.and_then(|edges| edges.get(touch.lowered.0 as usize));
        // Otherwise the touch may have come after the person was raised again.
        if touch.lowered.0 != touch.lowered.1 {
            continue;
        }
        let edge = *edge.unwrap();
        let window = u64::try_from(WINDOW.as_millis()).unwrap();
        assert!(
            touch.millis + window <= edge,
            "{:?} was touched at {} and lowered at {}",
            touch.who,
            touch.millis,
            edge
        );
    }
    for who in people() {
        let expected = if has_session(who) {
            Availability::Away
        } else {
            Availability::Offline
        };
        let presence = node.engine.presence(who, at(node.millis));
        assert_eq!(presence.availability, expected);
        let own = answered.iter().filter(|touch| touch.who == who);
        let latest = own.map(|touch| touch.millis).max();
        let latest = latest.max(node.latest_report.get(&who).copied());
        // A session was active at its start.
        let latest = latest.max(has_session(who).then_some(0));
        assert_eq!(
            presence.last_active_at,
            latest.map(|millis| at(millis).wall)
        );
        refreshes_keep_their_distance(&answered, who);
    }
}

fn refreshes_keep_their_distance(answered: &[Answered], who: PrincipalKey) {
    let own = answered
        .iter()
        .filter(|touch| touch.who == who && touch.is_refresh);
    let mut refreshes: Vec<_> = own.map(|touch| touch.millis).collect();
    refreshes.sort_unstable();
    for pair in refreshes.windows(2) {
        let distance = Duration::from_millis(pair[1] - pair[0]);
        assert!(distance >= THROTTLE, "{who:?} was refreshed at {pair:?}");
    }
}
