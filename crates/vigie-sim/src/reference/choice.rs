//! What a person chose, as the reference remembers it, and what others see of it: the section *Choosing* of the rules.
//!
//! In: a choice, an end, a change of the leases.
//! Out: who is told.
//! Always true: it is decided by comparing what was told last with what is to be seen, for others and for the person alike.

use std::sync::Arc;

use vigie_core::{
    Availability, Chosen, ChosenStatus, Concern, Lifted, Mono, Now, PresenceRecord, Rules,
    StoredChoice, Veil, Version, Wall,
};

use super::person::Person;

/// A choice, the veil, and what was told of both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    pub(crate) chosen: Option<Arc<Chosen>>,
    /// When it ends by itself.
    pub(crate) ends: Option<Mono>,
    pub(crate) veil: Option<Veil>,
    /// What others go on being shown of the times, when it was lifted.
    pub(crate) lifted: Option<Lifted>,
    /// The activity that is being taken in: one that lifts a veil is no secret.
    pub(crate) returns: Option<Wall>,
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
            lifted: stored.lifted.map(|lifted| Lifted {
                hidden_until: lifted.hidden_until.min(now.wall),
                last_active_at: known(lifted.last_active_at),
                last_seen_at: known(lifted.last_seen_at),
            }),
            returns: None,
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
            lifted: self.lifted,
        })
    }
}

impl Person {
    /// A person chose: the choice before it is replaced as a whole.
    pub(crate) fn choose(&mut self, chosen: &Chosen, now: Now, rules: &Rules) {
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
        self.come_forward(now.mono, rules);
    }

    /// Whoever is there when they hide no more looks like somebody who comes, and nobody comes idle.
    pub(crate) fn come_forward(&mut self, now: Mono, rules: &Rules) {
        let hides = self.choice.status() == Some(ChosenStatus::Invisible);
        if !hides && self.choice.veil.is_some() && self.fold(now, rules).is_online() {
            self.rest_proof = self.rest_proof.max(Some(now));
        }
    }

    /// The last activity and the last goodbye that others know of, once nothing is veiled.
    pub(crate) fn known_to_others(&self) -> (Option<Wall>, Option<Wall>) {
        match self.choice.lifted {
            None => (self.last_active_at, self.last_seen_at),
            Some(lifted) => {
                let since = self.last_active_at.filter(|at| *at > lifted.hidden_until);
                (since.max(lifted.last_active_at), lifted.last_seen_at)
            }
        }
    }

    /// Others know the time of a goodbye like anybody's, but nothing from behind the veil.
    pub(crate) fn others_see_them_go(&mut self, proof: Option<Wall>) {
        let (active, seen) = self.known_to_others();
        if let Some(lifted) = &mut self.choice.lifted {
            lifted.last_seen_at = seen.max(active).max(proof);
            self.forget_the_veil();
        }
    }

    /// What others know is what is: then nothing need be kept.
    fn forget_the_veil(&mut self) {
        if self.known_to_others() == (self.last_active_at, self.last_seen_at) {
            self.choice.lifted = None;
        }
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
    /// `proof` is the last proof as it was shown to others before.
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
            let (active, seen) = self.known_to_others();
            let seen = seen.max(goodbye);
            self.choice.veil = Some(Veil {
                // Of whoever was there, the version of this very change, which comes below.
                version: if was.is_online() {
                    self.version.next(now.wall)
                } else {
                    self.version
                },
                last_active_at: active,
                last_seen_at: if was.is_online() {
                    seen.max(proof).max(self.ended_proof)
                } else {
                    seen
                },
            });
            self.choice.lifted = None;
        }
        let returns = self.choice.returns.take();
        if !hides
            && self.announced.is_online()
            && let Some(veil) = self.choice.veil.take()
        {
            // Whoever was there all the time looks like somebody who comes at this moment.
            let comes = if was.is_online() {
                Some(now.wall)
            } else {
                returns
            };
            self.choice.lifted = Some(Lifted {
                hidden_until: self.last_active_at.unwrap_or(Wall::from_millis(0)),
                last_active_at: veil.last_active_at.max(comes),
                last_seen_at: veil.last_seen_at,
            });
            self.forget_the_veil();
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
