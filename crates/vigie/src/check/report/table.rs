//! The report as a table for people: a line for each step, and for a wrong one what was expected, what was seen, and where to look.

use std::fmt::Write as _;

use super::{Outcome, Report, Step, Verdict};

/// Escape sequences, or nothing where they would be noise.
#[derive(Debug, Clone, Copy)]
struct Ink {
    is_coloured: bool,
}

impl Ink {
    fn paint(self, outcome: Outcome, text: &str) -> String {
        let colour = match outcome {
            Outcome::Passed => "32",
            Outcome::Failed => "1;31",
            Outcome::Skipped => "33",
        };
        if self.is_coloured {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

impl Report {
    /// For people, coloured if they have a terminal.
    pub(in crate::check) fn table(&self, is_coloured: bool) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _infallible = self.write_table(Ink { is_coloured }, &mut out);
        out
    }

    fn write_table(&self, ink: Ink, out: &mut String) -> std::fmt::Result {
        let version = self.version.as_deref().unwrap_or("unknown");
        writeln!(out, "{}, version {version}\n", self.url)?;
        let width = self.steps.iter().map(|step| step.name.len()).max();
        let width = width.unwrap_or_default();
        for step in &self.steps {
            step.write_row(width, ink, out)?;
        }
        let (outcome, verdict) = match self.verdict {
            Verdict::Passed => (Outcome::Passed, "all is right"),
            Verdict::Failed => (Outcome::Failed, "something is wrong"),
            Verdict::Incomplete => (Outcome::Skipped, "not everything could be checked"),
        };
        writeln!(
            out,
            "\n{}: {} passed, {} failed, {} skipped in {:.1} s",
            ink.paint(outcome, verdict),
            self.passed,
            self.failed,
            self.skipped,
            self.took_ms / 1_000.0
        )
    }
}

impl Step {
    fn write_row(&self, width: usize, ink: Ink, out: &mut String) -> std::fmt::Result {
        let word = match self.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Failed => "FAIL",
            Outcome::Skipped => "skip",
        };
        write!(
            out,
            "{}  {:width$}  ",
            ink.paint(self.outcome, word),
            self.name
        )?;
        let indent = " ".repeat("FAIL".len() + 2 + width + 2);
        if let (Some(expected), Some(hint)) = (&self.expected, &self.hint) {
            writeln!(out, "expected  {expected}")?;
            writeln!(out, "{indent}seen      {}", self.seen)?;
            writeln!(out, "{indent}look at   {hint}")
        } else {
            writeln!(out, "{}", self.seen)
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;

    use super::*;
    use crate::check::finding::{Fault, Omission, Seen};

    #[test]
    fn a_failure_says_what_was_expected_what_was_seen_and_where_to_look() {
        let mut report = Report::begin("http://x", ProgressBar::hidden());
        report.note("livez", Ok(Seen::from("200")));
        let fault = Fault::new("one accepted", "ten accepted", "throttle_interval");
        report.note("throttle", Err(fault));
        report.skip(["reset"], &Omission::NotAsked("needs --destructive"));
        let table = report.table(false);
        for line in [
            "ok    livez     200",
            "FAIL  throttle  expected  one accepted",
            "                seen      ten accepted",
            "                look at   throttle_interval",
            "skip  reset     needs --destructive",
        ] {
            assert!(table.lines().any(|told| told == line), "{line}\n{table}");
        }
        assert!(table.contains("something is wrong: 1 passed, 1 failed, 1 skipped"));
        assert!(!table.contains('\x1b'));
        assert!(report.table(true).contains("\x1b[1;31mFAIL\x1b[0m"));
    }

    #[test]
    fn only_what_is_missing_makes_a_check_incomplete() {
        let mut report = Report::begin("http://x", ProgressBar::hidden());
        report.skip(["reset"], &Omission::NotAsked("needs --destructive"));
        assert!(report.table(false).contains("all is right"));
        report.skip(["people"], &Omission::Missing("no key".to_owned()));
        assert!(
            report
                .table(false)
                .contains("not everything could be checked")
        );
    }
}
