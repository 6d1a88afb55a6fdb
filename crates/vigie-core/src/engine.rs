//! The engine: one signal and its instant in, state and effects out.
//!
//! The caller gives [`Engine::handle`] one signal, drains [`Engine::poll_effect`] until it is empty, and calls [`Engine::handle_timeout`] no later than it can after [`Engine::poll_timeout`].
//! Always true between two signals: what was announced last of a principal is what its leases fold to, and its activity cell's gate is open exactly while REST activity can change nothing that anybody sees.
//!
//! `settle` (in `engine/settle.rs`) is the one place where availability changes, and there the change is announced: a change without an event cannot be written.
//! What several devices make together is decided in `engine/fold.rs`; what a person chose instead, and who is hidden by a veil, in `engine/choosing.rs`.

mod activity;
mod choosing;
mod fold;
mod load;
mod sessions;
mod settle;
mod standing;
mod transitions;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::activity_cells::ActivityCells;
use crate::availability::{Availability, Presence, Times};
use crate::principal::PrincipalKey;
use crate::record::{PresenceRecord, StoredSession};
use crate::rules::Rules;
use crate::signal::{ConnectionId, Effect, SessionId, Signal};
use crate::time::{Mono, Now};
use crate::timers::Timers;

use sessions::Sessions;
use standing::{Details, Standings};

/// Decides who is present.
#[derive(Debug)]
pub struct Engine {
    rules: Rules,
    cells: Arc<ActivityCells>,
    standings: Standings,
    sessions: Sessions,
    timers: Timers,
    effects: VecDeque<Effect>,
    pause: Option<Pause>,
    held: u64,
    clamped_times: u64,
}

/// The latest stop of the process itself.
#[derive(Debug, Clone, Copy)]
struct Pause {
    ended: Mono,
    length: core::time::Duration,
}

/// How much the engine holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Sessions with an open connection.
    pub connected: usize,
    /// Sessions that lost theirs and still count.
    pub in_grace: usize,
    /// Activities offered to the engine that the throttle held back.
    pub held: u64,
    /// Stored times that lay in the future when they were loaded, and were clamped to now.
    pub clamped_times: u64,
}

impl Engine {
    /// An engine in which nobody is present.
    #[must_use]
    pub fn new(rules: Rules, cells: Arc<ActivityCells>) -> Self {
        Self {
            rules,
            cells,
            standings: Standings::default(),
            sessions: Sessions::default(),
            timers: Timers::new(),
            effects: VecDeque::new(),
            pause: None,
            held: 0,
            clamped_times: 0,
        }
    }

    /// Takes one signal in; its effects are then ready to be polled.
    pub fn handle(&mut self, signal: Signal, now: Now) {
        match signal {
            Signal::SessionStarted {
                principal,
                session,
                connection,
                resumes,
                silence,
            } => {
                self.decide_due(principal, now);
                if !self.resume(principal, connection, resumes, silence, now) {
                    self.start(principal, session, connection, silence, now);
                }
            }
            Signal::SessionProved { connection } => self.prove(connection, now),
            Signal::SessionActive { connection } => self.session_active(connection, now),
            Signal::SessionBackgrounded { connection } => self.background(connection, now),
            Signal::SessionForegrounded { connection } => self.foreground(connection, now),
            Signal::SessionLeft { connection } => self.leave(connection, now),
            Signal::SessionLost {
                connection,
                silence,
            } => self.lose(connection, silence, now),
            Signal::SessionsRevoked { principal, reason } => self.revoke(principal, reason, now),
            Signal::ActivityReported {
                principal,
                at,
                began,
            } => self.rest_activity(principal, at, began, now),
            Signal::StatusForced { principal, online } => {
                self.decide_due(principal, now);
                if online {
                    self.force_online(principal, now);
                } else {
                    self.force_offline(principal, now);
                }
            }
            Signal::StatusChosen { principal, chosen } => self.choose(principal, chosen, now),
            Signal::PresenceLoaded {
                principal,
                record,
                alive_at,
            } => self.load(principal, &record, alive_at, now),
            Signal::ProcessPaused { pause } => {
                self.pause = Some(Pause {
                    ended: now.mono,
                    length: pause,
                });
            }
        }
    }

