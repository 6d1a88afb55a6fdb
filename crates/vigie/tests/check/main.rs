//! `vigie check` against real servers: right ones, busy ones, and four that are wrong on purpose.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod busy;
mod cli;
mod documents;
mod leftovers;
mod right;
mod tamper;
mod world;
mod wrong;
