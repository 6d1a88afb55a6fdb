//! The real `vigie` process under fire: killed, stopped, starved, flooded and lied to by its clock.
//!
//! Each file is one kind of fault, each test one fact that the fault must not change.
//! Always true of every test: the process never ends by itself, nobody is told a lie, and no coming or leaving is lost.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod agreement;
mod clock_jumps;
mod descriptors;
mod ended_beside;
mod floods;
mod half_open;
mod invisible;
mod kill_nine;
mod people;
mod run;
mod server;
mod slow_reader;
mod stopped;
mod store_trouble;
mod vitals;
mod wire;
