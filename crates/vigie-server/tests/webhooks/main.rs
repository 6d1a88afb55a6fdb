//! Webhooks of a really started server, told to real receivers: some fail, some hang, some come back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod delivery;
mod example;
mod network;
mod parking;
mod receiver;
mod recovery;
mod registration;
mod restart;
mod world;
