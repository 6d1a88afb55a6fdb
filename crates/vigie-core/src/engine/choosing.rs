//! What a person chose, and the veil of whoever hides: kept, ended, raised and lifted here.
//!
//! In: a choice that replaces the one before, or the instant at which one ends by itself.
//! Out: whom a change concerns, for `settle`, which announces it.
//! Always true: whoever hides has a veil; it is lifted only of somebody present who hides no more, and then what others are shown grows in version;
//! and from then on others are shown what they would be of somebody who left when it was raised, and came when it was lifted.

use std::sync::Arc;

use crate::availability::Availability;
use crate::chosen::{Chosen, ChosenStatus, Lifted, Veil};
use crate::principal::PrincipalKey;
use crate::record::StoredChoice;
use crate::signal::Concern;
use crate::time::{Mono, Now, Wall};

use super::Engine;

/// What is kept of whoever chose something since the start, or before it and still does.
///
/// One that was cleared stays, for the store is to hear of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Choice {
    pub(super) stored: StoredChoice,
    /// When it ends by itself; the wall time of it is for people.
    pub(super) ends: Option<Mono>,
    /// The activity of the signal that is being handled, while a veil is there: that which lifts it is shown to others.
    returns: Option<Wall>,
}

impl Choice {
    /// What the store kept, as of a start; an end that has passed meanwhile is at once.
    pub(super) fn restored(stored: StoredChoice, now: Now) -> Self {
        let chosen = stored.chosen.as_deref();
        let ends = chosen.and_then(|chosen| deadline(chosen, now));
        Self {
            stored,
            ends,
            returns: None,
        }
    }

    fn status(&self) -> Option<ChosenStatus> {
        self.stored.chosen.as_ref()?.status
    }

    fn hides(&self) -> bool {
        self.status() == Some(ChosenStatus::Invisible)
    }

    /// The choice or its veil changed.
    fn renew(&mut self, now: Now) {
        self.stored.version = self.stored.version.next(now.wall);
    }
}

/// The end of a choice on the engine's clock.
fn deadline(chosen: &Chosen, now: Now) -> Option<Mono> {
    chosen.until.map(|until| now.mono + until.since(now.wall))
}

impl Engine {
    /// A person chose something, or nothing any more.
    pub(super) fn choose(&mut self, principal: PrincipalKey, chosen: Chosen, now: Now) {
        self.decide_due(principal, now);
        let is_over = chosen.until.is_some_and(|until| until <= now.wall);
        let chosen = (!chosen.is_nothing() && !is_over).then(|| Arc::new(chosen));
        let before = self.chosen(principal);
        if chosen == before {
            return;
        }
        let ends = chosen.as_ref().and_then(|chosen| deadline(chosen, now));
        let choice = self.choice_mut(principal);
        choice.stored.chosen = chosen;
        choice.ends = ends;
        choice.renew(now);
        self.come_forward(principal, now.mono);
        self.settle_after(principal, before, now);
        self.persist(principal, false);
    }

    /// Clears a choice whose end has come; says whether there was one.
    pub(super) fn end_choice(&mut self, principal: PrincipalKey, now: Now) -> bool {
        let ends = self.choice(principal).and_then(|choice| choice.ends);
        let Some(ends) = ends.filter(|ends| *ends <= now.mono) else {
            return false;
        };
        let choice = self.choice_mut(principal);
        choice.stored.chosen = None;
        choice.ends = None;
        choice.renew(now);
        self.come_forward(principal, ends);
        true
    }

    /// Whoever is there and hides no more looks like one who comes at that instant, and nobody comes idle.
    fn come_forward(&mut self, principal: PrincipalKey, at: Mono) {
        let hides = self.choice(principal).is_some_and(Choice::hides);
        let fold = self.fold(principal, self.cells.word(principal), at);
        if self.veil(principal).is_some() && !hides && fold.availability.is_online() {
            self.cells.raise_proof(principal, at);
        }
    }

    /// An activity, which is the first that others see if it lifts a veil.
    pub(super) fn note_return(&mut self, principal: PrincipalKey, at: Wall) {
        if self.veil(principal).is_some() {
            self.choice_mut(principal).returns = Some(at);
        }
    }

    /// A goodbye, or the end of the last lease: others are shown it by what they may know.
    pub(super) fn show_goodbye(
        &mut self,
        principal: PrincipalKey,
        ended_proof: Option<Wall>,
        now: Now,
    ) {
        let Some(mut lifted) = self.lifted(principal) else {
            return;
        };
        let active_at = lifted.active_at(self.cells.active_at(principal));
        lifted.last_seen_at = lifted.last_seen_at.max(ended_proof).max(active_at);
        self.keep_lifted(principal, lifted, now);
    }

    /// Keeps what is left of a veil, as long as it differs from what is.
    fn keep_lifted(&mut self, principal: PrincipalKey, lifted: Lifted, now: Now) {
        let active_at = self.cells.active_at(principal);
        let seen_at = self.standings.of(principal).seen_at;
        let differs = (lifted.active_at(active_at), lifted.last_seen_at) != (active_at, seen_at);
        let choice = self.choice_mut(principal);
        choice.stored.lifted = differs.then_some(lifted);
        choice.renew(now);
    }

