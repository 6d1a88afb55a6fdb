//! Every announced edge is a change from the last announced one with a larger version, and what the engine says equals what it announced last.

use vigie_core::{Availability, PrincipalKey, Version};

use super::Scene;
use crate::difference::{Checker, Difference};
use crate::edge::Edge;
use crate::shell::Observed;

/// What was last announced of everybody, or found by a start.
#[derive(Debug)]
pub(crate) struct Edges {
    last: Vec<(Availability, Version)>,
}

impl Edges {
    pub(super) fn new(principals: usize) -> Self {
        Self {
            last: vec![(Availability::Offline, Version(0)); principals],
        }
    }

    /// A start begins with the stored state: clients that come back get it in their snapshots.
    pub(super) fn restart(&mut self, scene: Scene<'_>) {
        *self = Self::new(self.last.len());
        for (principal, row) in scene.shell.store.rows() {
            self.last[principal.index()] = (row.record.availability, row.record.version);
        }
    }

    pub(super) fn saw(&mut self, observed: &Observed) -> Result<(), Difference> {
        for Edge {
            principal,
            was,
            presence,
        } in &observed.announced
        {
            let last = &mut self.last[principal.index()];
            let wrong = |message| Difference::about(Checker::Edges, *principal, message);
            if *was != last.0 {
                let words = (was.as_str(), last.0.as_str());
                return Err(wrong(format!(
                    "an edge from {}, but {} was announced last",
                    words.0, words.1
                )));
            }
            if presence.availability == last.0 {
                let word = presence.availability.as_str();
                return Err(wrong(format!("announced {word} twice in a row")));
            }
            if presence.version <= last.1 {
                let versions = (presence.version.0, last.1.0);
                return Err(wrong(format!(
                    "version {} after version {}",
                    versions.0, versions.1
                )));
            }
            *last = (presence.availability, presence.version);
        }
        Ok(())
    }

    pub(super) fn state_of(
        &self,
        scene: Scene<'_>,
        principal: PrincipalKey,
    ) -> Result<(), Difference> {
        let presence = scene.shell.presence(principal, scene.now);
        let (availability, version) = self.last[principal.index()];
        if (presence.availability, presence.version) == (availability, version) {
            return Ok(());
        }
        let message = format!(
            "{} is what the engine says, {} was announced last",
            presence.availability.as_str(),
            availability.as_str()
        );
        Err(Difference::about(Checker::Edges, principal, message))
    }
}
