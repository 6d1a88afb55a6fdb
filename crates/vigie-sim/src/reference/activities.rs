//! What activity does, by socket or by REST, and whether the throttle lets it pass.

use vigie_core::{ConnectionId, Mono, Now, PrincipalKey};

use super::person::RestLease;
use super::stay::later;
use super::{Demanded, Farewell, Reference};

impl Reference {
    /// The human did something on a connection: it belongs to that session.
    pub(super) fn act(
        &mut self,
        principal: PrincipalKey,
        connection: ConnectionId,
        now: Now,
        demanded: &mut Demanded,
    ) {
        let returned = self.is_backgrounded(principal, connection);
        if let Some(stay) = self.stay_mut(principal, connection) {
            stay.hear(now);
            stay.active = now;
            stay.backgrounded = false;
        }
        let lifted = self.lift(principal, now.mono);
        self.offer(principal, now, now, demanded);
        if returned || lifted {
            // Being in the foreground again is durable, and so is the end of a force, also when the throttle held the activity back.
            self.write(principal);
        }
    }

    /// The human did something by REST: it may open a lease, and it always moves the proof.
    pub(super) fn report(
        &mut self,
        principal: PrincipalKey,
        at: Now,
        began: Mono,
        now: Now,
        demanded: &mut Demanded,
    ) {
        let lifted = self.lift(principal, began);
        let rules = self.rules.clone();
        let person = &mut self.people[principal.index()];
        let opens = !person.is_connected()
            && !person.in_guard(now.mono, &rules)
            && person.left.is_none_or(|left| began > left.mono)
            && person.forced.is_none()
            && at.mono + rules.offline_after > now.mono;
        person.rest_proof = person.rest_proof.max(Some(at.mono));
        let had_lease = person.rest.is_some();
        if opens && !had_lease {
            let floor = later(at, rules.offline_after);
            person.rest = Some(RestLease { floor });
        }
        let opened = opens && !had_lease;
        self.offer(principal, at, now, demanded);
        if opened || lifted {
            // A new lease is durable, and so is the end of a force, also when the throttle held the activity back.
            self.write(principal);
        }
    }

    /// A force ends by activity that began later; says whether one did.
    fn lift(&mut self, principal: PrincipalKey, began: Mono) -> bool {
        let forced = &mut self.people[principal.index()].forced;
        forced.take_if(|forced| began > forced.mono).is_some()
    }

    /// Moves the time, announces, and asks the throttle.
    fn offer(&mut self, principal: PrincipalKey, at: Now, now: Now, demanded: &mut Demanded) {
        let interval = self.rules.throttle_interval;
        let person = &mut self.people[principal.index()];
        let moved = person.last_active_at < Some(at.wall);
        person.last_active_at = person.last_active_at.max(Some(at.wall));
        person.choice.returns = Some(at.wall);
        let edges = demanded.announced.len();
        self.decide(principal, now, Farewell::Silent, demanded);
        let caused_an_edge = demanded.announced.len() > edges;
        let person = &mut self.people[principal.index()];
        let accepted = caused_an_edge || (moved && person.throttle_is_over(now.mono, interval));
        if accepted {
            person.accepted = Some(now.mono);
            person.write();
        }
        demanded.offered = Some(accepted);
    }
}
