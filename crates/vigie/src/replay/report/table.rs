//! The report as a table for people, with the first few single cases by name.

use std::fmt::Write as _;

use super::{Case, Edges, Report};

/// At most this many single cases are listed; the JSON has them all.
const LISTED: usize = 20;

impl Report {
    /// For people.
    pub(in crate::replay) fn table(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _infallible = self.write_table(&mut out);
        out
    }

    fn write_table(&self, out: &mut String) -> std::fmt::Result {
        let setting = &self.setting;
        writeln!(out, "{}", setting.trace)?;
        writeln!(
            out,
            "{} to {}, {} times faster, took {:.1} s",
            setting.from, setting.to, setting.speed, self.took_seconds
        )?;
        writeln!(
            out,
            "{} people, {} online at the start\n",
            setting.people, setting.online_at_start
        )?;
        writeln!(
            out,
            "{:<14}{:>9}{:>9}{:>9}   {:>9}{:>9}{:>9}{:>9}",
            "edges", "expected", "seen", "missed", "late p50", "p90", "p99", "max"
        )?;
        for (name, edges) in [
            ("join", &self.joins),
            ("clean leave", &self.clean_leaves),
            ("abrupt leave", &self.abrupt_leaves),
            ("all", &self.all),
        ] {
            edges.write_row(name, out)?;
        }
        writeln!(out, "\nfalse edges   {:>9}", self.false_count)?;
        writeln!(out, "not scored    {:>9}", self.not_scored)?;
        if self.not_scored_missed > 0 {
            writeln!(out, "  of them missed {:>6}", self.not_scored_missed)?;
        }
        if self.all.dropped > 0 {
            writeln!(out, "lost on purpose {:>7}", self.all.dropped)?;
        }
        if self.abrupt_leaves.expected > 0 {
            writeln!(
                out,
                "\nThe delay of an abrupt leave includes the server's grace."
            )?;
        }
        if setting.contradictions > 0 {
            let count = setting.contradictions;
            writeln!(
                out,
                "\n{count} events contradict the ones before and were not played."
            )?;
        }
        write_cases("Missed", &self.misses, out)?;
        write_cases("False", &self.false_edges, out)?;
        write_list("Trouble", &self.troubles, out)
    }
}

impl Edges {
    fn write_row(&self, name: &str, out: &mut String) -> std::fmt::Result {
        if self.expected == 0 {
            return Ok(());
        }
        write!(
            out,
            "{name:<14}{:>9}{:>9}{:>9}   ",
            self.expected, self.seen, self.missed
        )?;
        if let Some(late) = &self.late_ms {
            for value in [late.p50, late.p90, late.p99, late.max] {
                write!(out, "{:>9}", format!("{value:.0} ms"))?;
            }
        }
        writeln!(out)
    }
}

fn write_cases(title: &str, cases: &[Case], out: &mut String) -> std::fmt::Result {
    let lines: Vec<String> = cases
        .iter()
        .map(|case| {
            let at = case.at.as_deref().unwrap_or("never played");
            format!("{}  {at}  {}", case.user, case.edge)
        })
        .collect();
    write_list(title, &lines, out)
}

fn write_list(title: &str, lines: &[String], out: &mut String) -> std::fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}:")?;
    for line in lines.iter().take(LISTED) {
        writeln!(out, "  {line}")?;
    }
    if lines.len() > LISTED {
        writeln!(out, "  and {} more", lines.len() - LISTED)?;
    }
    Ok(())
}
