//! What happens to sessions: they start, resume, leave, are lost, revoked, forced.

use core::time::Duration;

use crate::principal::PrincipalKey;
use crate::signal::{ConnectionId, Effect, Revocation, SessionId};
use crate::time::Now;

use super::Engine;
use super::sessions::{Lost, Session};

impl Engine {
    /// Takes up a session in grace of the same principal; says whether there was one.
    pub(super) fn resume(
        &mut self,
        principal: PrincipalKey,
        connection: ConnectionId,
        resumes: Option<SessionId>,
        silence: Duration,
        now: Now,
    ) -> bool {
        let Some(wanted) = resumes else { return false };
        let slot = self
            .sessions
            .slots_of(self.details(principal))
            .find(|slot| self.sessions[*slot].id == wanted && self.sessions[*slot].is_in_grace());
        let Some(slot) = slot else { return false };
        let details = self.standings.change_details(principal);
        details.rest_floor = None;
        self.sessions.attach(details, slot, connection);
        let session = &mut self.sessions[slot];
        session.prove(now);
        session.silence = silence;
        self.settle(principal, now);
        self.persist(principal, false);
        true
    }

    /// A new session; one that follows a lost one inherits its activity, for old clients know no resume.
    pub(super) fn start(
        &mut self,
        principal: PrincipalKey,
        id: SessionId,
        connection: ConnectionId,
        silence: Duration,
        now: Now,
    ) {
        let inherited = self
            .sessions
            .of(self.details(principal))
            .filter(|session| session.is_in_grace())
            .map(|session| session.active)
            // Instants further back than the monotonic clock reaches differ by the wall clock alone.
            .max_by_key(|active| (active.mono, active.wall));
        if inherited.is_none() {
            self.cells.raise_active(principal, now.wall);
        }
        // Also one that inherits: what it inherits may lie behind a veil that it lifts.
        self.note_return(principal, now.wall);
        let active = inherited.unwrap_or(now);
        let details = self.standings.change_details(principal);
        details.forced_offline = None;
        details.started_since_leave = true;
        details.rest_floor = None;
        let session = Session::new(id, principal, connection, active, silence, now);
        self.sessions.add(details, session);
        self.settle(principal, now);
        self.persist(principal, false);
    }

    /// A goodbye: the session ends at once.
    pub(super) fn leave(&mut self, connection: ConnectionId, now: Now) {
        let Some(slot) = self.sessions.on(connection) else {
            return;
        };
        let principal = self.sessions[slot].principal;
        self.decide_due(principal, now);
        self.sessions[slot].prove(now);
        self.end(principal, slot, now);
        self.note_leave(principal, now);
        self.settle(principal, now);
        self.persist(principal, false);
    }

    /// No goodbye: the session counts until its grace is over.
    pub(super) fn lose(&mut self, connection: ConnectionId, silence: Duration, now: Now) {
        let Some(slot) = self.sessions.on(connection) else {
            return;
        };
        let principal = self.sessions[slot].principal;
        self.decide_due(principal, now);
        let session = &self.sessions[slot];
        let lost = Lost {
            until: now.mono + self.rules.grace + self.extension(session, now),
            alive: session.proof_after(silence, now, self.pause),
        };
        let details = self.standings.change_details(principal);
        self.sessions.detach(details, slot, lost);
        self.settle(principal, now);
        self.persist(principal, false);
    }

    /// Every session and the REST lease end, as by a goodbye; requests in flight are kept out in any case.
    pub(super) fn revoke(&mut self, principal: PrincipalKey, reason: Revocation, now: Now) {
        self.decide_due(principal, now);
        let had_lease = self.details(principal).has_lease();
        while let Some(slot) = self.details(principal).first_session {
            let session = &self.sessions[slot];
            if !session.is_in_grace() {
                let connection = session.connection;
                self.effects.push_back(Effect::Close { connection, reason });
            }
            self.end(principal, slot, now);
        }
        self.details_mut(principal).rest_floor = None;
        if had_lease {
            self.note_leave(principal, now);
        } else {
            // Nobody left, and yet a request in flight must not come after the revocation.
            self.guard(principal, now);
        }
        self.settle(principal, now);
        self.persist(principal, false);
    }

    /// An operator says "online": a REST lease from now, and no activity.
    pub(super) fn force_online(&mut self, principal: PrincipalKey, now: Now) {
        self.cells.raise_proof(principal, now.mono);
        let floor = Now {
            mono: now.mono + self.rules.offline_after,
            wall: now.wall + self.rules.offline_after,
        };
        let details = self.details_mut(principal);
        details.forced_offline = None;
        if details.connected == 0 {
            let later = details.rest_floor.filter(|open| open.mono > floor.mono);
            details.rest_floor = Some(later.unwrap_or(floor));
        }
        self.settle(principal, now);
        self.persist(principal, false);
    }

    /// An operator says "offline": it holds until something later; sockets stay.
    pub(super) fn force_offline(&mut self, principal: PrincipalKey, now: Now) {
        let proofs = self.sessions.of(self.details(principal));
        let proof = proofs.map(|session| session.proof(now, self.pause)).max();
        let is_online = self.standings.of(principal).shown.is_online();
        let details = self.details_mut(principal);
        if is_online {
            // Whoever was seen later than now, by a clock that was set back since, stays so.
            details.ended_proof = details.ended_proof.max(Some(now.wall)).max(proof);
        }
        details.forced_offline = Some(now);
        details.rest_floor = None;
        self.settle(principal, now);
        self.persist(principal, false);
    }

    fn note_leave(&mut self, principal: PrincipalKey, now: Now) {
        self.guard(principal, now);
        let details = self.details_mut(principal);
        details.ended_proof = details.ended_proof.max(Some(now.wall));
    }

    /// From now on requests that began before open no lease, nor any for a while.
    fn guard(&mut self, principal: PrincipalKey, now: Now) {
        let details = self.details_mut(principal);
        details.left = Some(now);
        details.started_since_leave = false;
    }

    /// How much longer a session counts because the server itself was silent just before it was lost.
    fn extension(&self, session: &Session, now: Now) -> Duration {
        match self.pause {
            Some(pause) if now.mono.since(pause.ended) < session.silence => {
                pause.length.min(self.rules.restart_grace)
            }
            Some(_) | None => Duration::ZERO,
        }
    }
}
