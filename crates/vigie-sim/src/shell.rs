//! The shell of the simulation: the real engine, its real cells and its real write-behind, around a simulated store.
//!
//! In: what happens, as a server would pass it on.
//! Out: everything that can be seen from outside, in order.
//! Always true: one signal, then all its effects; a planted bug may bend both at the border.

use std::sync::Arc;

use vigie_core::{
    ActivityCells, ConnectionId, Effect, Engine, Mono, Now, Presence, PresenceRecord, PrincipalKey,
    Rules, SessionId, Signal, Totals, Touch, WriteBehind,
};

use crate::edge::Edge;
use crate::mutant::{Border, Mutant};
use crate::step::Answer;
use crate::store::Store;

/// What was seen of the engine after one signal, request or call of the timer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Edges, in order.
    pub announced: Vec<Edge>,
    /// Connections that were to be closed, in order of their numbers.
    pub closed: Vec<ConnectionId>,
    /// Who was to be written; `true` with an activity that the throttle let pass.
    pub persisted: Vec<(PrincipalKey, bool)>,
}

/// One process after another on the same store.
#[derive(Debug)]
pub struct Shell {
    rules: Rules,
    engine: Engine,
    cells: Arc<ActivityCells>,
    write_behind: WriteBehind,
    /// What survives.
    pub store: Store,
    border: Border,
    throttled: u64,
}

impl Shell {
    /// A first process on an empty store.
    #[must_use]
    pub fn new(rules: Rules, mutant: Option<Mutant>) -> Self {
        let cells = Arc::new(ActivityCells::new(&rules));
        let mut store = Store::default();
        store.open();
        Self {
            engine: Engine::new(rules.clone(), Arc::clone(&cells)),
            cells,
            write_behind: WriteBehind::default(),
            store,
            border: Border::new(mutant),
            throttled: 0,
            rules,
        }
    }

    /// Something happened.
    pub fn signal(&mut self, signal: Signal, now: Now) -> Observed {
        let mut observed = Observed::default();
        for signal in self.border.signals(signal, now) {
            self.engine.handle(signal, now);
            self.drain(now, false, &mut observed);
        }
        observed.closed.sort_unstable();
        observed
    }

    /// A request came in, or an item of the batch API: the cell answers, or the engine does.
    pub fn request(&mut self, principal: PrincipalKey, at: Now, began: Mono, now: Now) -> Observed {
        match self.cells.touch(principal, at, now) {
            Touch::Throttled => {
                self.throttled += 1;
                Observed::default()
            }
            Touch::Refresh => {
                self.write_behind.note(principal, true);
                Observed {
                    persisted: vec![(principal, true)],
                    ..Observed::default()
                }
            }
            Touch::Edge => {
                let reported = Signal::ActivityReported {
                    principal,
                    at,
                    began,
                };
                self.signal(reported, now)
            }
        }
    }

    /// The timer is served; returns also whether more principals are due.
    pub fn fire(&mut self, now: Now, limit: usize) -> (Observed, bool) {
        let mut observed = Observed::default();
        let more = self.engine.handle_timeout(now, limit);
        self.drain(now, true, &mut observed);
        (observed, more)
    }

    /// A batch of at most `most` records goes to the store, if none is under way; returns whose.
    pub fn flush(&mut self, most: usize, now: Now) -> Vec<PrincipalKey> {
        let Some(batch) = self.write_behind.take_batch(most) else {
            return Vec::new();
        };
        let engine = &self.engine;
        let records = batch.principals.iter();
        let records = records.map(|principal| (*principal, engine.record(*principal, now)));
        self.store.begin(records.collect());
        batch.principals
    }

    /// The store answers about the batch under way, if there is one; returns whose records were refused.
    pub fn answer(&mut self, answer: Answer) {
        if !self.store.is_busy() {
            return;
        }
        match answer {
            Answer::Stored | Answer::Lost => self.land(),
            Answer::Refused => self.store.drop_write(),
        }
        if answer == Answer::Stored || self.border.forgets_failures() {
            self.write_behind.stored();
        } else {
            self.write_behind.failed();
        }
    }

