//! Real servers for tests and benchmarks.
//!
//! In: nothing but Debian's packages. Out: a server on a free port of this machine, in a temporary folder; and a wire to any server, to be broken.
//! Always true: the server and its folder go with the process that started it, also when that is killed.

mod postgres;
mod wire;

pub use postgres::Postgres;
pub use wire::{Direction, Terms, Wire};
