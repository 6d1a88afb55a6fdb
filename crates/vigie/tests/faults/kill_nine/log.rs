//! The independent log: what everybody saw with their own eyes, and when.
//!
//! People write what they did and what they were answered, watchers what they were told, the killer when a server was there, and whoever reads the database what is kept.
//! Nothing in it comes from a rule of presence.

use std::sync::Mutex;

use crate::people::wall;

/// One start of the server, counted from 0.
pub(super) type Generation = usize;

/// One line and the instant at which it was written, in milliseconds of the wall clock.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) at: i64,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// A server listens.
    Listening,
    /// A server was killed.
    Killed(Generation),
    /// Somebody who was offline wants to be there.
    Began { who: String, by: Means },
    /// The server let somebody's socket in, or answered a request with 200.
    Proved {
        who: String,
        proof: Proof,
        /// What is proved happened no earlier than this, and no later than the line.
        asked: i64,
        generation: Generation,
    },
    /// Somebody's connection is gone, though the stay goes on.
    Lost { who: String },
    /// Somebody is no longer there and does nothing more; written before the goodbye or the cut.
    Ended { who: String },
    /// A watcher was told of one person.
    Told(Told),
    /// The database, read while no server runs.
    Stored(Stored),
}

/// How somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    Socket,
    Requests,
}

/// What the server acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Entry,
    Activity,
}

/// One status of one person as it reached a watcher.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) watcher: usize,
    pub(super) generation: Generation,
    pub(super) who: String,
    /// By `user:status`, not by a snapshot.
    pub(super) is_announced: bool,
    pub(super) is_online: bool,
    pub(super) last_active_at: Option<i64>,
}

/// What the database keeps of one person.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// The server that was killed before the database was read.
    pub(super) after: Generation,
    pub(super) who: String,
    pub(super) has_lease: bool,
    pub(super) last_active_at: Option<i64>,
    pub(super) last_seen_at: Option<i64>,
}

/// The log, in the order in which it was written.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<Line>>);

impl Log {
    pub(super) fn write(&self, what: What) {
        // The lock is taken first, so that lines are in the order of their instants.
        let mut lines = self.0.lock().unwrap();
        lines.push(Line { at: wall(), what });
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.0.lock().unwrap().clone()
    }
}
