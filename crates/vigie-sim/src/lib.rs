//! A simulated world that tries to make the presence engine lie.
//!
//! A seed becomes a [`World`]: people, devices, clocks, a store, and everything that goes wrong with them.
//! Every [`Step`] happens to the real engine inside a small shell, and to a reference that is slow and obvious and was written from the rules, not from the engine.
//! After every step the two are compared, and the global properties are checked, one file each under `checkers`.
//! The first difference ends the run with the seed, the step and the shortest story that still shows it.
//! The checks are checked, too: `tests/planted_bugs.rs` plants mistakes of the field at the border of the engine, and each must be found.
//!
//! A world need not come from a seed: any bytes tell one ([`tell`]), which is how a fuzzer looks for more.
//!
//! `cargo run --release -p vigie-sim -- --seeds 10000` runs ten thousand worlds; `--seed N` tells one of them.
//!
//! Nothing here is shipped, and nothing here waits: time is a number.

mod checkers;
mod clock;
mod difference;
mod edge;
mod generator;
mod mutant;
mod reference;
mod rng;
mod run;
mod shell;
mod step;
mod store;
mod story;
mod tally;
mod timeline;
mod weather;
mod world;

pub use checkers::Judges;
pub use difference::{Checker, Difference};
pub use edge::Edge;
pub use generator::Generator;
pub use mutant::Mutant;
pub use reference::{Demanded, Reference};
pub use rng::Rng;
pub use run::{Failure, Lived, Origin, SIGNALS_PER_SEED, Script, run, tell};
pub use shell::{Observed, Shell};
pub use step::{Answer, Step};
pub use store::{Row, Store};
pub use tally::Tally;
pub use timeline::Timeline;
pub use world::{Planted, World};
