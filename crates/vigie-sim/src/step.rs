//! One step of a simulated world: something happens, with every number that it needs.
//!
//! A run is a list of steps.
//! A step names connections and sessions by their numbers, never by "the third open one": any step can be taken out of a list and the rest still means the same, which is how a failing list is made short.

use core::fmt;
use core::time::Duration;

use vigie_core::{ChosenStatus, ConnectionId, PrincipalKey, Revocation, SessionId};

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Time passes, and the timer is served at every deadline.
    Wait {
        /// How long.
        span: Duration,
        /// How many principals one call of the timer may decide.
        limit: usize,
    },
    /// Time passes, and nobody serves the timer.
    Oversleep {
        /// How long.
        span: Duration,
    },
    /// The timer is served once.
    Fire {
        /// How many principals the call may decide.
        limit: usize,
    },
    /// The wall clock is set.
    Jump {
        /// By how much, in milliseconds.
        millis: i64,
    },
    /// The process is stopped and goes on.
    Pause {
        /// How long.
        span: Duration,
    },
    /// A connection authenticates.
    Connect {
        /// Whose.
        principal: PrincipalKey,
        /// The id of the session, should a new one begin.
        session: SessionId,
        /// The link.
        connection: ConnectionId,
        /// What the client says it had.
        resumes: Option<SessionId>,
        /// The silence limit of its transport.
        silence: Duration,
    },
    /// A sign of life.
    Prove(ConnectionId),
    /// The human does something on a socket.
    Act(ConnectionId),
    /// The application goes to the background.
    Background(ConnectionId),
    /// The application comes to the foreground.
    Foreground(ConnectionId),
    /// A goodbye.
    Leave(ConnectionId),
    /// The link is gone, with the silence that went before.
    Lose(ConnectionId, Duration),
    /// Logged out everywhere.
    Revoke(PrincipalKey, Revocation),
    /// Deleted: everything of theirs is revoked and then forgotten, the row included.
    Delete(PrincipalKey),
    /// A request or an item of the batch API.
    Request {
        /// Who.
        principal: PrincipalKey,
        /// How long ago the activity happened: zero for a request.
        ago: Duration,
        /// How long ago the request began.
        began: Duration,
    },
    /// `user-status`.
    Force(PrincipalKey, bool),
    /// A person chooses a status, a text, both or neither.
    Choose {
        /// Who.
        principal: PrincipalKey,
        /// Instead of the computed one.
        status: Option<ChosenStatus>,
        /// The person's own line.
        text: Option<&'static str>,
        /// How long it holds by the wall clock, if it has an end.
        lasts: Option<Duration>,
    },
    /// A batch of at most so many records is sent to the store.
    Flush(usize),
    /// The store answers.
    Answer(Answer),
    /// Throttle entries of silent principals are dropped.
    Sweep,
    /// The process ends and another one starts on the same store.
    Restart {
        /// Everything is written first; else memory is lost.
        graceful: bool,
        /// Whether a write that was under way at a crash reached the store.
        landed: bool,
        /// How long nobody runs.
        down: Duration,
    },
}

/// What the store says about the batch that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Durable.
    Stored,
    /// Refused.
    Refused,
    /// Durable, but the answer got lost and counts as a failure.
    Lost,
}

impl Step {
    /// Whether the engine or a cell gets something to decide from it.
    #[must_use]
    pub const fn is_signal(&self) -> bool {
        match self {
            Self::Wait { .. }
            | Self::Oversleep { .. }
            | Self::Fire { .. }
            | Self::Jump { .. }
            | Self::Flush(_)
            | Self::Answer(_)
            | Self::Sweep
            | Self::Restart { .. } => false,
            Self::Pause { .. }
            | Self::Connect { .. }
            | Self::Prove(_)
            | Self::Act(_)
            | Self::Background(_)
            | Self::Foreground(_)
            | Self::Leave(_)
            | Self::Lose(..)
            | Self::Revoke(..)
            | Self::Delete(_)
            | Self::Request { .. }
            | Self::Force(..)
            | Self::Choose { .. } => true,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait { span, limit } => {
                write!(out, "{span:?} pass, the timer is served")?;
                match *limit {
                    usize::MAX => Ok(()),
                    limit => write!(out, ", {limit} at a time"),
                }
            }
            Self::Oversleep { span } => write!(out, "{span:?} pass, the timer is late"),
            Self::Fire { limit } => write!(out, "the timer is served once, at most {limit}"),
            Self::Jump { millis } => write!(out, "the wall clock is set by {millis} ms"),
            Self::Pause { span } => write!(out, "the process was stopped for {span:?}"),
            Self::Connect {
                principal,
                session,
                connection,
                resumes,
                silence,
            } => {
                write!(
                    out,
                    "p{} connects on c{} (new session would be s{}, silence limit {silence:?}",
                    principal.0, connection.0, session.0
                )?;
                if let Some(resumed) = resumes {
                    write!(out, ", resumes s{}", resumed.0)?;
                }
                out.write_str(")")
            }
            Self::Prove(connection) => write!(out, "sign of life on c{}", connection.0),
            Self::Act(connection) => write!(out, "activity on c{}", connection.0),
            Self::Background(connection) => write!(out, "c{} goes to the background", connection.0),
            Self::Foreground(connection) => {
                write!(out, "c{} comes to the foreground", connection.0)
            }
            Self::Leave(connection) => write!(out, "c{} says goodbye", connection.0),
            Self::Lose(connection, silence) => {
                write!(
                    out,
                    "c{} is lost after {silence:?} of silence",
                    connection.0
                )
            }
            Self::Revoke(principal, reason) => {
                write!(
                    out,
                    "the sessions of p{} are revoked ({reason:?})",
                    principal.0
                )
            }
            Self::Delete(principal) => write!(out, "p{} is deleted", principal.0),
            Self::Request {
                principal,
                ago,
                began,
            } => write!(
                out,
                "REST activity of p{}, {ago:?} ago, begun {began:?} ago",
                principal.0
            ),
            Self::Force(principal, online) => {
                write!(out, "user-status {online} for p{}", principal.0)
            }
            Self::Choose {
                principal,
                status,
                text,
                lasts,
            } => {
                let status = status.map_or("no status", ChosenStatus::as_str);
                write!(out, "p{} chooses {status}", principal.0)?;
                if let Some(text) = text {
                    write!(out, " and {text:?}")?;
                }
                lasts.map_or(Ok(()), |lasts| write!(out, " for {lasts:?}"))
            }
            Self::Flush(usize::MAX) => out.write_str("everything goes to the store"),
            Self::Flush(most) => write!(out, "a batch of at most {most} goes to the store"),
            Self::Answer(answer) => write!(out, "the store answers: {answer:?}"),
            Self::Sweep => out.write_str("old throttle entries are dropped"),
            Self::Restart {
                graceful,
                landed,
                down,
            } => write!(
                out,
                "{}, down for {down:?}, start",
                match (graceful, landed) {
                    (true, _) => "graceful stop",
                    (false, true) => "crash after the write under way",
                    (false, false) => "crash before the write under way",
                }
            ),
        }
    }
}
