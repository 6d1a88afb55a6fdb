//! Makes a failing list of steps short: whatever can be left out while the same checker still finds something about the same principal is left out.

use super::Script;
use crate::difference::Difference;

impl Script {
    /// The shortest list found that still shows a difference of the same kind.
    #[must_use]
    pub fn shortest(&self, found: &Difference) -> Self {
        let mut best = self.clone();
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

    /// Leaves out every run of `size` steps that is not needed, from the end to the beginning.
    fn without_chunks(&self, size: usize, found: &Difference) -> Self {
        let mut best = self.clone();
        let mut end = best.steps.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let mut shorter = best.clone();
            shorter.steps.drain(start..end);
            let still_shows = shorter.play().is_err_and(|difference| {
                (difference.checker, difference.principal) == (found.checker, found.principal)
            });
            if still_shows {
                best = shorter;
            }
            end = start;
        }
        best
    }
}
