//! What a start makes of a stored record: the section *Restart* of the rules.

use vigie_core::{Availability, Now, PresenceRecord, PrincipalKey, Wall};

use super::Reference;
use super::choice::Choice;
use super::person::{Person, RestLease};
use super::stay::{Stay, later};

impl Reference {
    /// The store's row of a principal was read at start.
    pub(super) fn load(
        &mut self,
        principal: PrincipalKey,
        record: &PresenceRecord,
        alive_at: Option<Wall>,
        now: Now,
    ) {
        let until = later(now, self.rules.restart_grace);
        // A stored time in the future is clamped to the start.
        let known = |wall: Wall| Now {
            mono: now.mono_of(wall),
            wall: wall.min(now.wall),
        };
        let is_restored =
            alive_at.is_some_and(|alive| now.wall.since(alive) < self.rules.offline_after);
        let choice = Choice::restored(record, now);
        let mut person = Person {
            announced: choice.instead_of(record.availability),
            folded: record.availability,
            choice,
            version: record.version,
            last_active_at: record.last_active_at.map(|at| known(at).wall),
            durable_active_at: record.last_active_at.map(|at| known(at).wall),
            last_seen_at: record.last_seen_at.map(|at| known(at).wall),
            ended_proof: record.ended_proof_at.map(|at| known(at).wall),
            left: record.left_at.map(known),
            guarded: record.left_at.is_some(),
            // No request that began before the start is left, so the force holds from the start on.
            forced: record.forced_offline_at.map(|wall| Now {
                mono: now.mono,
                wall,
            }),
            pause: self.pause,
            ..Person::default()
        };
        for stored in &record.sessions {
            let proof = stored.lost_alive_at.or(alive_at).map(|at| known(at).wall);
            if is_restored {
                person.stays.push(Stay {
                    id: stored.id,
                    connection: None,
                    ends: Some(until.mono),
                    active: known(stored.active_at),
                    backgrounded: stored.backgrounded,
                    proof: proof.unwrap_or_else(|| known(stored.active_at).wall),
                    silence: core::time::Duration::ZERO,
                });
            } else {
                person.ended_proof = person.ended_proof.max(proof);
            }
        }
        if is_restored && record.rest_floor.is_some() {
            person.rest = Some(RestLease { floor: until });
        }
        if record.availability == Availability::Online {
            // Whoever was not idle thanks to REST is not announced away after a restart.
            // Nor whoever stopped hiding a moment before, without a word, also when they hide again.
            let lifted = person.choice.lifted;
            let lifted = lifted.and_then(|_| person.known_to_others().0);
            let veiled = person.choice.veil.and_then(|veil| veil.last_active_at);
            let active = record.last_active_at.max(lifted).max(veiled);
            person.rest_proof = active.map(|at| known(at).mono);
        }
        self.people[principal.index()] = person;
    }
}
