//! The only place that prints: findings to standard output, progress to standard error.

use std::io::{self, Write};

use serde_json::Value;

use crate::finding::{Budget, Finding};
use crate::report::Report;

/// Prints a line that was asked for.
pub(crate) fn data(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Tells what goes on.
pub(crate) fn note(line: &str) {
    // A closed standard error has nowhere to be told.
    writeln!(io::stderr(), "{line}").ok();
}

/// Prints a report as a Markdown table with its notes under it.
pub(crate) fn table(title: &str, report: &Report) -> io::Result<()> {
    data(&format!("### {title}\n"))?;
    data("| What | Budget | Median | Lowest to highest | Runs | |")?;
    data("|---|---|---|---|---|---|")?;
    for found in &report.findings {
        data(&line(found))?;
    }
    data("")?;
    for note in &report.notes {
        data(&format!("- {note}"))?;
    }
    if !report.notes.is_empty() {
        data("")?;
    }
    Ok(())
}

fn line(found: &Finding) -> String {
    let (what, unit) = (found.what(), found.unit());
    let Some([lowest, median, highest]) = found.spread() else {
        let why = found.why_not_run().unwrap_or_default();
        return format!("| {what} | | not run | | | {why} |");
    };
    let budget = match found.budget() {
        Some(Budget::AtMost(most)) => format!("≤ {}", quantity(most, unit)),
        Some(Budget::AtLeast(least)) => format!("≥ {}", quantity(least, unit)),
        None => String::new(),
    };
    let verdict = match found.is_met() {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "",
    };
    format!(
        "| {what} | {budget} | {} | {} to {} | {} | {verdict} |",
        quantity(median, unit),
        number(lowest),
        number(highest),
        found.runs(),
    )
}

/// Prints everything as one JSON document.
pub(crate) fn json(document: &Value) -> anyhow::Result<()> {
    Ok(data(&serde_json::to_string_pretty(document)?)?)
}

fn quantity(value: f64, unit: &str) -> String {
    format!("{} {unit}", number(value)).trim_end().to_owned()
}

/// Three digits that matter.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_line_says_budget_and_verdict() {
        let found = Finding::new("x", "ms", vec![1.0, 2.0, 300.4]).unwrap();
        assert_eq!(
            line(&found.at_most(1.5)),
            "| x | ≤ 1.50 ms | 2.00 ms | 1.00 to 300 | 3 | **missed** |"
        );
        assert_eq!(
            line(&Finding::not_run("x", "no node")),
            "| x | | not run | | | no node |"
        );
    }
}
