//! One principal, as the reference remembers it, and the two questions that everything follows from: what does it fold to, and is that news?
//!
//! In: an instant.
//! Out: the fold, the edge that is due, the record for the store.
//! Always true: `settle` looks at every lease anew; nothing is cached.

use core::time::Duration;

use vigie_core::{
    Availability, Concern, Mono, Now, Presence, PresenceRecord, Rules, Times, Version, Wall,
};

use super::choice::Choice;
use super::stay::{Pause, Stay};

/// The right to count by REST.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RestLease {
    /// It counts at least until then.
    pub(crate) floor: Now,
}

/// Everything the rules speak of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    /// What the person itself was told last.
    pub(crate) announced: Availability,
    /// What the leases made of it, without a choice.
    pub(crate) folded: Availability,
    pub(crate) choice: Choice,
    pub(crate) version: Version,
    pub(crate) last_active_at: Option<Wall>,
    /// As of the last accepted activity or the last write: the throttle keeps later ones in memory.
    pub(crate) durable_active_at: Option<Wall>,
    /// A lease ended without an edge when a cell may have answered alone: the write of it may come later, with a newer time.
    pub(crate) write_is_due: bool,
    pub(crate) last_seen_at: Option<Wall>,
    /// The latest proof among the sessions that ever ended.
    pub(crate) ended_proof: Option<Wall>,
    pub(crate) stays: Vec<Stay>,
    pub(crate) rest: Option<RestLease>,
    pub(crate) rest_proof: Option<Mono>,
    pub(crate) left: Option<Now>,
    /// No session started since that leave.
    pub(crate) guarded: bool,
    pub(crate) forced: Option<Now>,
    /// The same for everybody.
    pub(crate) pause: Option<Pause>,
    /// When the throttle last let an activity pass.
    pub(crate) accepted: Option<Mono>,
}

/// Why somebody goes offline, if they do: it decides what `last_seen_at` becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// A clean leave, a revocation, an operator: seen now.
    Said,
    /// A deadline: seen at the last proof.
    Silent,
}

impl Person {
    pub(crate) fn is_connected(&self) -> bool {
        self.stays.iter().any(|stay| stay.connection.is_some())
    }

    pub(crate) fn in_guard(&self, now: Mono, rules: &Rules) -> bool {
        self.guarded
            && self
                .left
                .is_some_and(|left| now < left.mono + rules.leave_guard)
    }

    /// When the REST lease ends; `None` without one.
    pub(crate) fn rest_end(&self, rules: &Rules) -> Option<Mono> {
        let lease = self.rest?;
        let by_proof = self.rest_proof.map(|proof| proof + rules.offline_after);
        by_proof.max(Some(lease.floor.mono))
    }

    /// The state from everything known, as of now.
    pub(crate) fn fold(&self, now: Mono, rules: &Rules) -> Availability {
        if self.forced.is_some() {
            return Availability::Offline;
        }
        let mut counting = self.stays.iter().filter(|stay| stay.counts(now)).peekable();
        if counting.peek().is_none() {
            return if self.rest_end(rules).is_some_and(|end| now < end) {
                Availability::Online
            } else {
                Availability::Offline
            };
        }
        let by_rest = self
            .rest_proof
            .is_some_and(|proof| now < proof + rules.away_after);
        if by_rest || counting.any(|stay| !stay.is_idle(now, rules.away_after)) {
            Availability::Online
        } else {
            Availability::Away
        }
    }

    /// Whether a deadline has passed that nobody decided yet.
    pub(crate) fn is_due(&self, now: Mono, rules: &Rules) -> bool {
        self.stays.iter().any(|stay| !stay.counts(now))
            || self.rest_end(rules).is_some_and(|end| now >= end)
            || self.fold(now, rules) != self.folded
            || self.choice.is_over(now)
    }

    /// Ends what is over and says what changed, if anything did.
    pub(crate) fn settle(
        &mut self,
        now: Now,
        farewell: Farewell,
        rules: &Rules,
    ) -> Option<(Presence, Concern)> {
        let (shown, to_others) = (self.last_proof_at(now), self.last_proof_for_others(now));
        if self.end_what_is_over(now, rules) {
            self.write();
        }
        let folded = self.fold(now.mono, rules);
        if folded != self.folded {
            self.folded = folded;
            self.write();
        }
        let was = self.announced;
        self.announced = self.choice.instead_of(folded);
        if was.is_online() && !self.announced.is_online() {
            let mut proved = self.ended_proof.max(self.last_active_at);
            if farewell == Farewell::Said {
                // Now, unless the wall clock was set back: what was shown stays.
                proved = proved.max(shown).max(Some(now.wall));
            }
            self.last_seen_at = self.last_seen_at.max(proved);
            let said = to_others.max(Some(now.wall));
            let said = said.filter(|_| farewell == Farewell::Said);
            self.others_see_them_go(self.ended_proof.max(said));
            self.ended_proof = None;
        }
        let concern = self.unveil_or_hide(was, to_others, now)?;
        self.write();
        Some((self.presence(now), concern))
    }

