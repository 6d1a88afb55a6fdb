//! The report: every step with its outcome, in the order in which they were taken.
//! JSON for machines is here, the table for people in [`table`].

use std::collections::BTreeMap;
use std::future::Future;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::ProgressBar;
use serde::Serialize;

use super::finding::{Fault, Omission, Seen, millis};

mod table;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// One step of the check. Fields that an outcome has no use for are left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    name: &'static str,
    outcome: Outcome,
    /// What was found; of a skipped step, why it was.
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Measured times in milliseconds, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    times_ms: BTreeMap<&'static str, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<f64>,
}

/// What the whole check comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Everything was checked and is right.
    Passed,
    /// Something is wrong.
    Failed,
    /// Nothing is wrong, and something could not be checked.
    Incomplete,
}

/// Everything found so far.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    url: String,
    /// The server's version, as it says.
    pub(super) version: Option<String>,
    verdict: Verdict,
    passed: usize,
    failed: usize,
    skipped: usize,
    took_ms: f64,
    steps: Vec<Step>,
    #[serde(skip)]
    began: Instant,
    #[serde(skip)]
    progress: ProgressBar,
}

impl Report {
    /// An empty report that tells `progress` which step is being taken.
    pub(super) fn begin(url: &str, progress: ProgressBar) -> Self {
        Self {
            url: url.to_owned(),
            version: None,
            verdict: Verdict::Passed,
            passed: 0,
            failed: 0,
            skipped: 0,
            took_ms: 0.0,
            steps: Vec::new(),
            began: Instant::now(),
            progress,
        }
    }

    /// Takes a step and writes down what it found; `Some` when it passed.
    pub(super) async fn step<T>(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Result<(Seen, T), Fault>>,
    ) -> Option<T> {
        self.announce(name);
        let began = Instant::now();
        let result = Box::pin(work).await;
        let took_ms = Some(millis(began.elapsed()));
        match result {
            Ok((seen, value)) => {
                self.add(Step {
                    name,
                    outcome: Outcome::Passed,
                    seen: seen.text,
                    expected: None,
                    hint: None,
                    times_ms: seen.times.into_iter().collect(),
                    took_ms,
                });
                Some(value)
            }
            Err(fault) => {
                self.fail(name, fault, took_ms);
                None
            }
        }
    }

    /// Writes down what was found on the way to something else.
    pub(super) fn note(&mut self, name: &'static str, result: Result<Seen, Fault>) -> bool {
        match result {
            Ok(seen) => self.add(Step {
                name,
                outcome: Outcome::Passed,
                seen: seen.text,
                expected: None,
                hint: None,
                times_ms: seen.times.into_iter().collect(),
                took_ms: None,
            }),
            Err(fault) => {
                self.fail(name, fault, None);
                return false;
            }
        }
        true
    }

    /// Writes down that steps were left out, and why.
    pub(super) fn skip(
        &mut self,
        names: impl IntoIterator<Item = &'static str>,
        omission: &Omission,
    ) {
        for name in names {
            if matches!(omission, Omission::Missing(_)) && self.verdict == Verdict::Passed {
                self.verdict = Verdict::Incomplete;
            }
            self.add(Step {
                name,
                outcome: Outcome::Skipped,
                seen: omission.to_string(),
                expected: None,
                hint: None,
                times_ms: BTreeMap::new(),
                took_ms: None,
            });
        }
    }

    /// Tells a waiting person what is going on.
    pub(super) fn announce(&self, what: impl Into<String>) {
        self.progress.set_message(what.into());
    }

    /// Closes the report.
    pub(super) fn end(&mut self) {
        self.took_ms = millis(self.began.elapsed());
        self.progress.finish_and_clear();
    }

    /// For machines.
    ///
    /// # Errors
    /// Never in practice: all of it is texts and numbers.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// 0 right, 1 wrong, 2 not checked.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self.verdict {
            Verdict::Passed => ExitCode::SUCCESS,
            Verdict::Failed => ExitCode::FAILURE,
            Verdict::Incomplete => ExitCode::from(2),
        }
    }

    fn fail(&mut self, name: &'static str, fault: Fault, took_ms: Option<f64>) {
        self.verdict = Verdict::Failed;
        self.add(Step {
            name,
            outcome: Outcome::Failed,
            seen: fault.seen,
            expected: Some(fault.expected),
            hint: Some(fault.hint),
            times_ms: BTreeMap::new(),
            took_ms,
        });
    }

    fn add(&mut self, step: Step) {
        match step.outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Skipped => self.skipped += 1,
        }
        self.steps.push(step);
    }
}
