//! What the process itself goes through: time, its timer, its end and its next start.

use core::time::Duration;
use std::collections::BTreeSet;

use vigie_core::Mono;

use super::{ALIVE_INTERVAL, World, scene};
use crate::difference::{Checker, Difference};
use crate::reference::{Demanded, Reference};

/// How often the timer may ask to be served again at one instant: far more than there are principals.
const FIRES_AT_ONE_INSTANT: u32 = 10_000;

impl World {
    /// Time passes until `until`; at every deadline on the way the timer is served until nobody is due.
    pub(super) fn wait(&mut self, until: Mono, limit: usize) -> Result<(), Difference> {
        let mut fires = 0;
        loop {
            let now = self.clock.now().mono;
            let wanted = [self.shell.next_timeout(), self.reference.next_deadline(now)];
            let next = wanted.into_iter().flatten().min().filter(|at| *at <= until);
            let Some(next) = next else { break };
            fires = if next > now { 0 } else { fires + 1 };
            if fires > FIRES_AT_ONE_INSTANT {
                let message = format!("the timer asks to be served at {next:?} for ever");
                return Err(Difference::of_all(Checker::Deadlines, message));
            }
            self.clock.advance_to(next);
            while self.fire(limit)? {
                fires += 1;
                if fires > FIRES_AT_ONE_INSTANT {
                    let message = "the timer says for ever that more are due".to_owned();
                    return Err(Difference::of_all(Checker::Deadlines, message));
                }
            }
        }
        self.clock.advance_to(until);
        Ok(())
    }

    /// One call of the timer; returns whether it says that more are due.
    pub(super) fn fire(&mut self, limit: usize) -> Result<bool, Difference> {
        let now = self.clock.now();
        self.checkers.times.pass(now.wall);
        let (observed, more) = self.shell.fire(now, limit);
        // A call that says "more" decided those whom it announced or wrote; another one decided everybody.
        let decided: BTreeSet<_> = if more {
            let announced = observed.announced.iter().map(|edge| edge.principal);
            let written = observed.persisted.iter().map(|(principal, _)| *principal);
            announced.chain(written).collect()
        } else {
            self.reference.principals().collect()
        };
        let mut demanded = Demanded::default();
        for principal in decided {
            self.reference.decide_due(principal, now, &mut demanded);
        }
        self.tally.count(&observed, &demanded);
        self.note_writes(&observed);
        if let Some(timeline) = &mut self.timeline {
            timeline.seen(now, &observed, &demanded);
        }
        let scene = scene(&self.clock, &self.shell, &self.reference);
        self.checkers
            .after_timer(scene, (&observed, &demanded), limit)?;
        let written: Vec<_> = observed.persisted.iter().map(|(key, _)| *key).collect();
        self.look_at(&written)?;
        Ok(more)
    }

    pub(super) fn restart(
        &mut self,
        graceful: bool,
        landed: bool,
        down: Duration,
    ) -> Result<(), Difference> {
        let now = self.clock.now();
        self.shell.stop(graceful, landed, self.principals, now);
        if graceful {
            self.checkers.times.note_process(now.wall);
        }
        self.clock.restart(down);
        self.reference = Reference::new(self.rules.clone(), self.principals);
        self.alive_noted = None;
        self.store_is_well = true;
        let loads = self.shell.start();
        self.checkers
            .restart(scene(&self.clock, &self.shell, &self.reference));
        for (_, loaded) in loads {
            self.signal(loaded)?;
        }
        self.look_around()
    }

    pub(super) fn note_alive(&mut self) {
        let now = self.clock.now();
        self.checkers.times.pass(now.wall);
        let is_time = self
            .alive_noted
            .is_none_or(|noted| now.mono.since(noted) >= ALIVE_INTERVAL);
        if self.store_is_well && is_time {
            self.shell.store.note_alive(now.wall);
            self.checkers.times.note_process(now.wall);
            self.alive_noted = Some(now.mono);
        }
    }
}
