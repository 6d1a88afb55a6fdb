//! Sockets of a really started server: who is told what, and what is left when clients end in every odd way.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chosen;
mod drain;
mod early_events;
mod endings;
mod follower;
mod following;
mod leak;
mod limits;
mod overlapping;
mod places;
mod polling;
mod revocation;
mod room_merging;
mod room_reading;
mod room_stories;
mod room_viewer;
mod room_views;
mod sights;
mod snapshots;
mod storms;
mod tickets;
mod typing;
mod views;
mod visibility;
mod watching;
mod world;
