//! The engine agrees with the reference and every global property holds, seed by seed.
//!
//! More seeds by one command: `cargo run --release -p vigie-sim -- --seeds 10000`.

use vigie_sim::{Planted, SIGNALS_PER_SEED, run};

/// As many as a test run can afford.
const SEEDS: u64 = 300;

#[test]
fn three_hundred_worlds_agree_with_the_rules() {
    for seed in 0..SEEDS {
        match run(seed, Planted::default()) {
            Ok(signals) => assert!(signals >= SIGNALS_PER_SEED, "seed {seed} is too short"),
            Err(failure) => panic!("{failure}"),
        }
    }
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    assert_eq!(
        run(1, Planted::default()).ok(),
        run(1, Planted::default()).ok()
    );
}
