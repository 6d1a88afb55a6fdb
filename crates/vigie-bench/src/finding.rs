//! One measured quantity beside its budget.

use serde::Serialize;

/// What was measured, and how often; or why it was not.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    what: String,
    unit: &'static str,
    /// `None` for what is only told beside another.
    budget: Option<Budget>,
    /// One number of each run, lowest first; empty when it was not run.
    runs: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_run: Option<String>,
}

/// Where a quantity should lie, in its own unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Budget {
    AtMost(f64),
    AtLeast(f64),
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
            not_run: None,
        })
    }

    /// A quantity that this machine has no means to measure.
    pub(crate) fn not_run(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            unit: "",
            budget: None,
            runs: Vec::new(),
            not_run: Some(why.into()),
        }
    }

    /// The same with the most that it should be.
    pub(crate) fn at_most(mut self, budget: f64) -> Self {
        self.budget = Some(Budget::AtMost(budget));
        self
    }

    /// The same with the least that it should be.
    pub(crate) fn at_least(mut self, budget: f64) -> Self {
        self.budget = Some(Budget::AtLeast(budget));
        self
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn unit(&self) -> &'static str {
        self.unit
    }

    pub(crate) fn budget(&self) -> Option<Budget> {
        self.budget
    }

    /// Why there is no number.
    pub(crate) fn why_not_run(&self) -> Option<&str> {
        self.not_run.as_deref()
    }

    /// Lowest, median and highest; `None` when it was not run.
    pub(crate) fn spread(&self) -> Option<[f64; 3]> {
        let (lowest, highest) = (self.runs.first()?, self.runs.last()?);
        Some([*lowest, self.runs[self.runs.len() / 2], *highest])
    }

    /// How often it was measured.
    pub(crate) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Whether the median keeps the budget; `None` without one, or without a number.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let [_, median, _] = self.spread()?;
        Some(match self.budget? {
            Budget::AtMost(most) => median <= most,
            Budget::AtLeast(least) => median >= least,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn the_median_decides() {
        let found = || Finding::new("x", "ms", vec![9.0, 1.0, 3.0]).unwrap();
        assert_eq!(found().spread(), Some([1.0, 3.0, 9.0]));
        assert_eq!(found().is_met(), None);
        assert_eq!(found().at_most(3.0).is_met(), Some(true));
        assert_eq!(found().at_most(2.9).is_met(), Some(false));
        assert_eq!(found().at_least(3.0).is_met(), Some(true));
        assert_eq!(found().at_least(3.1).is_met(), Some(false));
    }

    #[test]
    fn what_was_never_measured_is_no_finding() {
        assert!(Finding::new("x", "ms", Vec::new()).is_err());
    }

    #[test]
    fn what_was_not_run_has_no_verdict() {
        let found = Finding::not_run("x", "no node").at_most(1.0);
        assert_eq!(found.is_met(), None);
        assert_eq!(found.why_not_run(), Some("no node"));
    }
}
