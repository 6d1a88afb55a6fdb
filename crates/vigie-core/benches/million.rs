//! What a million principals cost: memory, loading them, and the instant at which all of them fall silent.
//!
//! `cargo bench -p vigie-core --bench million` prints one line a step; nothing here is a test, no number fails anything.
//! Memory is what the process holds resident more than before the step; zero where the kernel does not tell.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a broken benchmark")]

#[path = "support/stopwatch.rs"]
mod stopwatch;

use std::sync::Arc;
use std::time::Duration;

use vigie_core::{
    ActivityCells, Availability, Directory, Effect, Engine, Mono, Now, PresenceRecord, PrincipalId,
    PrincipalKey, Profile, Rules, Signal, Wall,
};

use stopwatch::Stopwatch;

const PRINCIPALS: u32 = 1_000_000;

/// Steps of the timers that a server takes before it looks at what else came in.
const BREATH: usize = 1_000;

fn main() {
    let rules = Rules::default();
    let offline_after = rules.offline_after;
    let cells = Arc::new(ActivityCells::new(&rules));
    let mut engine = Engine::new(rules, Arc::clone(&cells));
    let mut directory = Directory::default();
    let start = Now {
        mono: Mono::START,
        wall: Wall::from_millis(1_700_000_000_000),
    };

    println!("{PRINCIPALS} principals, ids of 24 bytes");
    step("known to the directory", || {
        for number in 0..PRINCIPALS {
            let id = PrincipalId::user(&format!("{number:024x}")).unwrap();
            directory.put(id, &Profile::default(), None);
        }
    });
    step("their presence loaded, everybody offline", || {
        let record = PresenceRecord {
            last_active_at: Some(start.wall - Duration::from_secs(86_400)),
            last_seen_at: Some(start.wall - Duration::from_secs(86_400)),
            ..PresenceRecord::default()
        };
        for key in everybody() {
            engine.handle(
                Signal::PresenceLoaded {
                    principal: key,
                    record: Box::new(record.clone()),
                    alive_at: Some(start.wall),
                },
                start,
            );
            drain(&mut engine, Availability::Online);
        }
    });
    step("everybody active by REST: a million edges", || {
        for key in everybody() {
            engine.handle(
                Signal::ActivityReported {
                    principal: key,
                    at: start,
                    began: start.mono,
                },
                start,
            );
            drain(&mut engine, Availability::Online);
        }
    });

    let end = Now {
        mono: start.mono + offline_after,
        wall: start.wall + offline_after,
    };
    let mut longest = Duration::ZERO;
    let mut breaths = 0;
    let mut told = 0;
    step("everybody's deadline: a million edges", || {
        loop {
            let breath = Stopwatch::start();
            let more = engine.handle_timeout(end, BREATH);
            told += drain(&mut engine, Availability::Offline);
            longest = longest.max(breath.elapsed());
            breaths += 1;
            if !more {
                break;
            }
        }
    });
    assert_eq!(told, PRINCIPALS as usize);
    println!(
        "  in {breaths} breaths of {BREATH} steps; the longest {longest:?}, counted in the kernel's ticks of some milliseconds"
    );
}

fn everybody() -> impl Iterator<Item = PrincipalKey> {
    (0..PRINCIPALS).map(PrincipalKey)
}

/// Takes the effects and says how many announced `availability`.
fn drain(engine: &mut Engine, availability: Availability) -> usize {
    let mut announced = 0;
    while let Some(effect) = engine.poll_effect() {
        if let Effect::Announce { presence, .. } = effect {
            assert_eq!(presence.availability, availability);
            announced += 1;
        }
    }
    announced
}

fn step(name: &str, work: impl FnOnce()) {
    let before = resident_bytes();
    let watch = Stopwatch::start();
    work();
    let took = watch.elapsed();
    let grown = resident_bytes().saturating_sub(before);
    let each = grown / u64::from(PRINCIPALS);
    println!("{name:<48} {took:>9.2?} {each:>5} bytes each");
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
