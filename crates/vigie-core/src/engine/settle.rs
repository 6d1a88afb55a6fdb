//! The one place where availability changes: whatever happened to a principal ends here.

use crate::activity_cells::Word;
use crate::availability::Availability;
use crate::principal::PrincipalKey;
use crate::signal::{Concern, Effect};
use crate::time::Now;

use super::fold::{Fold, RestLease, fold};
use super::{Engine, sessions::Slot};

impl Engine {
    /// Decides what is due of one principal, before anything else that concerns it.
    pub(super) fn decide_due(&mut self, principal: PrincipalKey, now: Now) {
        let ended = self.end_lost_sessions(principal, now);
        let edge = self.settle(principal, now);
        if ended || edge {
            self.persist(principal, false);
        }
    }

    /// Folds a principal's leases, turns its gate, sets its timer, and announces a change; says whether there was one.
    ///
    /// The caller persists an edge.
    pub(super) fn settle(&mut self, principal: PrincipalKey, now: Now) -> bool {
        // An activity may touch the cell between the look and the turn of the key: then look again.
        let fold = loop {
            let word = self.cells.word(principal);
            let fold = self.fold(principal, word, now);
            if self
                .cells
                .turn_gate(principal, word, self.gate(principal, fold))
            {
                break fold;
            }
        };
        self.timers.set(principal, fold.deadline);
        let active_at = self.cells.active_at(principal);
        if fold.rest_is_over {
            self.details_mut(principal).rest_floor = None;
        }
        let was = self.standings.of(principal).shown;
        if fold.availability == was {
            self.standings.tidy(principal);
            if fold.rest_is_over {
                // Silently, for a session counts on: after a crash the lease must not come back.
                self.persist(principal, false);
            }
            return false;
        }
        let ended_proof = self.details(principal).ended_proof;
        let standing = self.standings.change(principal);
        standing.shown = fold.availability;
        standing.version = standing.version.next(now.wall);
        if fold.availability == Availability::Offline {
            standing.seen_at = standing.seen_at.max(ended_proof).max(active_at);
            if ended_proof.is_some() {
                // From now on `seen_at` says it.
                self.details_mut(principal).ended_proof = None;
            }
        }
        self.standings.tidy(principal);
        self.effects.push_back(Effect::Announce {
            principal,
            was,
            presence: self.presence(principal, now),
            concern: Concern::Watchers,
        });
        true
    }

    fn fold(&self, principal: PrincipalKey, word: Word, now: Now) -> Fold {
        let details = self.details(principal);
        let rest = details
            .rest_floor
            .map(|floor| RestLease { floor: floor.mono });
        fold(
            self.sessions.of(details),
            rest,
            word.proof(),
            details.forced_offline.is_some(),
            &self.rules,
            now.mono,
        )
    }

    /// Open while REST activity can neither open a lease nor end an absence.
    fn gate(&self, principal: PrincipalKey, fold: Fold) -> bool {
        let details = self.details(principal);
        let rest_is_open = details.rest_floor.is_some() && !fold.rest_is_over;
        fold.availability == Availability::Online && (details.connected > 0 || rest_is_open)
    }

    /// Removes the sessions whose grace is over.
    fn end_lost_sessions(&mut self, principal: PrincipalKey, now: Now) -> bool {
        let mut ended = false;
        while let Some(slot) = self.first_over(principal, now) {
            self.end(principal, slot, now);
            ended = true;
        }
        ended
    }

    fn first_over(&self, principal: PrincipalKey, now: Now) -> Option<Slot> {
        let is_over = |slot: &Slot| {
            self.sessions[*slot]
                .lost
                .is_some_and(|lost| lost.until <= now.mono)
        };
        self.sessions
            .slots_of(self.details(principal))
            .find(is_over)
    }

    /// Removes a session and keeps its last proof of life.
    pub(super) fn end(&mut self, principal: PrincipalKey, slot: Slot, now: Now) {
        let proof = self.sessions[slot].proof(now, self.pause);
        let details = self.standings.change_details(principal);
        details.ended_proof = details.ended_proof.max(Some(proof));
        self.sessions.remove(details, slot);
    }
}
