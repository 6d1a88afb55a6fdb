//! The engine behind its lock: signals from every side go in here, and effects leave as work for others.
//!
//! In: signals, with the clock read in one place.
//! Out: a queue of news for the fan-out, a queue of principals for the store, and connections to close.
//! Always true: a signal's effects are drained before the lock is let go, and no one waits for anything while holding it.
//! Lock order: the engine's, then the directory's; who holds the directory never calls in here.

mod news;
mod queues;
mod restoring;
mod timer;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use vigie_core::{
    ActivityCells, ConnectionId, Effect, Engine, Mono, Now, Presence, PrincipalKey, Revocation,
    Rules, SessionId, Signal, Totals, Touch, WriteBehind,
};

use crate::clock::Clock;
pub use news::Present;
pub(crate) use news::{Edges, News, Number};
pub(crate) use queues::{Taken, Told};
pub(crate) use restoring::Kept;
pub(crate) use timer::run as run_timer;

/// The one engine of a server.
#[derive(Debug)]
pub struct EngineHost {
    clock: Clock,
    cells: Arc<ActivityCells>,
    inner: Mutex<Inner>,
    /// Activities that cells answered alone and held back; the engine counts its own.
    held_by_cells: AtomicU64,
    /// The instant the timer sleeps until, in monotonic milliseconds.
    timer_wakes: AtomicU64,
    timer_moved: Notify,
    news_came: Notify,
    writes_wait: Notify,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    writes: WriteBehind,
    /// Whoever has leases that an earlier start wrote, and that are to be written as this start's own.
    restored: Vec<PrincipalKey>,
    /// Whoever had stored times in the future, which memory holds as of the start, and the store, which merges by maximum, as they were.
    clamped: HashSet<PrincipalKey>,
    news: News,
}

/// Activities offered to the throttle since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offered {
    /// Held back.
    pub throttled: u64,
    /// Accepted and durable.
    pub successful: u64,
    /// Accepted, and failed at their first flush.
    pub failed: u64,
    /// Accepted, and not durable yet.
    pub pending: u64,
}

/// A new connection of an authenticated principal.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Who.
    pub principal: PrincipalKey,
    /// The link.
    pub connection: ConnectionId,
    /// The id of a new session, drawn at random.
    pub session: SessionId,
    /// The session the client says it had.
    pub resumes: Option<SessionId>,
    /// An open link of this transport was heard from within this time.
    pub silence: Duration,
}

impl EngineHost {
    /// An engine in which nobody is present.
    #[must_use]
    pub fn new(rules: Rules, clock: Clock) -> Self {
        let cells = Arc::new(ActivityCells::new(&rules));
        let engine = Engine::new(rules, Arc::clone(&cells));
        Self {
            clock,
            cells,
            inner: Mutex::new(Inner {
                engine,
                writes: WriteBehind::default(),
                restored: Vec::new(),
                clamped: HashSet::new(),
                news: News::default(),
            }),
            held_by_cells: AtomicU64::new(0),
            timer_wakes: AtomicU64::new(0),
            timer_moved: Notify::new(),
            news_came: Notify::new(),
            writes_wait: Notify::new(),
        }
    }

    /// This instant, on the clock the engine goes by.
    #[must_use]
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Takes one signal in and passes its effects on.
    pub fn signal(&self, signal: Signal) {
        let now = self.now();
        self.with_engine(now, |engine| engine.handle(signal, now));
    }

    /// Offers the activity of a request that began at `began`: the path of every authenticated request.
    ///
    /// Only an edge reads the clock again: a request takes no longer than that matters, unless its sender was created first, which is an edge.
    pub fn request(&self, principal: PrincipalKey, began: Now) {
        match self.cells.touch(principal, began, began) {
            Touch::Throttled => self.count_held(),
            Touch::Refresh => self.refresh(principal),
            Touch::Edge => {
                let now = self.now();
                self.report(principal, now, began.mono, now);
            }
        }
    }

    /// Offers an activity that happened `at`, by a request that began at `began`.
    pub fn activity(&self, principal: PrincipalKey, at: Now, began: Mono) {
        let now = self.now();
        match self.cells.touch(principal, at, now) {
            Touch::Throttled => self.count_held(),
            Touch::Refresh => self.refresh(principal),
            Touch::Edge => self.report(principal, at, began, now),
        }
    }

    fn count_held(&self) {
        self.held_by_cells.fetch_add(1, Ordering::Relaxed);
    }

    fn refresh(&self, principal: PrincipalKey) {
        self.inner.lock().writes.note(principal, true);
        self.writes_wait.notify_one();
    }

    fn report(&self, principal: PrincipalKey, at: Now, began: Mono, now: Now) {
        let signal = Signal::ActivityReported {
            principal,
            at,
            began,
        };
        self.with_engine(now, |engine| engine.handle(signal, now));
    }

