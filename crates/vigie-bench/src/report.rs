//! What a row hands back: numbers, and what else was seen.

use serde::Serialize;

use crate::finding::Finding;

/// The outcome of one row.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    /// Sentences that belong under the table: when readiness changed, which statements a database ran.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// The report, or that there is none and why: what cannot be measured does not cost the rest.
    pub(crate) fn of(measured: anyhow::Result<Self>, what: &str) -> Self {
        measured.unwrap_or_else(|error| {
            let mut failed = Self::default();
            failed.note(format!("**{what} could not be measured**: {error:#}"));
            failed
        })
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.notes.extend(other.notes);
    }
}

impl From<Vec<Finding>> for Report {
    fn from(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            notes: Vec::new(),
        }
    }
}
