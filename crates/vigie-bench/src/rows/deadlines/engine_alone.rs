//! The engine alone, in this process, when a million silent people reach their deadline.
//!
//! It decides in slices, as the server's timer lets it, and each slice ends with every effect taken over by the queue of writes, as under the server's lock.
//! Times are those of the thread on a processor, so that other work of the machine is left out.

use std::sync::Arc;
use std::time::Duration;

use vigie_core::{
    ActivityCells, Effect, Engine, Mono, Now, PrincipalKey, Rules, Signal, Wall, WriteBehind,
};

use crate::finding::Finding;
use crate::process::cpu_of_this_thread;

const PEOPLE: u32 = 1_000_000;

/// Steps of one slice, as many as the server's timer takes under its lock.
const STEPS: usize = 2_000;

/// Most milliseconds until the last one is decided.
const BUDGET: f64 = 1_000.0;

/// Most milliseconds that others wait.
const PAUSE_BUDGET: f64 = 10.0;

pub(super) fn measure(runs: usize) -> anyhow::Result<Vec<Finding>> {
    let (mut totals, mut slices) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let (total, longest) = one_run()?;
        totals.push(total.as_secs_f64() * 1e3);
        slices.push(longest.as_secs_f64() * 1e3);
    }
    let what = "the engine alone: a million deadlines decided";
    let slice = "… longest slice of the engine's lock";
    Ok(vec![
        Finding::new(what, "ms", totals)?.at_most(BUDGET),
        Finding::new(slice, "ms", slices)?.at_most(PAUSE_BUDGET),
    ])
}

/// How long it took, and the longest slice of it.
fn one_run() -> anyhow::Result<(Duration, Duration)> {
    let rules = Rules::default();
    let start = Now {
        mono: Mono::START,
        wall: Wall::from_millis(1_700_000_000_000),
    };
    let mut engine = Engine::new(rules.clone(), Arc::new(ActivityCells::new(&rules)));
    for principal in (0..PEOPLE).map(PrincipalKey) {
        let signal = Signal::ActivityReported {
            principal,
            at: start,
            began: start.mono,
        };
        engine.handle(signal, start);
        while engine.poll_effect().is_some() {}
    }
    let due = Now {
        mono: start.mono + rules.offline_after,
        wall: start.wall + rules.offline_after,
    };
    let mut writes = WriteBehind::default();
    let (mut announced, mut longest) = (0, Duration::ZERO);
    let began = cpu_of_this_thread()?;
    let mut slice = began;
    loop {
        let more_due = engine.handle_timeout(due, STEPS);
        while let Some(effect) = engine.poll_effect() {
            match effect {
                Effect::Announce { .. } => announced += 1,
                Effect::Persist {
                    principal,
                    accepted,
                } => writes.note(principal, accepted),
                Effect::Close { .. } => {}
            }
        }
        let end = cpu_of_this_thread()?;
        longest = longest.max(end - slice);
        slice = end;
        if !more_due {
            break;
        }
    }
    let total = slice - began;
    anyhow::ensure!(announced == PEOPLE, "{announced} of {PEOPLE} were decided");
    Ok((total, longest))
}
