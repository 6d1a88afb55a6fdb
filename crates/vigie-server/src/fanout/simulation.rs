//! A simulated day of the fan-out: the real fan-out, engine, directory and store, on simulated time and simulated links.
//!
//! From one seed: people come and go, meet and part, hide and block, open conversations and watch each other; clients drop, read slowly, come back by their cursors; the server restarts and crashes.
//! In any order of the server's own rounds, whatever is sent is true at that instant and for that watcher, and in the end everybody's view is what the reference says.
//! The reference ([`truth`]) is written from the rules, and knows nothing of numbers, horizons or cursors.
//! Planted bugs ([`Bug`]) show that the checks can fail.
//! [`twins`] compares two such days, in one of which somebody who hides stays away.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod client;
mod truth;
mod twins;
mod world;

use fastrand::Rng;

use world::World;

/// Steps before everything comes to rest.
const STEPS: usize = 150;

/// Seeds of an ordinary test run; `VIGIE_FANOUT_SEEDS` asks for more.
const SEEDS: u64 = 40;

/// A bug of the kind that the checks are there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// An edge is taken from the queue and told to nobody.
    LosesNews,
    /// A socket is given its snapshot first and subscribed later.
    SnapshotBeforeSubscription,
    /// Members come and go, and nobody is told.
    MembersAreUntold,
    /// Privacy and blocks change, and nobody is told.
    SightsAreUntold,
    /// A crash leaves cursors as good as a graceful stop does.
    CrashKeepsCursors,
    /// What waits for a socket is forgotten.
    WindowIsForgotten,
    /// A frame overtakes the one before it.
    FramesOvertake,
    /// Changes of who is in a conversation do not arrive.
    DiffsAreLost,
}

/// What was found wrong.
type Finding = String;

async fn run(seed: u64, bug: Option<Bug>) -> Result<(), Finding> {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::new(&mut rng, bug).await;
    for _ in 0..STEPS {
        world.step(&mut rng).await?;
    }
    world.come_to_rest(&mut rng).await?;
    world.compare()?;
    // Whoever comes back once more from where it stands has the same view.
    world.everybody_returns()?;
    world.come_to_rest(&mut rng).await?;
    world.compare()
}

fn seeds_or(ordinary: u64) -> u64 {
    let asked = std::env::var("VIGIE_FANOUT_SEEDS").ok();
    asked.map_or(ordinary, |asked| asked.parse().unwrap())
}

fn on_one_thread<T>(task: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(task)
}

#[test]
fn every_view_ends_as_the_reference_says() {
    on_one_thread(async {
        for seed in 0..seeds_or(SEEDS) {
            let found = run(seed, None).await;
            assert_eq!(found, Ok(()), "seed {seed}");
        }
    });
}

#[test]
fn planted_bugs_are_found() {
    let bugs = [
        Bug::LosesNews,
        Bug::SnapshotBeforeSubscription,
        Bug::MembersAreUntold,
        Bug::SightsAreUntold,
        Bug::CrashKeepsCursors,
        Bug::WindowIsForgotten,
        Bug::FramesOvertake,
        Bug::DiffsAreLost,
    ];
    on_one_thread(async {
        for bug in bugs {
            let mut seed = 0;
            while run(seed, Some(bug)).await.is_ok() {
                seed += 1;
                assert!(seed < SEEDS, "{bug:?} was not found");
            }
        }
    });
}
