//! What people, other services and operators do.

use core::time::Duration;

use vigie_core::{
    Availability, Chosen, ChosenStatus, ConnectionId, Mono, Now, PrincipalKey, Revocation,
    SessionId, Signal, StoredSession, Touch,
};

use super::{SILENCE_LIMIT, World};

/// One link of one person; the session behind it may outlive it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) who: PrincipalKey,
    pub(crate) connection: ConnectionId,
}

/// A request that was received and is not handled yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    who: PrincipalKey,
    began: Mono,
}

// Devices.
impl World {
    pub(crate) fn connects(&mut self, who: PrincipalKey) -> Device {
        self.link(who, None)
    }

    /// A connection that says it had `session`; whether it takes it up is the engine's decision.
    pub(crate) fn resumes(&mut self, who: PrincipalKey, session: SessionId) -> Device {
        self.link(who, Some(session))
    }

    fn link(&mut self, who: PrincipalKey, resumes: Option<SessionId>) -> Device {
        self.last_id += 1;
        let connection = ConnectionId(self.last_id);
        self.handle(Signal::SessionStarted {
            principal: who,
            session: SessionId(u128::from(self.last_id)),
            connection,
            resumes,
            silence: SILENCE_LIMIT,
        });
        Device { who, connection }
    }

    pub(crate) fn session(&self, device: Device) -> SessionId {
        self.node.engine.session_of(device.connection).unwrap()
    }

    /// A heartbeat, a pong, or any other frame that is not an activity.
    pub(crate) fn shows_life(&mut self, device: Device) {
        let connection = device.connection;
        self.handle(Signal::SessionProved { connection });
    }

    /// `presence:activity` or `typing:start`.
    pub(crate) fn acts(&mut self, device: Device) {
        let connection = device.connection;
        let is_open = self.node.engine.session_of(connection).is_some();
        self.node.offered += u64::from(is_open);
        self.handle(Signal::SessionActive { connection });
    }

    pub(crate) fn goes_to_the_background(&mut self, device: Device) {
        let connection = device.connection;
        self.handle(Signal::SessionBackgrounded { connection });
    }

    pub(crate) fn comes_to_the_foreground(&mut self, device: Device) {
        let connection = device.connection;
        self.node.offered += u64::from(self.is_in_the_background(device));
        self.handle(Signal::SessionForegrounded { connection });
    }

    fn is_in_the_background(&self, device: Device) -> bool {
        let session = self.session(device);
        let is_it = |stored: &StoredSession| stored.id == session && stored.backgrounded;
        self.record(device.who).sessions.iter().any(is_it)
    }

    /// A goodbye.
    pub(crate) fn leaves(&mut self, device: Device) {
        let connection = device.connection;
        self.handle(Signal::SessionLeft { connection });
    }

    /// No goodbye, and the transport reports it at once: a FIN, a closed WebSocket, a page reload.
    pub(crate) fn is_lost(&mut self, device: Device) {
        self.is_lost_after_silence(device, Duration::ZERO);
    }

    /// No goodbye, and the transport noticed `silence` after the last sign of life.
    pub(crate) fn is_lost_after_silence(&mut self, device: Device, silence: Duration) {
        let connection = device.connection;
        self.handle(Signal::SessionLost {
            connection,
            silence,
        });
    }
}

// REST and operators.
impl World {
    /// A request that is handled as soon as it arrives.
    pub(crate) fn requests(&mut self, who: PrincipalKey) {
        let request = self.request_arrives(who);
        self.request_is_handled(request);
    }

    pub(crate) fn request_arrives(&self, who: PrincipalKey) -> Request {
        Request {
            who,
            began: self.now.mono,
        }
    }

    pub(crate) fn request_is_handled(&mut self, request: Request) {
        self.activity(request.who, self.now, request.began);
    }

    /// Another service reports an activity that happened `ago`.
    pub(crate) fn is_reported_active(&mut self, who: PrincipalKey, ago: Duration) {
        let at = self.now.earlier(ago);
        self.activity(who, at, at.mono);
    }

    fn activity(&mut self, principal: PrincipalKey, at: Now, began: Mono) {
        self.node.offered += 1;
        match self.node.cells.touch(principal, at, self.now) {
            Touch::Throttled => self.node.held += 1,
            Touch::Refresh => self.node.write_behind.note(principal, true),
            Touch::Edge => self.handle(Signal::ActivityReported {
                principal,
                at,
                began,
            }),
        }
    }

    /// A status for an open end.
    pub(crate) fn chooses(&mut self, principal: PrincipalKey, status: ChosenStatus) {
        let chosen = Chosen {
            status: Some(status),
            ..Chosen::default()
        };
        self.chooses_all(principal, chosen);
    }

    /// A status for `span` from now.
    pub(crate) fn chooses_for(
        &mut self,
        principal: PrincipalKey,
        status: ChosenStatus,
        span: Duration,
    ) {
        let chosen = Chosen {
            status: Some(status),
            until: Some(self.now.wall + span),
            ..Chosen::default()
        };
        self.chooses_all(principal, chosen);
    }

    /// The computed status again, and no text.
    pub(crate) fn chooses_nothing(&mut self, principal: PrincipalKey) {
        self.chooses_all(principal, Chosen::default());
    }

    pub(crate) fn chooses_all(&mut self, principal: PrincipalKey, chosen: Chosen) {
        self.handle(Signal::StatusChosen { principal, chosen });
    }

    pub(crate) fn is_declared(&mut self, principal: PrincipalKey, availability: Availability) {
        let online = availability.is_online();
        self.handle(Signal::StatusForced { principal, online });
    }

    pub(crate) fn is_revoked(&mut self, principal: PrincipalKey, reason: Revocation) {
        self.handle(Signal::SessionsRevoked { principal, reason });
    }

    /// The principal was deleted.
    pub(crate) fn is_forgotten(&mut self, principal: PrincipalKey) {
        self.node.engine.forget(principal);
    }
}