    /// The record is to be written: it holds the newest activity.
    pub(crate) fn write(&mut self) {
        self.durable_active_at = self.last_active_at;
        self.write_is_due = false;
    }

    /// Whether there was anything.
    fn end_what_is_over(&mut self, now: Now, rules: &Rules) -> bool {
        let before = self.stays.len();
        for stay in self.stays.iter().filter(|stay| !stay.counts(now.mono)) {
            self.ended_proof = self.ended_proof.max(Some(stay.proof));
        }
        self.stays.retain(|stay| stay.counts(now.mono));
        let choice_ends = self.choice.ends;
        let choice_is_over = self.choice.end(now.mono);
        if let Some(end) = choice_ends.filter(|_| choice_is_over) {
            // A timer that is late makes nobody come later.
            self.come_forward(end, rules);
        }
        let rest_is_over = self.rest_end(rules).is_some_and(|end| now.mono >= end);
        if rest_is_over {
            self.rest = None;
        }
        rest_is_over || self.stays.len() != before || choice_is_over
    }

    pub(crate) fn presence(&self, now: Now) -> Presence {
        let (active, seen) = self.known_to_others();
        Presence {
            availability: self.announced,
            version: self.version,
            last_active_at: self.last_active_at,
            last_proof_at: self.last_proof_at(now),
            last_seen_at: self.last_seen_at,
            chosen: self.choice.chosen.clone(),
            veil: self.choice.veil,
            times_shown: self.choice.lifted.map(|_| Times {
                last_active_at: active,
                last_proof_at: self.last_proof_for_others(now),
                last_seen_at: seen,
            }),
        }
    }

    /// The last proof that the person was there, for people who look now.
    fn last_proof_at(&self, now: Now) -> Option<Wall> {
        let known = self.last_active_at.max(self.last_seen_at);
        known.max(self.proof_of_leases(now))
    }

    /// The same as others are shown it.
    fn last_proof_for_others(&self, now: Now) -> Option<Wall> {
        let (active, seen) = self.known_to_others();
        active.max(seen).max(self.proof_of_leases(now))
    }

    fn proof_of_leases(&self, now: Now) -> Option<Wall> {
        if self.announced == Availability::Offline {
            // Whom an operator called offline must not pulse; of anybody else the two say it all.
            return None;
        }
        let counting = self.stays.iter().filter(|stay| stay.counts(now.mono));
        let by_sessions = counting.map(|stay| stay.proved(now, self.pause)).max();
        self.ended_proof.max(by_sessions)
    }

    pub(crate) fn record(&self) -> PresenceRecord {
        PresenceRecord {
            version: self.version,
            availability: self.folded,
            last_active_at: self.durable_active_at,
            last_seen_at: self.last_seen_at,
            left_at: self.left.map(|left| left.wall),
            forced_offline_at: self.forced.map(|forced| forced.wall),
            rest_floor: self.rest.map(|lease| lease.floor.wall),
            ended_proof_at: self.ended_proof,
            sessions: self.stays.iter().map(Stay::stored).collect(),
            choice: self.choice.stored(),
        }
    }

    /// Every instant from now on at which something about the person may change or nearly did.
    pub(crate) fn instants(&self, rules: &Rules) -> Vec<Mono> {
        let mut found = Vec::new();
        for stay in &self.stays {
            found.extend(stay.ends);
            found.push(stay.active.mono + rules.away_after);
        }
        found.extend(self.rest_proof.map(|proof| proof + rules.away_after));
        found.extend(self.rest_end(rules));
        found.extend(self.choice.ends);
        found.extend(self.left.map(|left| left.mono + rules.leave_guard));
        found.extend(self.accepted.map(|at| at + rules.throttle_interval));
        found
    }

    /// The first instant at which an edge is due or a lease ends, should nothing happen before.
    pub(crate) fn next_deadline(&self, now: Mono, rules: &Rules) -> Option<Mono> {
        if self.is_due(now, rules) {
            return Some(now);
        }
        let later = self.instants(rules).into_iter().filter(|at| *at > now);
        later.filter(|at| self.is_due(*at, rules)).min()
    }

    /// How long ago the throttle let something pass, long enough for the next.
    pub(crate) fn throttle_is_over(&self, now: Mono, interval: Duration) -> bool {
        self.accepted.is_none_or(|at| now.since(at) >= interval)
    }
}