    /// The session that runs on a connection.
    #[must_use]
    pub fn session_of(&self, connection: ConnectionId) -> Option<SessionId> {
        self.inner.lock().engine.session_of(connection)
    }

    /// Starts or resumes a session; its id, and the principal's presence after it.
    pub fn arrive(&self, arrival: Arrival) -> (SessionId, Presence) {
        let now = self.now();
        let signal = Signal::SessionStarted {
            principal: arrival.principal,
            session: arrival.session,
            connection: arrival.connection,
            resumes: arrival.resumes,
            silence: arrival.silence,
        };
        let (started, _) = self.with_engine(now, |engine| {
            engine.handle(signal, now);
            let session = engine.session_of(arrival.connection);
            let presence = engine.presence(arrival.principal, now);
            (session.unwrap_or(arrival.session), presence)
        });
        started
    }

    /// Ends every lease of a principal; the connections to close with that reason.
    #[must_use]
    pub fn revoke(&self, principal: PrincipalKey, reason: Revocation) -> Vec<ConnectionId> {
        let now = self.now();
        let signal = Signal::SessionsRevoked { principal, reason };
        let ((), drained) = self.with_engine(now, |engine| engine.handle(signal, now));
        drained.closes
    }

    /// The principal was deleted, after its leases were revoked: whoever has the id next starts anew.
    pub(crate) fn forget(&self, principal: PrincipalKey) {
        self.inner.lock().engine.forget(principal);
    }

    /// From now on this principal counts as a guest.
    pub(crate) fn know_guest(&self, principal: PrincipalKey) {
        self.inner.lock().news.know_guest(principal);
    }

    /// How many users and guests are online or away.
    #[must_use]
    pub fn present(&self) -> Present {
        self.inner.lock().news.present()
    }

    /// Edges decided since the start.
    pub(crate) fn edges(&self) -> Edges {
        self.inner.lock().news.edges()
    }

    /// The state of one principal, from memory.
    #[must_use]
    pub fn presence(&self, principal: PrincipalKey) -> Presence {
        let now = self.now();
        self.inner.lock().engine.presence(principal, now)
    }

    /// The states of many principals at one instant, in their order.
    #[must_use]
    pub fn presences(&self, principals: &[PrincipalKey]) -> Vec<Presence> {
        self.survey(principals).0
    }

    /// How much the engine holds.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.inner.lock().engine.totals()
    }

    /// What became of the activities offered so far.
    #[must_use]
    pub fn offered(&self) -> Offered {
        let inner = self.inner.lock();
        Offered {
            throttled: self.held_by_cells.load(Ordering::Relaxed) + inner.engine.totals().held,
            successful: inner.writes.successful(),
            failed: inner.writes.failed_updates(),
            pending: inner.writes.pending(),
        }
    }

    /// The activity cells, for the throttle's cleanup.
    #[must_use]
    pub fn cells(&self) -> &ActivityCells {
        &self.cells
    }

    /// Runs one step of the engine and drains it.
    fn with_engine<T>(&self, now: Now, step: impl FnOnce(&mut Engine) -> T) -> (T, Drained) {
        let pause = self.clock.take_pause();
        let mut inner = self.inner.lock();
        if let Some(pause) = pause {
            tracing::warn!(
                ?pause,
                "the process was stopped; leases are prolonged by as much"
            );
            inner.engine.handle(Signal::ProcessPaused { pause }, now);
            inner.drain();
        }
        let result = step(&mut inner.engine);
        let drained = inner.drain();
        let next = inner.engine.poll_timeout();
        drop(inner);
        if drained.announces {
            self.news_came.notify_one();
        }
        if drained.persists {
            self.writes_wait.notify_one();
        }
        let sleeps_until = self.timer_wakes.load(Ordering::Relaxed);
        if next.is_some_and(|next| next.as_millis() < sleeps_until) {
            self.timer_moved.notify_one();
        }
        (result, drained)
    }
}

/// What came out of one step.
#[derive(Debug, Default)]
struct Drained {
    announces: bool,
    persists: bool,
    closes: Vec<ConnectionId>,
}

impl Inner {
    fn drain(&mut self) -> Drained {
        let mut drained = Drained::default();
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::Announce {
                    principal,
                    was,
                    presence,
                    concern,
                } => {
                    let is = presence.availability;
                    self.news.note(principal, was, is, concern);
                    drained.announces = true;
                }
                Effect::Persist {
                    principal,
                    accepted,
                } => {
                    self.writes.note(principal, accepted);
                    drained.persists = true;
                }
                Effect::Close { connection, .. } => drained.closes.push(connection),
            }
        }
        drained
    }
}
