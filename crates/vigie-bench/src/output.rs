//! The only place that prints: findings to standard output, progress to standard error.

use std::io::{self, Write};

use crate::finding::Finding;

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

/// Prints findings as the rows of a Markdown table.
pub(crate) fn table(findings: &[Finding]) -> io::Result<()> {
    data("| What | Budget | Median | Lowest to highest | |")?;
    data("|---|---|---|---|---|")?;
    for found in findings {
        let unit = found.unit();
        let budget = found
            .budget()
            .map_or_else(String::new, |most| format!("≤ {} {unit}", number(most)));
        let verdict = match found.is_met() {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        data(&format!(
            "| {} | {} | {} {unit} | {} to {} | {verdict} |",
            found.what(),
            budget.trim_end(),
            number(found.median()),
            number(found.lowest()),
            number(found.highest()),
        ))?;
    }
    data("")
}

/// Prints findings as one JSON array.
pub(crate) fn json(findings: &[Finding]) -> anyhow::Result<()> {
    Ok(data(&serde_json::to_string_pretty(findings)?)?)
}

/// Three digits that matter.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}
