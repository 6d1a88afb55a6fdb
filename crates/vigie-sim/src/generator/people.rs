//! What people, their devices and their operators do.

use core::time::Duration;

use vigie_core::{ChosenStatus, ConnectionId, Mono, PrincipalKey, Revocation, SessionId};

use super::{Generator, MEMORY};
use crate::reference::Reference;
use crate::step::Step;
use crate::world::World;

/// Silence limits of transports: ping interval and timeout of both protocol versions, and a hasty one.
const LIMITS: [Duration; 3] = [
    Duration::from_secs(16),
    Duration::from_secs(85),
    Duration::from_secs(2),
];

impl Generator {
    pub(super) fn connect(&mut self, reference: &Reference) -> Step {
        let principal = self.somebody();
        let session = SessionId(self.next_session);
        let connection = ConnectionId(self.next_connection);
        self.next_session += 1;
        self.next_connection += 1;
        let resumes = self.resumed(reference, principal);
        self.past.push((principal, session, connection));
        if self.past.len() > MEMORY {
            self.past.remove(0);
        }
        Step::Connect {
            principal,
            session,
            connection,
            resumes,
            silence: self.rng.pick(&LIMITS).copied().unwrap_or(LIMITS[0]),
        }
    }

    /// The id that the client brings along: its own of late, sometimes somebody else's, sometimes nonsense.
    fn resumed(&mut self, reference: &Reference, principal: PrincipalKey) -> Option<SessionId> {
        match self.rng.below(100) {
            0..35 => None,
            35..88 => {
                // A duplicated tab holds the id of a session that is still connected.
                let own = reference.sessions_of(principal);
                let own = self.rng.pick(&own).copied();
                own.or_else(|| {
                    let mut past = self.past.iter().rev();
                    past.find(|(of, ..)| *of == principal).map(|(_, id, _)| *id)
                })
            }
            88..96 => self.rng.pick(&self.past).map(|(_, id, _)| *id),
            _ => Some(SessionId(u128::MAX)),
        }
    }

    /// An open connection, mostly of somebody in focus, with its owner and its silence limit.
    pub(super) fn open_with_owner(
        &mut self,
        reference: &Reference,
    ) -> Option<(ConnectionId, PrincipalKey, Duration)> {
        let of = self.somebody();
        let all: Vec<_> = reference.connections().collect();
        let own: Vec<_> = all
            .iter()
            .filter(|(owner, ..)| *owner == of)
            .copied()
            .collect();
        let candidates = if own.is_empty() { all } else { own };
        let (owner, connection, limit) = self.rng.pick(&candidates).copied()?;
        Some((connection, owner, limit))
    }

    /// How long a link was silent before it was lost; a timeout reports its limit, a late one more.
    pub(super) fn silence_before_loss(&mut self, limit: Duration) -> Duration {
        match self.rng.below(4) {
            0 => Duration::ZERO,
            1 => limit,
            2 => limit + Duration::from_millis(self.rng.between(1, 500)),
            _ => {
                let millis = u64::try_from(limit.as_millis()).unwrap_or(1);
                Duration::from_millis(self.rng.between(0, millis))
            }
        }
    }

    /// Something on a link that is probably gone.
    pub(super) fn stale(&mut self) -> Option<Step> {
        let (_, _, connection) = self.rng.pick(&self.past).copied()?;
        Some(match self.rng.below(5) {
            0 => Step::Leave(connection),
            1 => Step::Prove(connection),
            2 => Step::Act(connection),
            3 => Step::Foreground(connection),
            _ => Step::Lose(connection, Duration::ZERO),
        })
    }

    pub(super) fn revoke(&mut self, now: Mono) -> Step {
        let reasons = [
            Revocation::LoggedOut,
            Revocation::Deactivated,
            Revocation::Deleted,
            Revocation::Expired,
            Revocation::Merged,
        ];
        let principal = self.somebody();
        self.mark(principal, now);
        let reason = self.rng.pick(&reasons).copied();
        Step::Revoke(principal, reason.unwrap_or(Revocation::LoggedOut))
    }

    pub(super) fn force(&mut self, now: Mono) -> Step {
        let principal = self.somebody();
        self.mark(principal, now);
        Step::Force(principal, self.rng.chance(40))
    }

    /// Mostly invisible, for there is most to get wrong about it; often without an end.
    pub(super) fn choose(&mut self) -> Step {
        let principal = self.somebody();
        let status = match self.rng.below(8) {
            0 => Some(ChosenStatus::Away),
            1 | 2 => Some(ChosenStatus::Busy),
            3..6 => Some(ChosenStatus::Invisible),
            _ => None,
        };
        let texts = [None, None, Some("on a train"), Some("on a bus")];
        let lasts = match self.rng.below(6) {
            0 => Some(Duration::from_millis(self.rng.between(0, 60))),
            1 => Some(Duration::from_millis(self.rng.between(0, 60_000))),
            2 => {
                let lease = self.weather.rules.offline_after;
                Some(self.beside(lease))
            }
            _ => None,
        };
        Step::Choose {
            principal,
            status,
            text: self.rng.pick(&texts).copied().flatten(),
            lasts,
        }
    }

    /// A request; a third of them were in flight for a while, some since just about a leave.
    pub(super) fn request(&mut self, now: Mono) -> Step {
        let principal = self.somebody();
        let began = match self.rng.below(6) {
            0 => Duration::from_millis(self.rng.between(1, 6_000)),
            1 | 2 => self.since_a_mark(principal, now),
            _ => Duration::ZERO,
        };
        Step::Request {
            principal,
            ago: Duration::ZERO,
            began,
        }
    }

    /// An item of the batch API: it happened a while ago.
    pub(super) fn batch(&mut self, world: &World) -> Step {
        let principal = self.somebody();
        let now = world.now().mono;
        let ago = match self.rng.below(4) {
            0 => self.since_a_mark(principal, now),
            1 => {
                let lease = self.weather.rules.offline_after;
                self.beside(lease)
            }
            2 => Duration::from_millis(self.rng.between(0, 5_000)),
            _ => Duration::from_millis(self.rng.between(0, 400_000)),
        };
        Step::Request {
            principal,
            ago,
            began: ago,
        }
    }

    fn since_a_mark(&mut self, principal: PrincipalKey, now: Mono) -> Duration {
        let mut marks = self.marks.iter().rev();
        let Some((_, at)) = marks.find(|(of, _)| *of == principal) else {
            return Duration::ZERO;
        };
        let since = now.since(*at);
        self.beside(since)
    }
}
