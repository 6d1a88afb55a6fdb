//! The rules of presence, told as stories on virtual time.
//!
//! Each file is one story or one table of the rules; [`world`] plays everything around the engine.
//! A story says what people do and asserts what others are told, when, and what the store keeps.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod world;

mod batch_activity;
mod behind_the_veil_or_away;
mod chosen_end;
mod chosen_status;
mod clean_or_abrupt;
mod clocks;
mod field_failures;
mod folding;
mod forced_status;
mod idleness;
mod invisible;
mod invisible_over_restart;
mod late_timers;
mod leave_guard;
mod mass_deadline;
mod pause;
mod presence_table;
mod proof_of_life;
mod remembered;
mod requests_in_flight;
mod rest_leases;
mod restart;
mod resume;
mod revocation;
mod settings;
mod throttle;
