//! What is wrong with a configuration, in sentences that say what to do.
//!
//! All problems are reported at once: nobody should have to start a server five times to learn of five mistakes.

use std::fmt;

use super::source::Source;

/// One thing that must be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A value cannot be read.
    Value {
        /// The setting.
        setting: &'static str,
        /// Where the value came from.
        source: Source,
        /// What is wrong with it and what to write, as the end of a sentence.
        reason: String,
    },
    /// Two settings cannot both be in force.
    Contradiction {
        /// Both, each as its name, its value and where that came from.
        settings: [(&'static str, String, Source); 2],
        /// Why not, as a sentence.
        reason: String,
    },
    /// The file cannot be read, or names a setting that does not exist.
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value {
                setting,
                source,
                reason,
            } => write!(out, "{setting} ({source}) {reason}"),
            Self::Contradiction {
                settings: [(first, is, from), (second, was, origin)],
                reason,
            } => write!(
                out,
                "{first} = {is} ({from}) contradicts {second} = {was} ({origin}): {reason}; change one of them"
            ),
            Self::File { path, reason } => write!(out, "{path}: {reason}"),
        }
    }
}

/// Every problem of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => write!(out, "the configuration has a problem:")?,
            count => write!(out, "the configuration has {count} problems:")?,
        }
        self.problems
            .iter()
            .try_for_each(|problem| write!(out, "\n  - {problem}"))
    }
}

impl std::error::Error for ConfigError {}
