//! Webhooks: addresses that are told what changes, each at its own pace and none at anybody else's cost.
//!
//! In: marks of the announcer and changes of conversations, registrations by API key. Out: signed batches, one at a time to each address.
//! Always true: whoever marks never waits, what waits is bounded, a state is never told after a newer one of the same person, and nothing is dropped without saying so.

mod backoff;
mod batch;
mod client;
mod conversations;
mod course;
mod delivery;
mod endpoint;
mod event;
mod face;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod guard;
mod hook;
mod keeper;
mod marks;
mod progress;
mod registry;
mod signature;

pub(crate) use client::CaFileError;
pub(crate) use conversations::Change;
pub(crate) use endpoint::{Endpoint, Rules};
pub(crate) use face::face;
pub(crate) use hook::{Choice, Hook};
pub(crate) use registry::{MOST_WEBHOOKS, RegisterError, Registration, Webhooks};
pub(crate) use signature::SigningSecret;
