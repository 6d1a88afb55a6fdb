//! What people, their devices and their operators do in a story.

use core::time::Duration;

use vigie_core::{ChosenStatus, ConnectionId, Mono, Revocation, SessionId};

use super::Story;
use crate::step::Step;
use crate::world::World;

/// Silence limits of transports: ping interval and timeout of both protocol versions, a hasty one, and one that is never silent.
const LIMITS: [Duration; 4] = [
    Duration::from_secs(16),
    Duration::from_secs(85),
    Duration::from_secs(2),
    Duration::ZERO,
];

/// What a client brings along that says it had an earlier session.
#[derive(Debug, Clone, Copy)]
enum Brought {
    Nothing,
    /// The session that was offered with an earlier connection, whoever's it was.
    Earlier,
    Nonsense,
}

const BROUGHT: [Brought; 3] = [Brought::Nothing, Brought::Earlier, Brought::Nonsense];

impl Story<'_> {
    /// A new connection; a session is numbered like the connection with which it was offered.
    pub(super) fn connect(&mut self) -> Option<Step> {
        let principal = self.somebody()?;
        let resumes = match self.bytes.pick(&BROUGHT)? {
            Brought::Nothing => None,
            Brought::Earlier => {
                let back = self.bytes.byte()?;
                let number = self.connections.saturating_sub(back).max(1);
                Some(SessionId(number.into()))
            }
            Brought::Nonsense => Some(SessionId(u128::MAX)),
        };
        let silence = self.bytes.pick(&LIMITS)?;
        // A story of more connections than a byte can name ends here.
        self.connections = self.connections.checked_add(1)?;
        Some(Step::Connect {
            principal,
            session: SessionId(self.connections.into()),
            connection: ConnectionId(self.connections.into()),
            resumes,
            silence,
        })
    }

    pub(super) fn revoke(&mut self) -> Option<Step> {
        let principal = self.somebody()?;
        let reasons = [
            Revocation::LoggedOut,
            Revocation::Deactivated,
            Revocation::Deleted,
            Revocation::Expired,
        ];
        // One byte alone, so that the stories of the corpus mean what they meant.
        let reason = match self.bytes.byte()? {
            u8::MAX => Revocation::Merged,
            byte => reasons[usize::from(byte) % reasons.len()],
        };
        Some(Step::Revoke(principal, reason))
    }

    pub(super) fn choose(&mut self, world: &World) -> Option<Step> {
        let principal = self.somebody()?;
        let statuses = [
            None,
            Some(ChosenStatus::Away),
            Some(ChosenStatus::Busy),
            Some(ChosenStatus::Invisible),
        ];
        let status = self.bytes.pick(&statuses)?;
        let texts = [None, Some("on a train"), Some("on a bus")];
        let text = self.bytes.pick(&texts)?;
        let has_end = self.bytes.pick(&[false, true])?;
        let lasts = if has_end {
            Some(self.span(world)?)
        } else {
            None
        };
        Some(Step::Choose {
            principal,
            status,
            text,
            lasts,
        })
    }

    /// A request, which may have been in flight for a while.
    pub(super) fn request(&mut self, now: Mono) -> Option<Step> {
        Some(Step::Request {
            principal: self.somebody()?,
            ago: Duration::ZERO,
            began: self.past(now)?,
        })
    }

    /// An item of the batch API: it happened a while ago.
    pub(super) fn batch(&mut self, now: Mono) -> Option<Step> {
        let principal = self.somebody()?;
        let ago = self.past(now)?;
        Some(Step::Request {
            principal,
            ago,
            began: ago,
        })
    }
}