    /// A principal was deleted, after everything of theirs was revoked.
    pub fn forget(&mut self, principal: PrincipalKey) {
        self.engine.forget(principal);
        self.store.delete(principal);
    }

    /// Throttle entries of silent principals are dropped.
    pub fn sweep(&mut self, principals: usize, now: Mono) {
        self.cells.drop_silent(principals, now);
    }

    /// The process ends: everything is written first, or memory is lost.
    pub fn stop(&mut self, graceful: bool, landed: bool, principals: usize, now: Now) {
        if graceful {
            for principal in (0..u32::try_from(principals).unwrap_or(u32::MAX)).map(PrincipalKey) {
                if self.cells.make_durable(principal) {
                    self.write_behind.note(principal, false);
                }
            }
            self.answer(Answer::Stored);
            while !self.flush(usize::MAX, now).is_empty() {
                self.answer(Answer::Stored);
            }
            self.store.note_alive(now.wall);
        } else if landed {
            self.land();
        } else {
            self.store.drop_write();
        }
        self.cells = Arc::new(ActivityCells::new(&self.rules));
        self.engine = Engine::new(self.rules.clone(), Arc::clone(&self.cells));
        self.write_behind = WriteBehind::default();
        self.throttled = 0;
        self.border.forget();
    }

    /// The signals by which a start loads what it finds, in order of the principals.
    pub fn start(&mut self) -> Vec<(PrincipalKey, Signal)> {
        let rows = self.store.rows();
        let loads = rows.map(|(principal, row)| {
            let loaded = Signal::PresenceLoaded {
                principal,
                record: Box::new(row.record.clone()),
                alive_at: self.store.alive_at(row),
            };
            (principal, loaded)
        });
        let loads = loads.collect();
        self.store.open();
        loads
    }

    /// When the timer wants to be served.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        self.border.timeout(self.engine.poll_timeout())
    }

    /// What the engine says about somebody.
    #[must_use]
    pub fn presence(&self, principal: PrincipalKey, now: Now) -> Presence {
        self.engine.presence(principal, now)
    }

    /// What the engine would have stored.
    #[must_use]
    pub fn record(&self, principal: PrincipalKey, now: Now) -> PresenceRecord {
        self.engine.record(principal, now)
    }

    /// The session on a connection.
    #[must_use]
    pub fn session_of(&self, connection: ConnectionId) -> Option<SessionId> {
        self.engine.session_of(connection)
    }

    /// The engine's own counts.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.engine.totals()
    }

    /// Activities that were offered and held back, by the cells and by the engine.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.throttled + self.engine.totals().held
    }

    /// The counters of the writes.
    #[must_use]
    pub fn write_behind(&self) -> &WriteBehind {
        &self.write_behind
    }

    fn land(&mut self) {
        for principal in self.store.land() {
            let Some(row) = self.store.record(principal).cloned() else {
                continue;
            };
            if let Some(older) = self.border.overwriting(principal, &row) {
                self.store.overwrite(principal, older);
            }
        }
    }

    fn drain(&mut self, now: Now, by_timer: bool, observed: &mut Observed) {
        while let Some(effect) = self.engine.poll_effect() {
            match self.border.effect(effect, now, by_timer) {
                Some(Effect::Announce {
                    principal,
                    was,
                    presence,
                    concern,
                }) => observed.announced.push(Edge {
                    principal,
                    was,
                    presence,
                    concern,
                }),
                Some(Effect::Persist {
                    principal,
                    accepted,
                }) => {
                    self.write_behind.note(principal, accepted);
                    observed.persisted.push((principal, accepted));
                }
                Some(Effect::Close { connection, .. }) => observed.closed.push(connection),
                None => {}
            }
        }
    }
}
