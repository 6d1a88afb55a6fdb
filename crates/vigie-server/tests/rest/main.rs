//! The HTTP routes of a started server, as those who call them see them.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod activity;
mod auth_layer;
mod chosen;
mod compatible;
mod credentials;
mod demo;
mod directory;
mod doors;
mod jobs;
mod limits;
mod maintenance;
mod operations;
mod presence;
mod privacy;
mod store_away;
mod store_frozen;
mod world;