    /// The next thing to do; `None` when the latest signal has no further effect.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// An instant before which no deadline is due; it may be earlier than the first deadline, never later.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.timers.next()
    }

    /// Decides principals whose deadline has come, in at most `limit` steps; `true` when more are due.
    ///
    /// The limit lets a caller that holds a lock breathe when a million deadlines come at once.
    pub fn handle_timeout(&mut self, now: Now, limit: usize) -> bool {
        let mut budget = limit;
        while let Some(principal) = self.timers.pop_due(now.mono, &mut budget) {
            self.decide_due(principal, now);
        }
        self.timers.next().is_some_and(|next| next <= now.mono)
    }

    /// Drops the times, the choice and the force of a principal that was deleted, and whose leases were revoked; one with a lease stays as it is.
    ///
    /// The version stays, so that it grows also for whoever has the id next, and so does the guard against requests in flight.
    pub fn forget(&mut self, principal: PrincipalKey) {
        if self.details(principal).has_lease() {
            return;
        }
        let details = self.details_mut(principal);
        details.ended_proof = None;
        details.forced_offline = None;
        details.choice = None;
        self.timers.set(principal, None);
        self.standings.tidy(principal);
        let standing = self.standings.change(principal);
        standing.seen_at = None;
        standing.shown = Availability::Offline;
        standing.computed = Availability::Offline;
        self.cells.forget(principal);
    }

    /// The state of a principal, from memory.
    #[must_use]
    pub fn presence(&self, principal: PrincipalKey, now: Now) -> Presence {
        let standing = self.standings.of(principal);
        let active = self.cells.active_at(principal);
        // Who is called offline must not pulse, and `last_seen_at` has the proofs of who is.
        let proof = match standing.shown {
            Availability::Offline => None,
            Availability::Away | Availability::Busy | Availability::Online => {
                let details = self.details(principal);
                let sessions = self.sessions.of(details);
                let proofs = sessions.map(|session| session.proof(now, self.pause));
                proofs.max().max(details.ended_proof)
            }
        };
        let lifted = self.lifted(principal);
        let times_shown = lifted.map(|lifted| {
            let active = lifted.active_at(active);
            Times {
                last_active_at: active,
                last_proof_at: active.max(lifted.last_seen_at).max(proof),
                last_seen_at: lifted.last_seen_at,
            }
        });
        Presence {
            availability: standing.shown,
            version: standing.version,
            last_active_at: active,
            last_proof_at: active.max(standing.seen_at).max(proof),
            last_seen_at: standing.seen_at,
            chosen: self.chosen(principal),
            veil: self.veil(principal),
            times_shown,
        }
    }

    /// What the store should keep of a principal: its leases as of now, its last activity as of the last accepted one or the last change.
    #[must_use]
    pub fn record(&self, principal: PrincipalKey, _now: Now) -> PresenceRecord {
        let standing = self.standings.of(principal);
        let details = self.details(principal);
        let sessions = self.sessions.of(details).map(|session| StoredSession {
            id: session.id,
            active_at: session.active.wall,
            backgrounded: session.backgrounded,
            lost_alive_at: session.lost.map(|lost| lost.alive),
        });
        PresenceRecord {
            version: standing.version,
            availability: standing.computed,
            last_active_at: self.cells.durable_at(principal),
            last_seen_at: standing.seen_at,
            left_at: details.left.map(|left| left.wall),
            forced_offline_at: details.forced_offline.map(|forced| forced.wall),
            rest_floor: details.rest_floor.map(|floor| floor.wall),
            ended_proof_at: details.ended_proof,
            sessions: sessions.collect(),
            choice: self.choice(principal).map(|choice| choice.stored.clone()),
        }
    }

    /// The session that runs on a connection; after a resume it is not the one that was proposed.
    #[must_use]
    pub fn session_of(&self, connection: ConnectionId) -> Option<SessionId> {
        let slot = self.sessions.on(connection)?;
        Some(self.sessions[slot].id)
    }

    /// How much the engine holds.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals {
            connected: self.sessions.connected(),
            in_grace: self.sessions.len() - self.sessions.connected(),
            held: self.held,
            clamped_times: self.clamped_times,
        }
    }

    fn details(&self, principal: PrincipalKey) -> &Details {
        self.standings.details_of(principal)
    }

    /// To change; whoever does settles afterwards, which gives up what is left of nothing.
    fn details_mut(&mut self, principal: PrincipalKey) -> &mut Details {
        self.standings.change_details(principal)
    }

    fn persist(&mut self, principal: PrincipalKey, accepted: bool) {
        self.cells.make_durable(principal);
        self.effects.push_back(Effect::Persist {
            principal,
            accepted,
        });
    }
}
