//! Real servers for tests and benchmarks.
//!
//! In: nothing but Debian's packages. Out: a server on a free port of this machine, in a temporary folder.
//! Always true: the server and its folder go with the process that started it, also when that is killed.

mod postgres;

pub use postgres::Postgres;