    /// What was chosen, if anything.
    pub(super) fn chosen(&self, principal: PrincipalKey) -> Option<Arc<Chosen>> {
        self.choice(principal)?.stored.chosen.clone()
    }

    /// What others are shown, if not what is.
    pub(super) fn veil(&self, principal: PrincipalKey) -> Option<Veil> {
        self.choice(principal)?.stored.veil
    }

    /// The times that others are shown, if not those that are.
    pub(super) fn lifted(&self, principal: PrincipalKey) -> Option<Lifted> {
        self.choice(principal)?.stored.lifted
    }

    /// The computed state with the chosen one in its place.
    pub(super) fn with_chosen(
        &self,
        principal: PrincipalKey,
        computed: Availability,
    ) -> Availability {
        let status = self.choice(principal).and_then(Choice::status);
        status.map_or(computed, |status| status.over(computed))
    }

    /// Raises or lifts the veil after a change of the availability or the choice, gives the change its version, and says whom it concerns.
    ///
    /// `None` when nothing changed for anybody.
    pub(super) fn reveal(
        &mut self,
        principal: PrincipalKey,
        was: Availability,
        before: Option<&Chosen>,
        now: Now,
    ) -> Option<Concern> {
        let standing = self.standings.of(principal);
        let (is, version) = (standing.shown, standing.version);
        let veil = self.veil(principal);
        let had_veil = veil.is_some();
        let hides = self.choice(principal).is_some_and(Choice::hides);
        let after = self.chosen(principal);
        let concern = if hides && !had_veil {
            let veil = self.veil_of_now(principal, was, now);
            let choice = self.choice_mut(principal);
            choice.stored.veil = Some(veil);
            choice.stored.lifted = None;
            choice.renew(now);
            if was.is_online() {
                Concern::Watchers
            } else {
                Concern::Oneself
            }
        } else if let Some(veil) = veil.filter(|_| !hides && is.is_online()) {
            self.lift(principal, veil, was, now);
            Concern::Watchers
        } else if had_veil {
            if was == is && before == after.as_deref() {
                self.choice_mut(principal).returns = None;
                return None;
            }
            Concern::Oneself
        } else if was != is || is.is_online() && words(before) != words(after.as_deref()) {
            Concern::Watchers
        } else if before == after.as_deref() {
            return None;
        } else {
            Concern::Oneself
        };
        if had_veil {
            self.choice_mut(principal).returns = None;
        }
        // A version is the wall time of a change: one that others must not notice leaves it, unless a veil is before it.
        if concern == Concern::Watchers || had_veil {
            self.standings.change(principal).version = version.next(now.wall);
        }
        Some(concern)
    }

    /// Others see the person again, as of now; what they know of the times is what the veil showed.
    fn lift(&mut self, principal: PrincipalKey, veil: Veil, was: Availability, now: Now) {
        let choice = self.choice_mut(principal);
        choice.stored.veil = None;
        // Whoever was there already comes forward now, and coming is an activity.
        let arrival = if was.is_online() {
            Some(now.wall)
        } else {
            choice.returns
        };
        let hidden_until = self.cells.active_at(principal);
        let lifted = Lifted {
            hidden_until: hidden_until.unwrap_or(Wall::from_millis(0)),
            last_active_at: veil.last_active_at.max(arrival),
            last_seen_at: veil.last_seen_at,
        };
        self.keep_lifted(principal, lifted, now);
    }

    /// What somebody looks like who says goodbye on every device now, or is offline already.
    fn veil_of_now(&self, principal: PrincipalKey, was: Availability, now: Now) -> Veil {
        let standing = self.standings.of(principal);
        let active_at = self.cells.active_at(principal);
        let (last_active_at, seen_at) = match self.lifted(principal) {
            Some(lifted) => (lifted.active_at(active_at), lifted.last_seen_at),
            None => (active_at, standing.seen_at),
        };
        if !was.is_online() {
            return Veil {
                version: standing.version,
                last_active_at,
                last_seen_at: seen_at,
            };
        }
        let details = self.details(principal);
        let sessions = self.sessions.of(details);
        let proof = sessions.map(|session| session.proof(now, self.pause)).max();
        Veil {
            version: standing.version.next(now.wall),
            last_active_at,
            last_seen_at: seen_at
                .max(details.ended_proof)
                .max(proof)
                .max(last_active_at)
                .max(Some(now.wall)),
        }
    }

    pub(super) fn choice(&self, principal: PrincipalKey) -> Option<&Choice> {
        self.details(principal).choice.as_deref()
    }

    fn choice_mut(&mut self, principal: PrincipalKey) -> &mut Choice {
        self.details_mut(principal).choice.get_or_insert_default()
    }
}

/// What others see of a choice besides the availability, of somebody present.
fn words(chosen: Option<&Chosen>) -> (Option<&str>, Option<Wall>) {
    chosen.map_or((None, None), |chosen| {
        (chosen.text.as_deref(), chosen.until)
    })
}
