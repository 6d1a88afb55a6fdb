//! What enters the engine, and what it asks for.
//!
//! A [`Signal`] says what happened, in the past tense; an [`Effect`] says what the caller must do, in the imperative.

use core::time::Duration;

use crate::availability::{Availability, Presence};
use crate::chosen::Chosen;
use crate::principal::PrincipalKey;
use crate::record::PresenceRecord;
use crate::time::{Mono, Now, Wall};

/// One transport link; unique within a process, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// One authenticated stay of one device; drawn at random by the caller, so that it can serve as the secret of a resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u128);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// A connection authenticated.
    /// It takes up the session it resumes when that one belongs to the same principal and has lost its connection; else `session` begins.
    SessionStarted {
        /// Whose session it is.
        principal: PrincipalKey,
        /// The id of the session, should a new one begin.
        session: SessionId,
        /// The link it runs on.
        connection: ConnectionId,
        /// The session the client says it had.
        resumes: Option<SessionId>,
        /// An open link has been heard from within this time, or its transport would have closed it.
        silence: Duration,
    },
    /// A sign of life came in over a connection; not an activity.
    SessionProved {
        /// The link.
        connection: ConnectionId,
    },
    /// The human did something on a connection.
    SessionActive {
        /// The link.
        connection: ConnectionId,
    },
    /// The application behind a connection went to the background: idle at once.
    SessionBackgrounded {
        /// The link.
        connection: ConnectionId,
    },
    /// The application behind a connection came to the foreground: an activity, if it was in the background.
    SessionForegrounded {
        /// The link.
        connection: ConnectionId,
    },
    /// A connection ended with a goodbye.
    SessionLeft {
        /// The link.
        connection: ConnectionId,
    },
    /// A connection ended without a goodbye.
    SessionLost {
        /// The link.
        connection: ConnectionId,
        /// How long ago the last sign of life came in.
        silence: Duration,
    },
    /// Every session and REST lease of a principal was revoked: a clean leave of them all.
    SessionsRevoked {
        /// Whose.
        principal: PrincipalKey,
        /// Why.
        reason: Revocation,
    },
    /// The human did something by REST, and the activity cell could not answer alone.
    ActivityReported {
        /// Who.
        principal: PrincipalKey,
        /// When it happened, not after now.
        at: Now,
        /// When the request began: one that began before a leave opens no lease.
        began: Mono,
    },
    /// An operator said that a principal is online, or offline.
    StatusForced {
        /// Who.
        principal: PrincipalKey,
        /// Online by a REST lease from now, or offline until something later.
        online: bool,
    },
    /// A person chose how to be shown, in place of everything chosen before.
    StatusChosen {
        /// Who.
        principal: PrincipalKey,
        /// Nothing in it takes the choice back; one that is over already does the same.
        chosen: Chosen,
    },
    /// The store's row of a principal was read at start.
    PresenceLoaded {
        /// Who.
        principal: PrincipalKey,
        /// What the store kept.
        record: Box<PresenceRecord>,
        /// The last proof of life of the node that wrote the row; `None` when it is unknown, and then no lease is restored.
        alive_at: Option<Wall>,
    },
    /// The process itself was stopped for a while and goes on; the monotonic clock did not count it.
    ProcessPaused {
        /// How long.
        pause: Duration,
    },
}

/// Why sessions were revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// Logged out everywhere.
    LoggedOut,
    /// The user was deactivated.
    Deactivated,
    /// The user or guest was deleted.
    Deleted,
    /// The guest's time is over.
    Expired,
    /// The guest became a user, who has credentials of their own.
    Merged,
}

/// Whom a change concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// The person's own devices, and services: to all others nothing changed.
    Oneself,
    /// Everyone who may know.
    Watchers,
}

/// What the caller must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell whom it concerns: an edge, or a change of what was chosen, which may leave the availability as it was.
    Announce {
        /// Whose change.
        principal: PrincipalKey,
        /// The availability before it.
        was: Availability,
        /// The state after it.
        presence: Presence,
        /// Whom it concerns.
        concern: Concern,
    },
    /// Make the principal's [`PresenceRecord`] durable; ask [`crate::Engine::record`] for it when writing.
    Persist {
        /// Whose record.
        principal: PrincipalKey,
        /// It carries an activity that the throttle let pass, which metrics count once it is durable.
        accepted: bool,
    },
    /// Close a connection whose session was revoked.
    Close {
        /// The link.
        connection: ConnectionId,
        /// Why.
        reason: Revocation,
    },
}
