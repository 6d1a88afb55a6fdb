//! Runs seeds from the command line: `cargo run --release -p vigie-sim -- --seeds 10000`.
//!
//! Data goes to stdout, progress to stderr.
//! The exit code is 0 when every seed agreed, 1 at the first difference, 2 when the arguments make no sense.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the command line's output module"
)]

use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use vigie_sim::{Failure, Origin, Planted, run};

const USAGE: &str = "usage: vigie-sim [--seeds COUNT] [--from SEED] [--seed SEED] [--keep-going]

  --seeds COUNT  how many seeds to run (default 1000)
  --from SEED    the first of them (default 0)
  --seed SEED    run one seed
  --keep-going   run all seeds and print one line for each that fails";

/// How many seeds are done between two updates of the counter on a terminal.
const PROGRESS_SEEDS: u64 = 50;

/// Which seeds to run.
struct Seeds {
    first: u64,
    count: u64,
    keep_going: bool,
}

fn main() -> ExitCode {
    let Some(seeds) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let signals = AtomicU64::new(0);
    let failure = run_all(&seeds, &signals);
    if stderr().is_terminal() {
        eprintln!();
    }
    if let Some(failure) = failure {
        println!("{failure}");
        if let Origin::Seed(seed) = failure.origin {
            println!("run it again: cargo run --release -p vigie-sim -- --seed {seed}");
        }
        return ExitCode::FAILURE;
    }
    let seconds = started.elapsed().as_secs_f64();
    let signals = signals.into_inner();
    println!("{} seeds, {signals} signals, no difference", seeds.count);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = seeds.count as f64 / seconds;
    println!("{seconds:.1} s, {rate:.0} seeds/s");
    ExitCode::SUCCESS
}

fn parse(arguments: impl Iterator<Item = String>) -> Option<Seeds> {
    let mut seeds = Seeds {
        first: 0,
        count: 1_000,
        keep_going: false,
    };
    let mut arguments = arguments;
    while let Some(name) = arguments.next() {
        if name == "--keep-going" {
            seeds.keep_going = true;
            continue;
        }
        let number = arguments.next()?.parse().ok()?;
        match name.as_str() {
            "--seeds" => seeds.count = number,
            "--from" => seeds.first = number,
            "--seed" => (seeds.first, seeds.count) = (number, 1),
            _ => return None,
        }
    }
    Some(seeds)
}

/// Every core takes the next seed until there is none or one failed; of several failures the smallest seed is reported.
fn run_all(seeds: &Seeds, signals: &AtomicU64) -> Option<Box<Failure>> {
    let (next, stopped) = (AtomicU64::new(0), AtomicBool::new(false));
    let found: Mutex<Option<Box<Failure>>> = Mutex::new(None);
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= seeds.count {
                return;
            }
            match run(seeds.first + index, Planted::default()) {
                Ok(lived) => {
                    signals.fetch_add(lived.signals, Ordering::Relaxed);
                }
                Err(failure) => {
                    if seeds.keep_going {
                        println!(
                            "{}, step {}: {}",
                            failure.origin, failure.step, failure.difference
                        );
                    }
                    stopped.store(!seeds.keep_going, Ordering::Relaxed);
                    if let Ok(mut found) = found.lock()
                        && found
                            .as_ref()
                            .is_none_or(|earlier| failure.origin < earlier.origin)
                    {
                        *found = Some(failure);
                    }
                }
            }
            if index.is_multiple_of(PROGRESS_SEEDS) && stderr().is_terminal() {
                eprint!("\r{index} of {} seeds", seeds.count);
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    found.into_inner().ok().flatten()
}
