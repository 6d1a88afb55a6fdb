//! What the human does, by REST or on a socket, and what only proves that a transport lives.

use crate::activity_cells::Throttle;
use crate::principal::PrincipalKey;
use crate::signal::ConnectionId;
use crate::time::{Mono, Now};

use super::Engine;

impl Engine {
    /// REST activity that the cell could not answer alone.
    pub(super) fn rest_activity(
        &mut self,
        principal: PrincipalKey,
        at: Now,
        began: Mono,
        now: Now,
    ) {
        self.decide_due(principal, now);
        let lease_end = at.mono + self.rules.offline_after;
        let leave_guard = self.rules.leave_guard;
        let floor = Now {
            mono: lease_end,
            wall: at.wall + self.rules.offline_after,
        };
        let details = self.details_mut(principal);
        let lifts = lift_force(&mut details.forced_offline, began);
        let opens = details.rest_floor.is_none()
            && lease_end > now.mono
            && details.may_open_rest_lease(began, now.mono, leave_guard);
        if opens {
            details.rest_floor = Some(floor);
        }
        self.cells.raise_proof(principal, at.mono);
        let moved = self.cells.raise_active(principal, at.wall);
        self.note_return(principal, at.wall);
        self.offer(principal, moved, opens || lifts, now);
    }

    /// Activity on a socket belongs to its session.
    pub(super) fn session_active(&mut self, connection: ConnectionId, now: Now) {
        let Some(slot) = self.sessions.on(connection) else {
            return;
        };
        let principal = self.sessions[slot].principal;
        self.decide_due(principal, now);
        let session = &mut self.sessions[slot];
        session.active = now;
        session.prove(now);
        let came_to_front = std::mem::take(&mut session.backgrounded);
        let lifts = lift_force(&mut self.details_mut(principal).forced_offline, now.mono);
        let moved = self.cells.raise_active(principal, now.wall);
        self.note_return(principal, now.wall);
        self.offer(principal, moved, came_to_front || lifts, now);
    }

    /// A sign of life: it moves the proof and nothing else.
    pub(super) fn prove(&mut self, connection: ConnectionId, now: Now) {
        if let Some(slot) = self.sessions.on(connection) {
            self.sessions[slot].prove(now);
        }
    }

    pub(super) fn background(&mut self, connection: ConnectionId, now: Now) {
        self.prove(connection, now);
        let Some(slot) = self.sessions.on(connection) else {
            return;
        };
        if self.sessions[slot].backgrounded {
            return;
        }
        let principal = self.sessions[slot].principal;
        self.decide_due(principal, now);
        self.sessions[slot].backgrounded = true;
        self.settle(principal, now);
        self.persist(principal, false);
    }

    pub(super) fn foreground(&mut self, connection: ConnectionId, now: Now) {
        match self.sessions.on(connection) {
            Some(slot) if self.sessions[slot].backgrounded => self.session_active(connection, now),
            Some(_) | None => self.prove(connection, now),
        }
    }

    /// Settles after an activity, and asks the throttle whether it must become durable.
    fn offer(&mut self, principal: PrincipalKey, moved: bool, row_changed: bool, now: Now) {
        let edge = self.settle(principal, now);
        if edge {
            self.cells.admit_edge(principal, now.mono);
            self.persist(principal, true);
        } else if self.cells.admit(principal, now.mono, moved) == Throttle::Accepted {
            self.persist(principal, true);
        } else {
            self.held += 1;
            if row_changed {
                self.persist(principal, false);
            }
        }
    }
}

/// Lifts an operator's "offline" if the activity began later; says whether it did.
fn lift_force(forced_offline: &mut Option<Now>, began: Mono) -> bool {
    let lifts = forced_offline.is_some_and(|forced| began > forced.mono);
    if lifts {
        *forced_offline = None;
    }
    lifts
}
