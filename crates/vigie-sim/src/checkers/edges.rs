//! Every announced change is one from the last announced state, with a larger version where the availability changed, and what the engine says equals what it announced last.

use std::sync::Arc;

use vigie_core::{Availability, Chosen, PrincipalKey, Version};

use super::Scene;
use crate::difference::{Checker, Difference};
use crate::edge::Edge;
use crate::shell::Observed;

/// What was last announced of everybody, or found by a start.
#[derive(Debug)]
pub(crate) struct Edges {
    last: Vec<Last>,
}

/// What a change is a change of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Last {
    availability: Availability,
    version: Version,
    chosen: Option<Arc<Chosen>>,
}

impl Edges {
    pub(super) fn new(principals: usize) -> Self {
        Self {
            last: vec![Last::default(); principals],
        }
    }

    /// A start begins with the stored state: clients that come back get it in their snapshots.
    pub(super) fn restart(&mut self, scene: Scene<'_>) {
        *self = Self::new(self.last.len());
        for (principal, row) in scene.shell.store.rows() {
            let stored = row.record.choice.clone().unwrap_or_default();
            let status = stored.chosen.as_ref().and_then(|chosen| chosen.status);
            let folded = row.record.availability;
            self.last[principal.index()] = Last {
                availability: status.map_or(folded, |status| status.over(folded)),
                version: row.record.version,
                chosen: stored.chosen,
            };
        }
    }

    /// Whoever has the id next chose nothing.
    pub(super) fn forget(&mut self, principal: PrincipalKey) {
        self.last[principal.index()].chosen = None;
    }

    pub(super) fn saw(&mut self, observed: &Observed) -> Result<(), Difference> {
        for Edge {
            principal,
            was,
            presence,
            concern: _,
        } in &observed.announced
        {
            let last = &mut self.last[principal.index()];
            let wrong = |message| Difference::about(Checker::Edges, *principal, message);
            if *was != last.availability {
                let words = (was.as_str(), last.availability.as_str());
                return Err(wrong(format!(
                    "an edge from {}, but {} was announced last",
                    words.0, words.1
                )));
            }
            let is_edge = presence.availability != last.availability;
            if !is_edge && presence.chosen == last.chosen {
                let word = presence.availability.as_str();
                return Err(wrong(format!("announced {word} twice in a row")));
            }
            let grows = presence.version > last.version;
            if !grows && (is_edge || presence.version < last.version) {
                let versions = (presence.version.0, last.version.0);
                return Err(wrong(format!(
                    "version {} after version {}",
                    versions.0, versions.1
                )));
            }
            *last = Last {
                availability: presence.availability,
                version: presence.version,
                chosen: presence.chosen.clone(),
            };
        }
        Ok(())
    }

    pub(super) fn state_of(
        &self,
        scene: Scene<'_>,
        principal: PrincipalKey,
    ) -> Result<(), Difference> {
        let presence = scene.shell.presence(principal, scene.now);
        let last = &self.last[principal.index()];
        let now = Last {
            availability: presence.availability,
            version: presence.version,
            chosen: presence.chosen,
        };
        if now == *last {
            return Ok(());
        }
        let message = format!("{now:?} is what the engine says, {last:?} was announced last");
        Err(Difference::about(Checker::Edges, principal, message))
    }
}
