//! vigie-server
pub mod config;
