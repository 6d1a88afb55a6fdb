//! How the planted bugs change what reaches the engine.

use core::time::Duration;

use vigie_core::{ConnectionId, Now, PrincipalKey, Revocation, Signal};

use super::{Border, Mutant};

impl Border {
    /// What really reaches the engine when `signal` happened.
    pub(crate) fn signals(&mut self, signal: Signal, now: Now) -> Vec<Signal> {
        let Some(mutant) = self.mutant else {
            return vec![signal];
        };
        let bent = self.bend(mutant, &signal, now);
        self.remember(&signal);
        bent.unwrap_or_else(|| vec![signal])
    }

    /// What takes the place of `signal`; `None` when it passes as it is.
    fn bend(&mut self, mutant: Mutant, signal: &Signal, now: Now) -> Option<Vec<Signal>> {
        match mutant {
            Mutant::ResumeForgotten => {
                let mut bent = signal.clone();
                if let Signal::SessionStarted { resumes, .. } = &mut bent {
                    *resumes = None;
                }
                Some(vec![bent])
            }
            Mutant::LossIsGoodbye => {
                let connection = lost(signal)?;
                Some(vec![Signal::SessionLeft { connection }])
            }
            Mutant::GoodbyeIsLoss => {
                let connection = left(signal)?;
                let silence = Duration::ZERO;
                Some(vec![Signal::SessionLost {
                    connection,
                    silence,
                }])
            }
            Mutant::NewTabKicksOld => {
                let principal = started(signal)?;
                let kicked = self.connections_of(principal);
                let kicks = kicked.map(|connection| Signal::SessionLeft { connection });
                Some(kicks.chain([signal.clone()]).collect())
            }
            Mutant::OneCloseEndsAll => {
                let principal = *self.open.get(&left(signal)?)?;
                let reason = Revocation::LoggedOut;
                Some(vec![Signal::SessionsRevoked { principal, reason }])
            }
            Mutant::LogoutCutsOneDevice => {
                let Signal::SessionsRevoked { principal, .. } = signal else {
                    return None;
                };
                let connection = self.connections_of(*principal).next()?;
                Some(vec![Signal::SessionLeft { connection }])
            }
            Mutant::DisconnectNeverHandled => lost(signal).map(|_| Vec::new()),
            Mutant::LateCleanupErasesReconnect => self.delay_cleanup(signal),
            Mutant::RequestInFlightRevives => {
                let mut bent = signal.clone();
                if let Signal::ActivityReported { began, .. } = &mut bent {
                    *began = now.mono;
                }
                Some(vec![bent])
            }
            Mutant::PongIsActivity => {
                let Signal::SessionProved { connection } = *signal else {
                    return None;
                };
                Some(vec![Signal::SessionActive { connection }])
            }
            Mutant::MissingTimeIsNow
            | Mutant::SweepTellsNobody
            | Mutant::EdgesAreThrottled
            | Mutant::SweepInsteadOfDeadlines
            | Mutant::OldWriteWins
            | Mutant::FailedWriteForgotten
            | Mutant::VeilIsToldThrough
            | Mutant::ReturnTellsOfTheAbsence => None,
            Mutant::VeilLostAtRestart => {
                let mut bent = signal.clone();
                if let Signal::PresenceLoaded { record, .. } = &mut bent {
                    record.choice.as_mut()?.veil.take()?;
                }
                Some(vec![bent])
            }
            Mutant::StartResetsEverybody => {
                let mut bent = signal.clone();
                if let Signal::PresenceLoaded { record, .. } = &mut bent {
                    record.sessions.clear();
                    record.rest_floor = None;
                }
                Some(vec![bent])
            }
        }
    }

    /// A loss is handled as it should be, but its cleanup, keyed by the principal, runs only after the next start.
    fn delay_cleanup(&mut self, signal: &Signal) -> Option<Vec<Signal>> {
        if let Some(connection) = lost(signal) {
            let principal = *self.open.get(&connection)?;
            self.cleanup.insert(principal, signal.clone());
            return None;
        }
        let Signal::SessionStarted {
            principal,
            connection,
            ..
        } = signal
        else {
            return None;
        };
        self.cleanup.remove(principal)?;
        let erased = Signal::SessionLeft {
            connection: *connection,
        };
        Some(vec![signal.clone(), erased])
    }

    fn connections_of(&self, principal: PrincipalKey) -> impl Iterator<Item = ConnectionId> {
        let open = self.open.iter();
        open.filter(move |(_, of)| **of == principal)
            .map(|(connection, _)| *connection)
    }

    fn remember(&mut self, signal: &Signal) {
        if let Signal::SessionStarted {
            principal,
            connection,
            ..
        } = signal
        {
            self.open.insert(*connection, *principal);
        }
        if let Some(gone) = lost(signal).or_else(|| left(signal)) {
            self.open.remove(&gone);
        }
        if let Signal::SessionsRevoked { principal, .. } = signal {
            self.open.retain(|_, of| of != principal);
        }
    }
}

fn started(signal: &Signal) -> Option<PrincipalKey> {
    if let Signal::SessionStarted { principal, .. } = signal {
        Some(*principal)
    } else {
        None
    }
}

fn lost(signal: &Signal) -> Option<ConnectionId> {
    if let Signal::SessionLost { connection, .. } = signal {
        Some(*connection)
    } else {
        None
    }
}

fn left(signal: &Signal) -> Option<ConnectionId> {
    if let Signal::SessionLeft { connection } = signal {
        Some(*connection)
    } else {
        None
    }
}
