//! The shell around the presence engine: HTTP, Socket.IO, authentication, effects, configuration.
//!
//! [`start`] runs a whole server.
//! A host application mounts the parts instead: [`Vigie::open`], its routers from [`rest`], and [`auth::AuthLayer`] over routes of its own.
//!
//! There are no rules of presence in here: whatever happens becomes a signal to the engine ([`engine_host`]), and whatever the engine wants becomes a write ([`flusher`]) or an announcement ([`fanout`]).

pub mod admission;
pub mod app;
pub mod auth;
pub mod choosing;
pub mod clock;
pub mod config;
mod cursor;
mod demo;
pub mod engine_host;
pub mod fanout;
pub mod flusher;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod limits;
mod listener;
pub mod maintenance;
mod metrics;
mod openapi;
pub mod people;
pub mod rest;
mod router;
mod serve;
mod socketio;
pub mod status_service;
mod webhooks;

pub use app::App;
pub use demo::PATH as DEMO_PATH;
pub use listener::prepared;
pub use serve::{Listening, Running, ServeError, Vigie, listen, start};
