//! The one place where availability changes: whatever happened to a principal ends here.

use std::sync::Arc;

use crate::activity_cells::Word;
use crate::availability::Availability;
use crate::chosen::Chosen;
use crate::principal::PrincipalKey;
use crate::signal::Effect;
use crate::time::{Mono, Now};

use super::fold::{Fold, RestLease, earliest, fold};
use super::{Engine, sessions::Slot};

impl Engine {
    /// Decides what is due of one principal, before anything else that concerns it.
    pub(super) fn decide_due(&mut self, principal: PrincipalKey, now: Now) {
        let ended = self.end_lost_sessions(principal, now);
        let chosen = self.chosen(principal);
        let is_over = self.end_choice(principal, now);
        let told = self.settle_after(principal, chosen, now);
        if ended || is_over || told {
            self.persist(principal, false);
        }
    }

    /// Folds a principal's leases, turns its gate, sets its timer, and announces a change; says whether there was one.
    ///
    /// The caller persists an edge.
    pub(super) fn settle(&mut self, principal: PrincipalKey, now: Now) -> bool {
        let chosen = self.chosen(principal);
        self.settle_after(principal, chosen, now)
    }

    /// The same after a change of what the person chose, which was `before`.
    pub(super) fn settle_after(
        &mut self,
        principal: PrincipalKey,
        before: Option<Arc<Chosen>>,
        now: Now,
    ) -> bool {
        // An activity may touch the cell between the look and the turn of the key: then look again.
        let fold = loop {
            let word = self.cells.word(principal);
            let fold = self.fold(principal, word, now.mono);
            if self
                .cells
                .turn_gate(principal, word, self.gate(principal, fold))
            {
                break fold;
            }
        };
        let choice_ends = self.choice(principal).and_then(|choice| choice.ends);
        self.timers
            .set(principal, earliest(fold.deadline, choice_ends));
        if fold.rest_is_over {
            self.details_mut(principal).rest_floor = None;
        }
        let standing = self.standings.of(principal);
        let (was, was_computed) = (standing.shown, standing.computed);
        if fold.availability != was_computed {
            self.standings.change(principal).computed = fold.availability;
        }
        let is = self.with_chosen(principal, fold.availability);
        if is != was {
            self.show(principal, is, now);
        }
        let concern = self.reveal(principal, was, before.as_deref(), now);
        self.standings.tidy(principal);
        let Some(concern) = concern else {
            if fold.rest_is_over || fold.availability != was_computed {
                // Silently, for a session counts on, or a chosen status is shown:
                // after a crash the lease must not come back, nor the state that was before.
                self.persist(principal, false);
            }
            return false;
        };
        self.effects.push_back(Effect::Announce {
            principal,
            was,
            presence: self.presence(principal, now),
            concern,
        });
        true
    }

    /// An edge: the one place where availability changes.
    fn show(&mut self, principal: PrincipalKey, is: Availability, now: Now) {
        let active_at = self.cells.active_at(principal);
        let ended_proof = self.details(principal).ended_proof;
        let standing = self.standings.change(principal);
        standing.shown = is;
        if is == Availability::Offline {
            standing.seen_at = standing.seen_at.max(ended_proof).max(active_at);
            self.show_goodbye(principal, ended_proof, now);
            if ended_proof.is_some() {
                // From now on `seen_at` says it.
                self.details_mut(principal).ended_proof = None;
            }
        }
    }

    pub(super) fn fold(&self, principal: PrincipalKey, word: Word, now: Mono) -> Fold {
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
            now,
        )
    }

    /// Open while REST activity can neither open a lease nor end an absence; an absence behind a chosen status, too, must end for what follows that.
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
