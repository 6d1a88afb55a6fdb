//! vigie-server
pub mod auth;
pub mod config;
