//! Others see what they were told last, and are told nothing else: no change behind a veil reaches them, by news or by a look.
//!
//! In: every announcement, every start, every look.
//! Always true: the face here is made by the one function of the core that everybody's face is made by.

use std::sync::Arc;

use vigie_core::{
    Availability, Concern, Face, Presence, PresenceRecord, PrincipalKey, Sight, Veil, Version,
    Wall, face,
};

use super::Scene;
use crate::difference::{Checker, Difference};
use crate::shell::Observed;

/// What contacts were told last of everybody, or found after a start.
#[derive(Debug)]
pub(crate) struct Veils {
    last: Vec<Seen>,
}

/// What a contact sees; the times only of somebody veiled, for whom they stand still.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    availability: Availability,
    version: Option<Version>,
    text: Option<Arc<str>>,
    until: Option<Wall>,
    veil: Option<(Option<Wall>, Option<Wall>)>,
}

impl Seen {
    fn of(presence: &Presence) -> Self {
        // No bucket is asked for, so it does not matter when one looks.
        let face = face(Sight::CONTACT, presence, Wall::from_millis(0));
        let Face {
            availability,
            version,
            last_active_at,
            last_seen_at,
            text,
            until,
            ..
        } = face;
        Self {
            availability,
            version,
            text,
            until,
            veil: presence.veil.map(|_| (last_active_at, last_seen_at)),
        }
    }

    /// The same but for a veil over somebody offline, which changes nothing.
    fn is(&self, other: &Self) -> bool {
        let without_veil = |seen: &Self| Self {
            veil: None,
            ..seen.clone()
        };
        let same_veil = self.veil == other.veil || self.veil.is_none() || other.veil.is_none();
        same_veil && without_veil(self) == without_veil(other)
    }
}

impl Veils {
    pub(super) fn new(principals: usize) -> Self {
        let unknown = Seen {
            availability: Availability::Offline,
            version: Some(Version(0)),
            text: None,
            until: None,
            veil: None,
        };
        Self {
            last: vec![unknown; principals],
        }
    }

    /// A start begins with the stored state.
    pub(super) fn restart(&mut self, scene: Scene<'_>) {
        *self = Self::new(self.last.len());
        for (principal, row) in scene.shell.store.rows() {
            self.last[principal.index()] = Seen::of(&stored(&row.record, scene.now.wall));
        }
    }

    /// Whoever has the id next is not hidden, and has the version that came of everything hidden.
    pub(super) fn forget(&mut self, scene: Scene<'_>, principal: PrincipalKey) {
        let presence = scene.shell.presence(principal, scene.now);
        self.last[principal.index()] = Seen::of(&presence);
    }

    pub(super) fn saw(&mut self, observed: &Observed) -> Result<(), Difference> {
        for edge in &observed.announced {
            let last = &mut self.last[edge.principal.index()];
            let now = Seen::of(&edge.presence);
            let wrong = |message: &str| {
                let message = format!("{message}\n    was {last:?}\n    is  {now:?}");
                Err(Difference::about(Checker::Veils, edge.principal, message))
            };
            match edge.concern {
                Concern::Watchers if now.is(last) => {
                    return wrong("others are told what they do not see");
                }
                Concern::Oneself if !now.is(last) => {
                    return wrong("others see what they are not told");
                }
                Concern::Watchers if now.version <= last.version => {
                    return wrong("others are told by a version that does not grow");
                }
                Concern::Watchers if tells_of_the_absence(last, &now, &edge.presence) => {
                    return wrong("the return tells when the person was there behind the veil");
                }
                Concern::Watchers | Concern::Oneself => *last = now,
            }
        }
        Ok(())
    }

    pub(super) fn state_of(
        &self,
        scene: Scene<'_>,
        principal: PrincipalKey,
    ) -> Result<(), Difference> {
        let now = Seen::of(&scene.shell.presence(principal, scene.now));
        let last = &self.last[principal.index()];
        if now.is(last) {
            return Ok(());
        }
        let message = format!("others were told {last:?}\n    and see {now:?}");
        Err(Difference::about(Checker::Veils, principal, message))
    }
}

/// Whether somebody comes back from behind a veil with another goodbye than the one that was shown.
fn tells_of_the_absence(last: &Seen, now: &Seen, presence: &Presence) -> bool {
    let shown = face(Sight::CONTACT, presence, Wall::from_millis(0)).last_seen_at;
    let goodbye = last.veil.map(|(_, last_seen_at)| last_seen_at);
    now.veil.is_none() && goodbye.is_some_and(|goodbye| goodbye != shown)
}

/// The presence that a record tells of, as far as others see it.
fn stored(record: &PresenceRecord, now: Wall) -> Presence {
    let stored = record.choice.clone().unwrap_or_default();
    let status = stored.chosen.as_ref().and_then(|chosen| chosen.status);
    let folded = record.availability;
    let veil: Option<Veil> = clamped(stored.veil, now);
    Presence {
        availability: status.map_or(folded, |status| status.over(folded)),
        version: record.version,
        last_active_at: record.last_active_at,
        last_proof_at: None,
        last_seen_at: record.last_seen_at,
        chosen: stored.chosen,
        veil,
        times_shown: None,
    }
}

/// A start clamps what lies in its future.
fn clamped(veil: Option<Veil>, now: Wall) -> Option<Veil> {
    let clamp = |at: Option<Wall>| at.map(|at| at.min(now));
    veil.map(|veil| Veil {
        last_active_at: clamp(veil.last_active_at),
        last_seen_at: clamp(veil.last_seen_at),
        ..veil
    })
}
