//! Makes a failing list of steps short: whatever can be left out while the same checker still finds something about the same principal is left out.

use std::collections::BTreeSet;

use vigie_core::{ConnectionId, PrincipalKey};

use super::Script;
use crate::difference::Difference;
use crate::step::Step;

impl Script {
    /// The shortest list found that still shows a difference of the same kind.
    #[must_use]
    pub fn shortest(&self, found: &Difference) -> Self {
        let mut best = self.until_it_shows(found).unwrap_or_else(|| self.clone());
        let alone = found.principal.map(|principal| best.only_about(principal));
        if let Some(shorter) = alone.and_then(|alone| alone.until_it_shows(found)) {
            best = shorter;
        }
        let mut size = best.steps.len().div_ceil(2).max(1);
        loop {
            let before = best.steps.len();
            best = best.without_chunks(size, found);
            if size == 1 && best.steps.len() == before {
                return best;
            }
            size = size.div_ceil(2).max(1);
        }
    }

    /// Leaves out what others do.
    fn only_about(&self, principal: PrincipalKey) -> Self {
        let mut own = BTreeSet::<ConnectionId>::new();
        for step in &self.steps {
            if let Step::Connect {
                principal: owner,
                connection,
                ..
            } = step
                && *owner == principal
            {
                own.insert(*connection);
            }
        }
        let concerns = |step: &&Step| match step {
            Step::Connect {
                principal: other, ..
            }
            | Step::Revoke(other, _)
            | Step::Delete(other)
            | Step::Request {
                principal: other, ..
            }
            | Step::Choose {
                principal: other, ..
            }
            | Step::Force(other, _) => *other == principal,
            Step::Prove(connection)
            | Step::Act(connection)
            | Step::Background(connection)
            | Step::Foreground(connection)
            | Step::Leave(connection)
            | Step::Lose(connection, _) => own.contains(connection),
            Step::Wait { .. }
            | Step::Oversleep { .. }
            | Step::Fire { .. }
            | Step::Jump { .. }
            | Step::Pause { .. }
            | Step::Flush(_)
            | Step::Answer(_)
            | Step::Sweep
            | Step::Restart { .. } => true,
        };
        Self {
            steps: self.steps.iter().filter(concerns).cloned().collect(),
            ..self.clone()
        }
    }

    /// Leaves out every run of `size` steps that is not needed, from the end to the beginning.
    fn without_chunks(&self, size: usize, found: &Difference) -> Self {
        let mut best = self.clone();
        let mut end = best.steps.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let mut shorter = best.clone();
            shorter.steps.drain(start..end);
            if let Some(shorter) = shorter.until_it_shows(found) {
                best = shorter;
            }
            end = start.min(best.steps.len());
        }
        best
    }

    /// The steps up to the difference; `None` when the list shows none of that kind.
    fn until_it_shows(&self, found: &Difference) -> Option<Self> {
        let (steps, difference) = self.play(found.principal).err()?;
        let same_kind =
            (difference.checker, difference.principal) == (found.checker, found.principal);
        same_kind.then(|| Self {
            steps: self.steps.iter().take(steps).cloned().collect(),
            ..self.clone()
        })
    }
}
