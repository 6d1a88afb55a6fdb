//! What a person chose, as the reference remembers it, and what others see of it: the section *Choosing* of the rules.
//!
//! In: a choice, an end, a change of the leases.
//! Out: who is told.
//! Always true: it is decided by comparing what was told last with what is to be seen, for others and for the person alike.

use std::sync::Arc;

use vigie_core::{
    Availability, Chosen, ChosenStatus, Concern, Mono, Now, PresenceRecord, Rules, StoredChoice,
    Veil, Version, Wall,
};

use super::person::Person;

/// A choice, the veil, and what was told of both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    pub(crate) chosen: Option<Arc<Chosen>>,
    /// When it ends by itself.
    pub(crate) ends: Option<Mono>,
    pub(crate) veil: Option<Veil>,
    /// Something was ever chosen, so that the store has to hear of it.
    is_known: bool,
    /// What others were told last.
    told: Shown,
    /// What the person was told last.
    told_to_oneself: Option<Arc<Chosen>>,
}

/// What others see besides times: who is not there has no words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Shown {
    availability: Availability,
    text: Option<Arc<str>>,
    until: Option<Wall>,
}

impl Choice {
    /// What a start finds.
    pub(crate) fn restored(record: &PresenceRecord, now: Now) -> Self {
        let Some(stored) = &record.choice else {
            return Self {
                told: Shown {
                    availability: record.availability,
                    ..Shown::default()
                },
                ..Self::default()
            };
        };
        // A stored time in the future is clamped to the start.
        let known = |at: Option<Wall>| at.map(|at| at.min(now.wall));
        let until = stored.chosen.as_ref().and_then(|chosen| chosen.until);
        let mut choice = Self {
            chosen: stored.chosen.clone(),
            ends: until.map(|until| now.mono + until.since(now.wall)),
            veil: stored.veil.map(|veil| Veil {
                last_active_at: known(veil.last_active_at),
                last_seen_at: known(veil.last_seen_at),
                ..veil
            }),
            is_known: true,
            told: Shown::default(),
            told_to_oneself: stored.chosen.clone(),
        };
        choice.told = choice.shown(choice.instead_of(record.availability));
        choice
    }

    pub(crate) fn is_over(&self, now: Mono) -> bool {
        self.ends.is_some_and(|ends| now >= ends)
    }

    /// It ends by itself; says whether it did.
    pub(crate) fn end(&mut self, now: Mono) -> bool {
        let is_over = self.is_over(now);
        if is_over {
            self.chosen = None;
            self.ends = None;
        }
        is_over
    }

    fn status(&self) -> Option<ChosenStatus> {
        self.chosen.as_ref()?.status
    }

    /// Whoever is present is shown what they chose; whoever hides goes on as before.
    pub(crate) fn instead_of(&self, folded: Availability) -> Availability {
        match self.status() {
            Some(ChosenStatus::Away) if folded.is_online() => Availability::Away,
            Some(ChosenStatus::Busy) if folded.is_online() => Availability::Busy,
            Some(_) | None => folded,
        }
    }

    fn shown(&self, availability: Availability) -> Shown {
        match &self.chosen {
            _ if self.veil.is_some() => Shown::default(),
            Some(chosen) if availability.is_online() => Shown {
                availability,
                text: chosen.text.clone(),
                until: chosen.until,
            },
            Some(_) | None => Shown {
                availability,
                ..Shown::default()
            },
        }
    }

    /// The version of the store is not foretold; that it grows is another checker's matter.
    pub(crate) fn stored(&self) -> Option<StoredChoice> {
        self.is_known.then(|| StoredChoice {
            version: Version::default(),
            chosen: self.chosen.clone(),
            veil: self.veil,
        })
    }
}

impl Person {
    /// A person chose: the choice before it is replaced as a whole.
    pub(crate) fn choose(&mut self, chosen: &Chosen, now: Now) {
        let is_over = chosen.until.is_some_and(|until| until <= now.wall);
        let says_nothing = chosen.status.is_none() && chosen.text.is_none();
        let chosen = (!is_over && !says_nothing).then(|| Arc::new(chosen.clone()));
        if chosen == self.choice.chosen {
            return;
        }
        let until = chosen.as_ref().and_then(|chosen| chosen.until);
        self.choice.ends = until.map(|until| now.mono + until.since(now.wall));
        self.choice.chosen = chosen;
        self.choice.is_known = true;
    }

    /// Whether a cell answers a request without the engine, which then decides nothing.
    pub(crate) fn is_answered_alone(&self, now: Mono, rules: &Rules) -> bool {
        let trusted = rules.away_after.min(rules.offline_after);
        let is_fresh = self
            .rest_proof
            .is_some_and(|proof| now.since(proof) < trusted);
        let has_lease = self.is_connected() || self.rest.is_some();
        self.folded == Availability::Online && has_lease && is_fresh
    }

    /// Who hides is veiled as if they had left now; who is there and does not hide is seen. Says whom that concerns.
    ///
    /// `proof` is the last proof as it was shown before.
    pub(crate) fn unveil_or_hide(
        &mut self,
        was: Availability,
        proof: Option<Wall>,
        now: Now,
    ) -> Option<Concern> {
        let hides = self.choice.status() == Some(ChosenStatus::Invisible);
        let was_veiled = self.choice.veil.is_some();
        if hides && !was_veiled {
            let goodbye = was.is_online().then_some(now.wall);
            let seen = self.last_seen_at.max(goodbye);
            self.choice.veil = Some(Veil {
                // Of whoever was there, the version of this very change, which comes below.
                version: if was.is_online() {
                    self.version.next(now.wall)
                } else {
                    self.version
                },
                last_active_at: self.last_active_at,
                last_seen_at: if was.is_online() {
                    seen.max(proof).max(self.ended_proof)
                } else {
                    seen
                },
            });
        }
        if !hides && was_veiled && self.announced.is_online() {
            self.choice.veil = None;
            // Nobody learns when they were last away behind the veil.
            self.last_seen_at = self.last_seen_at.max(Some(now.wall));
        }
        let shown = self.choice.shown(self.announced);
        let concern = if shown != self.choice.told {
            Concern::Watchers
        } else if was != self.announced || self.choice.told_to_oneself != self.choice.chosen {
            Concern::Oneself
        } else {
            return None;
        };
        if concern == Concern::Watchers || was_veiled {
            self.version = self.version.next(now.wall);
        }
        self.choice.told = shown;
        self.choice.told_to_oneself = self.choice.chosen.clone();
        Some(concern)
    }
}
