//! The engine agrees with the reference and every global property holds, seed by seed.
//!
//! More seeds by one command: `cargo run --release -p vigie-sim -- --seeds 10000`.

use vigie_core::Availability::{Away, Busy, Offline, Online};
use vigie_sim::{Planted, SIGNALS_PER_SEED, Tally, run};

/// As many as a test run can afford.
const SEEDS: u64 = 300;

/// What has to happen in that many worlds at least, so that agreeing on it means something.
const OFTEN: u64 = 1_000;

#[test]
fn three_hundred_worlds_agree_with_the_rules() {
    let mut tally = Tally::default();
    for seed in 0..SEEDS {
        match run(seed, Planted::default()) {
            Ok(lived) => {
                assert!(lived.signals >= SIGNALS_PER_SEED, "seed {seed} is short");
                tally.add(&lived.tally);
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    let changes = [
        (Offline, Online),
        (Offline, Away),
        (Online, Away),
        (Online, Offline),
        (Away, Online),
        (Away, Offline),
        (Online, Busy),
        (Busy, Offline),
    ];
    let least = changes.map(|change| tally.edges.get(&change).copied().unwrap_or(0));
    let others = [
        tally.started,
        tally.resumed,
        tally.accepted,
        tally.held_back,
        tally.closed,
        tally.hidden,
    ];
    assert!(least.iter().all(|count| *count > 0), "{tally:?}");
    assert!(others.iter().all(|count| *count >= OFTEN), "{tally:?}");
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    assert_eq!(
        run(1, Planted::default()).ok(),
        run(1, Planted::default()).ok()
    );
}
