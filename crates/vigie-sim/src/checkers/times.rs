//! Times never go backwards and are never invented: each is an instant at which something happened to that principal, and none lies in the future.
//!
//! In: what happens, with the wall times that it may prove; and every presence that is announced or read.
//! Always true: a wall clock that is set back does not make a stored time go back; it only makes an old time look like the future, so "the future" begins after the latest wall time ever seen.

use core::time::Duration;
use std::collections::BTreeSet;

use vigie_core::{Now, Presence, PrincipalKey, Wall};

use super::Scene;
use crate::difference::{Checker, Difference};
use crate::shell::Observed;

/// The three times of a presence.
type Times3 = [Option<Wall>; 3];
const NAMES: [&str; 3] = ["last_active_at", "last_seen_at", "last_proof_at"];

/// What happened when, and what was last seen of everybody.
#[derive(Debug)]
pub(crate) struct Times {
    /// Instants that prove somebody.
    happened: Vec<BTreeSet<Wall>>,
    /// Those at which the human did something, or a session started.
    active: Vec<BTreeSet<Wall>>,
    /// Signs of life and starts of processes: they may prove anybody.
    processes: BTreeSet<Wall>,
    /// Silence limits of the transports in use: an open one proves `now` minus its limit.
    limits: BTreeSet<Duration>,
    /// How long the latest stop of the process was: it was no silence of the clients.
    pause: Duration,
    last: Vec<Times3>,
    latest: Wall,
}

impl Times {
    pub(super) fn new(principals: usize) -> Self {
        Self {
            happened: vec![BTreeSet::new(); principals],
            active: vec![BTreeSet::new(); principals],
            processes: BTreeSet::new(),
            limits: BTreeSet::new(),
            pause: Duration::ZERO,
            last: vec![[None; 3]; principals],
            latest: Wall::from_millis(i64::MIN),
        }
    }

    /// Something happened to a principal that proves it at `wall`.
    pub(crate) fn note(&mut self, principal: PrincipalKey, wall: Wall) {
        self.happened[principal.index()].insert(wall);
    }

    /// The human may have done something at `wall`.
    pub(crate) fn note_activity(&mut self, principal: PrincipalKey, wall: Wall) {
        self.active[principal.index()].insert(wall);
        self.note(principal, wall);
    }

    /// Whoever has the id next has no past.
    pub(super) fn forget(&mut self, principal: PrincipalKey) {
        self.last[principal.index()] = [None; 3];
    }

    /// A process lived.
    pub(crate) fn note_process(&mut self, wall: Wall) {
        self.processes.insert(wall);
    }

    /// A transport with this silence limit is in use.
    pub(crate) fn note_limit(&mut self, limit: Duration) {
        self.limits.insert(limit);
    }

    /// The wall clock was set: an open session proves `now` minus its limit, and `now` may have gone back.
    pub(crate) fn clock_was_set(&mut self) {
        for [_, _, last_proof_at] in &mut self.last {
            *last_proof_at = None;
        }
    }

    /// The process was stopped for so long.
    pub(crate) fn note_pause(&mut self, pause: Duration) {
        self.pause = pause;
    }

    /// A link was silent for so long: that proves the beginning of the silence.
    pub(crate) fn note_silence(&mut self, principal: PrincipalKey, now: Now, silence: Duration) {
        self.note(principal, now.wall - silence);
        self.note(principal, now.wall - silence - self.pause);
    }

    /// The clock stands at `wall`.
    pub(crate) fn pass(&mut self, wall: Wall) {
        self.latest = self.latest.max(wall);
    }

    /// Memory is lost: what counts from now on is what the store has.
    pub(super) fn restart(&mut self, scene: Scene<'_>) {
        self.note_process(scene.now.wall);
        for times in &mut self.last {
            *times = [None; 3];
        }
        for (principal, row) in scene.shell.store.rows() {
            // A stored time in the future is clamped to the start, so it may be smaller from here on.
            let clamped = |at: Option<Wall>| at.map(|at| at.min(scene.now.wall));
            let (active, seen) = (row.record.last_active_at, row.record.last_seen_at);
            self.last[principal.index()] = [clamped(active), clamped(seen), None];
        }
    }

    pub(super) fn saw(&mut self, now: Now, observed: &Observed) -> Result<(), Difference> {
        for edge in &observed.announced {
            self.check(edge.principal, &edge.presence, now)?;
        }
        Ok(())
    }

    pub(super) fn state_of(
        &mut self,
        scene: Scene<'_>,
        principal: PrincipalKey,
    ) -> Result<(), Difference> {
        let presence = scene.shell.presence(principal, scene.now);
        self.check(principal, &presence, scene.now)
    }

    fn check(
        &mut self,
        principal: PrincipalKey,
        presence: &Presence,
        now: Now,
    ) -> Result<(), Difference> {
        let times = [
            presence.last_active_at,
            presence.last_seen_at,
            presence.last_proof_at,
        ];
        for (index, (time, before)) in times.iter().zip(self.last[principal.index()]).enumerate() {
            let name = NAMES[index];
            let wrong = |message| Err(Difference::about(Checker::Times, principal, message));
            if *time < before {
                return wrong(format!("{name} went back from {before:?} to {time:?}"));
            }
            let Some(time) = *time else { continue };
            if time > self.latest {
                return wrong(format!("{name} {time:?} lies after now {:?}", now.wall));
            }
            let proved_by = |silence| self.limits.contains(&silence);
            let is_limit = || {
                let silence = now.wall.since(time);
                index == 2 && (proved_by(silence) || proved_by(silence.saturating_sub(self.pause)))
            };
            let own = if index == 0 {
                &self.active
            } else {
                &self.happened
            };
            let is_known = own[principal.index()].contains(&time) || self.processes.contains(&time);
            if !is_known && !is_limit() {
                return wrong(format!(
                    "{name} {time:?} is invented: nothing happened then"
                ));
            }
        }
        self.last[principal.index()] = times;
        Ok(())
    }
}
