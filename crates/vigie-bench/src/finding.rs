//! One measured quantity beside its budget.

use serde::Serialize;

/// What was measured, and how often.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    what: String,
    unit: &'static str,
    /// Not more than this, in the same unit; `None` for what is only told beside another.
    budget: Option<f64>,
    /// One number of each run, lowest first.
    runs: Vec<f64>,
}

impl Finding {
    /// A quantity without a budget of its own.
    ///
    /// # Errors
    /// When there was no run.
    pub(crate) fn new(
        what: impl Into<String>,
        unit: &'static str,
        mut runs: Vec<f64>,
    ) -> anyhow::Result<Self> {
        let what = what.into();
        anyhow::ensure!(!runs.is_empty(), "{what} was never measured");
        runs.sort_by(f64::total_cmp);
        Ok(Self {
            what,
            unit,
            budget: None,
            runs,
        })
    }

    /// The same with the most that it should be.
    pub(crate) fn at_most(mut self, budget: f64) -> Self {
        self.budget = Some(budget);
        self
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn unit(&self) -> &'static str {
        self.unit
    }

    pub(crate) fn budget(&self) -> Option<f64> {
        self.budget
    }

    pub(crate) fn median(&self) -> f64 {
        self.runs[self.runs.len() / 2]
    }

    pub(crate) fn lowest(&self) -> f64 {
        self.runs[0]
    }

    pub(crate) fn highest(&self) -> f64 {
        self.runs[self.runs.len() - 1]
    }

    /// Whether the median keeps the budget; `None` without one.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.budget.map(|budget| self.median() <= budget)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn the_median_decides() {
        let found = Finding::new("x", "ms", vec![9.0, 1.0, 3.0])
            .unwrap()
            .at_most(3.0);
        assert_eq!(
            (found.lowest(), found.median(), found.highest()),
            (1.0, 3.0, 9.0)
        );
        assert_eq!(found.is_met(), Some(true));
        assert_eq!(found.at_most(2.9).is_met(), Some(false));
    }

    #[test]
    fn what_was_never_measured_is_no_finding() {
        assert!(Finding::new("x", "ms", Vec::new()).is_err());
    }
}
