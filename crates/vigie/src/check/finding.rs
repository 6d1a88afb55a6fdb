//! What one step found: it is right, it is wrong, or it could not be looked at.

/// The step found what should be there; in words, and with its measured times.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) text: String,
    /// Name and milliseconds.
    pub(super) times: Vec<(&'static str, f64)>,
}

impl Seen {
    /// Adds a measured time.
    pub(super) fn timed(mut self, name: &'static str, time: std::time::Duration) -> Self {
        self.times.push((name, millis(time)));
        self
    }
}

impl<T: Into<String>> From<T> for Seen {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            times: Vec::new(),
        }
    }
}

/// The step found something else.
#[derive(Debug)]
pub(super) struct Fault {
    /// What a right server does.
    pub(super) expected: String,
    /// What this one did.
    pub(super) seen: String,
    /// Where to look.
    pub(super) hint: String,
}

impl Fault {
    pub(super) fn new(
        expected: impl Into<String>,
        seen: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            expected: expected.into(),
            seen: seen.into(),
            hint: hint.into(),
        }
    }
}

/// Why a step was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Omission {
    /// Nobody asked for it.
    NotAsked(&'static str),
    /// Something is missing that the operator could have given.
    Missing(String),
    /// The step that it builds on went wrong.
    After(&'static str),
}

impl std::fmt::Display for Omission {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAsked(why) => out.write_str(why),
            Self::Missing(what) => out.write_str(what),
            Self::After(step) => write!(out, "builds on {step}, which failed"),
        }
    }
}

/// A duration as the report writes it, with one decimal.
pub(super) fn millis(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
