//! How sessions begin and end, and what an operator's word does: the sections *Leases* and *Force* of the rules.

use core::time::Duration;

use vigie_core::{ConnectionId, Now, PrincipalKey, SessionId};

use super::Reference;
use super::person::RestLease;
use super::stay::{Stay, heard, later, latest};

impl Reference {
    /// A connection authenticated; returns the session it got.
    pub(super) fn start(
        &mut self,
        principal: PrincipalKey,
        (session, connection): (SessionId, ConnectionId),
        resumes: Option<SessionId>,
        silence: Duration,
        now: Now,
    ) -> SessionId {
        let person = &mut self.people[principal.index()];
        person.rest = None;
        let lost = person
            .stays
            .iter_mut()
            .filter(|stay| stay.connection.is_none());
        if let Some(stay) = lost.into_iter().find(|stay| Some(stay.id) == resumes) {
            stay.connection = Some(connection);
            stay.ends = None;
            stay.silence = silence;
            stay.hear(now);
            return stay.id;
        }
        let in_grace = person.stays.iter().filter(|stay| stay.connection.is_none());
        let inherited = in_grace.map(|stay| stay.active).reduce(latest);
        if inherited.is_none() {
            person.last_active_at = person.last_active_at.max(Some(now.wall));
        }
        person.choice.returns = Some(now.wall);
        person.stays.push(Stay {
            id: session,
            connection: Some(connection),
            ends: None,
            active: inherited.unwrap_or(now),
            backgrounded: false,
            proof: now.wall,
            silence,
        });
        person.forced = None;
        person.guarded = false;
        session
    }

    pub(super) fn hear(&mut self, principal: PrincipalKey, connection: ConnectionId, now: Now) {
        if let Some(stay) = self.stay_mut(principal, connection) {
            stay.hear(now);
        }
    }

    pub(super) fn background(&mut self, principal: PrincipalKey, connection: ConnectionId) {
        if let Some(stay) = self.stay_mut(principal, connection) {
            stay.backgrounded = true;
        }
    }

    pub(super) fn is_backgrounded(
        &self,
        principal: PrincipalKey,
        connection: ConnectionId,
    ) -> bool {
        let mut stays = self.person(principal).stays.iter();
        stays.any(|stay| stay.connection == Some(connection) && stay.backgrounded)
    }

    /// A goodbye: the session is over at once, and it was heard from just now.
    pub(super) fn leave(&mut self, principal: PrincipalKey, connection: ConnectionId, now: Now) {
        self.hear(principal, connection, now);
        let person = &mut self.people[principal.index()];
        let mut left = person.stays.iter();
        let left = left.find(|stay| stay.connection == Some(connection));
        person.ended_proof = person.ended_proof.max(left.map(|stay| stay.proof));
        person
            .stays
            .retain(|stay| stay.connection != Some(connection));
        person.left = Some(now);
        person.guarded = true;
    }

    /// A loss: grace begins, and the proof is fixed.
    pub(super) fn lose(
        &mut self,
        principal: PrincipalKey,
        connection: ConnectionId,
        silence: Duration,
        now: Now,
    ) {
        let (grace, longest) = (self.rules.grace, self.rules.restart_grace);
        let pause = self.pause;
        if let Some(stay) = self.stay_mut(principal, connection) {
            let reported = heard(now, silence.min(stay.silence), pause);
            stay.proof = stay.proved(now, pause).max(reported);
            stay.connection = None;
            // Its client had to notice the server's silence before it could come back.
            let longer = match pause {
                Some(pause) if now.mono < pause.ended + stay.silence => pause.length.min(longest),
                Some(_) | None => Duration::ZERO,
            };
            stay.ends = Some(now.mono + grace + longer);
        }
    }

    /// Everything ends at once, as by a goodbye; returns the connections to close.
    pub(super) fn revoke(&mut self, principal: PrincipalKey, now: Now) -> Vec<ConnectionId> {
        let person = &mut self.people[principal.index()];
        let ended = core::mem::take(&mut person.stays);
        person.left = Some(now);
        person.guarded = true;
        if !ended.is_empty() || person.rest.is_some() {
            person.ended_proof = person.ended_proof.max(Some(now.wall));
        }
        person.rest = None;
        for stay in &ended {
            person.ended_proof = person.ended_proof.max(Some(stay.proof));
        }
        let mut open: Vec<_> = ended.iter().filter_map(|stay| stay.connection).collect();
        open.sort_unstable();
        open
    }

    /// An operator said "online" or "offline".
    pub(super) fn force(&mut self, principal: PrincipalKey, online: bool, now: Now) {
        let person = &mut self.people[principal.index()];
        if online {
            person.forced = None;
            person.rest_proof = person.rest_proof.max(Some(now.mono));
            if !person.is_connected() {
                // It moves no stored time, so the floor must carry it.
                let floor = later(now, self.rules.offline_after);
                let open = person
                    .rest
                    .map_or(floor, |lease| latest(lease.floor, floor));
                person.rest = Some(RestLease { floor: open });
            }
        } else {
            person.forced = Some(now);
            person.rest = None;
        }
    }

    pub(super) fn stay_mut(
        &mut self,
        principal: PrincipalKey,
        connection: ConnectionId,
    ) -> Option<&mut Stay> {
        let mut stays = self.people[principal.index()].stays.iter_mut();
        stays.find(|stay| stay.connection == Some(connection))
    }
}
