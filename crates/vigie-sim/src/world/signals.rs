//! A signal happens: to the reference, to the engine, and before the checkers.

use core::time::Duration;

use vigie_core::{ConnectionId, Mono, Now, PrincipalKey, Revocation, Signal};

use super::{World, scene};
use crate::difference::Difference;
use crate::reference::Demanded;
use crate::shell::Observed;

impl World {
    pub(super) fn lose(
        &mut self,
        connection: ConnectionId,
        silence: Duration,
    ) -> Result<(), Difference> {
        let now = self.clock.now();
        let mut open = self.reference.connections();
        let known = open.find(|(_, open, _)| *open == connection);
        drop(open);
        if let Some((principal, _, limit)) = known {
            // What a loss may prove: the silence that was reported, or the transport's limit.
            let times = &mut self.checkers.times;
            times.note_silence(principal, now, silence);
            times.note_silence(principal, now, limit);
        }
        self.signal(Signal::SessionLost {
            connection,
            silence,
        })
    }

    pub(super) fn delete(&mut self, principal: PrincipalKey) -> Result<(), Difference> {
        self.signal(Signal::SessionsRevoked {
            principal,
            reason: Revocation::Deleted,
        })?;
        self.shell.forget(principal);
        self.reference.forget(principal);
        let scene = scene(&self.clock, &self.shell, &self.reference);
        self.checkers.forget(scene, principal);
        Ok(())
    }

    pub(super) fn request(
        &mut self,
        principal: PrincipalKey,
        at: Now,
        began: Mono,
    ) -> Result<(), Difference> {
        let now = self.clock.now();
        self.checkers.times.note_activity(principal, at.wall);
        let reported = Signal::ActivityReported {
            principal,
            at,
            began,
        };
        let demanded = self.demand(&reported);
        let observed = self.shell.request(principal, at, began, now);
        self.compare(Some(principal), &observed, &demanded, None)
    }

    pub(super) fn signal(&mut self, signal: Signal) -> Result<(), Difference> {
        let now = self.clock.now();
        let opened = if let Signal::SessionStarted { connection, .. } = &signal {
            Some(*connection)
        } else {
            None
        };
        let concerned = self.reference.concerned(&signal);
        if let Some(principal) = concerned {
            let times = &mut self.checkers.times;
            if may_be_activity(&signal) {
                times.note_activity(principal, now.wall);
            } else {
                times.note(principal, now.wall);
            }
        }
        let demanded = self.demand(&signal);
        if let Signal::SessionStarted { session, .. } = &signal {
            self.tally.count_start(demanded.session != Some(*session));
        }
        let observed = self.shell.signal(signal, now);
        self.compare(concerned, &observed, &demanded, opened)
    }

    fn demand(&mut self, signal: &Signal) -> Demanded {
        let now = self.clock.now();
        self.checkers.times.pass(now.wall);
        self.reference.handle(signal, now)
    }

    fn compare(
        &mut self,
        concerned: Option<PrincipalKey>,
        observed: &Observed,
        demanded: &Demanded,
        opened: Option<ConnectionId>,
    ) -> Result<(), Difference> {
        self.tally.count(observed, demanded);
        if demanded.offered.is_none() {
            self.note_writes(observed);
        }
        if let Some(timeline) = &mut self.timeline {
            timeline.seen(self.clock.now(), observed, demanded);
        }
        let scene = scene(&self.clock, &self.shell, &self.reference);
        self.checkers
            .after_signal(scene, (observed, demanded), opened)?;
        match concerned {
            Some(principal) => self.checkers.state_of(scene, principal),
            None => Ok(()),
        }
    }

    pub(super) fn note_writes(&mut self, observed: &Observed) {
        for (principal, _) in &observed.persisted {
            self.reference.write(*principal);
        }
    }
}

/// Whether the human did something, as far as the signal alone tells.
fn may_be_activity(signal: &Signal) -> bool {
    match signal {
        Signal::SessionStarted { .. }
        | Signal::SessionActive { .. }
        | Signal::SessionForegrounded { .. }
        | Signal::ActivityReported { .. } => true,
        Signal::SessionProved { .. }
        | Signal::SessionBackgrounded { .. }
        | Signal::SessionLeft { .. }
        | Signal::SessionLost { .. }
        | Signal::SessionsRevoked { .. }
        | Signal::StatusForced { .. }
        | Signal::StatusChosen { .. }
        | Signal::PresenceLoaded { .. }
        | Signal::ProcessPaused { .. } => false,
    }
}
