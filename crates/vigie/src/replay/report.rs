//! The report: what was due, told, missed and false, from a closed ledger.
//! JSON for machines is here, the table for people in [`table`].

use std::path::Path;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::plan::{Person, Plan};
use super::score::{Cause, Expected, Fate, Ledger};

mod table;

/// What was played.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Setting {
    trace: String,
    from: String,
    to: String,
    speed: f64,
    people: usize,
    online_at_start: usize,
    contradictions: u64,
}

impl Setting {
    pub(super) fn of(trace: &Path, plan: &Plan, speed: f64) -> Self {
        Self {
            trace: trace.display().to_string(),
            from: plan.from.to_string(),
            to: plan.to.to_string(),
            speed,
            people: plan.people.len(),
            online_at_start: plan
                .people
                .iter()
                .filter(|person| person.is_online_at_start)
                .count(),
            contradictions: plan.contradictions,
        }
    }
}

/// The whole outcome. Times are in milliseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    #[serde(flatten)]
    setting: Setting,
    took_seconds: f64,
    joins: Edges,
    clean_leaves: Edges,
    abrupt_leaves: Edges,
    all: Edges,
    #[serde(rename = "false")]
    false_count: usize,
    /// People online at the start, and events inside gaps.
    not_scored: u64,
    not_scored_missed: u64,
    misses: Vec<Case>,
    false_edges: Vec<Case>,
    troubles: Vec<String>,
}

/// Scored edges of one cause.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Edges {
    expected: u64,
    seen: u64,
    missed: u64,
    /// Of the missed ones: thrown away by the watcher on purpose.
    dropped: u64,
    late_ms: Option<Late>,
}

/// From the first byte of the cause to the watcher's reading of the edge.
#[derive(Debug, Serialize)]
struct Late {
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

/// One edge that was missed or false.
#[derive(Debug, Serialize)]
struct Case {
    user: String,
    edge: &'static str,
    /// Its instant in the trace; for a false one that of the person's last event before it.
    at: Option<String>,
}

impl Report {
    pub(super) fn new(
        setting: Setting,
        people: &[Person],
        ledger: &Ledger,
        troubles: Vec<String>,
        took: Duration,
    ) -> Self {
        let scored = || ledger.expected.iter().filter(|edge| edge.is_scored);
        let of = |cause| Edges::of(scored().filter(move |edge| edge.cause == cause));
        let unscored = || ledger.expected.iter().filter(|edge| !edge.is_scored);
        let misses = scored().filter(|edge| is_missed(edge)).map(|edge| Case {
            user: people[edge.person.0].name.clone(),
            edge: match edge.cause {
                Cause::Join => "online",
                Cause::CleanLeave => "offline after a clean leave",
                Cause::AbruptLeave => "offline after an abrupt leave",
            },
            at: Some(edge.at.to_string()),
        });
        let false_edges = ledger.false_edges.iter().map(|edge| Case {
            user: people[edge.person.0].name.clone(),
            edge: match (edge.is_online, edge.is_repeat) {
                (true, false) => "online",
                (false, false) => "offline",
                (true, true) => "online, told twice",
                (false, true) => "offline, told twice",
            },
            at: edge.after.map(|at| at.to_string()),
        });
        Self {
            took_seconds: took.as_secs_f64(),
            joins: of(Cause::Join),
            clean_leaves: of(Cause::CleanLeave),
            abrupt_leaves: of(Cause::AbruptLeave),
            all: Edges::of(scored()),
            false_count: ledger.false_edges.len(),
            not_scored: unscored().count() as u64,
            not_scored_missed: unscored().filter(|edge| is_missed(edge)).count() as u64,
            misses: misses.collect(),
            false_edges: false_edges.collect(),
            troubles,
            setting,
        }
    }

    /// Nothing missed, nothing false, and nothing else went wrong.
    pub(super) fn is_clean(&self) -> bool {
        self.all.missed == 0 && self.false_count == 0 && self.troubles.is_empty()
    }

    /// For machines.
    pub(super) fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn is_missed(edge: &Expected) -> bool {
    match edge.fate {
        Fate::Open | Fate::Dropped => true,
        Fate::Seen(_) => false,
    }
}

impl Edges {
    fn of<'a>(expected: impl Iterator<Item = &'a Expected>) -> Self {
        let mut edges = Self::default();
        // Three significant digits, in microseconds, growing as needed.
        let mut late = Histogram::<u64>::new(3).ok();
        for edge in expected {
            edges.expected += 1;
            match edge.fate {
                Fate::Open => edges.missed += 1,
                Fate::Dropped => {
                    edges.missed += 1;
                    edges.dropped += 1;
                }
                Fate::Seen(after) => {
                    edges.seen += 1;
                    if let Some(late) = &mut late {
                        // Fails only above what the histogram can hold: half a million years.
                        let _recorded = late.record(micros(after));
                    }
                }
            }
        }
        edges.late_ms = late.filter(|late| !late.is_empty()).map(|late| {
            let at = |quantile| late.value_at_quantile(quantile) as f64 / 1000.0;
            Late {
                p50: at(0.5),
                p90: at(0.9),
                p99: at(0.99),
                max: at(1.0),
            }
        });
        edges
    }
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::score::{Origin, PersonIndex, Told};
    use jiff::Timestamp;
    use std::time::Instant;

    const ALICE: PersonIndex = PersonIndex(0);

    fn report(ledger: &Ledger, troubles: Vec<String>) -> Report {
        let person = Person {
            name: "alice".to_owned(),
            is_online_at_start: false,
            steps: Vec::new(),
        };
        let setting = Setting {
            trace: "t.csv".to_owned(),
            from: String::new(),
            to: String::new(),
            speed: 1.0,
            people: 1,
            online_at_start: 0,
            contradictions: 0,
        };
        Report::new(setting, &[person], ledger, troubles, Duration::ZERO)
    }

    fn played(cause: Cause, is_scored: bool, told_online: Option<bool>) -> Ledger {
        let mut ledger = Ledger::new(1);
        let began = Instant::now();
        ledger.expect(ALICE, cause, Timestamp::UNIX_EPOCH, is_scored, began);
        if let Some(is_online) = told_online {
            let told = Told {
                person: ALICE,
                is_online,
                status: None,
                origin: Origin::Change,
            };
            ledger.tell(told, began + Duration::from_millis(40));
        }
        ledger
    }

    #[test]
    fn a_clean_run_is_clean_and_shows_its_delays() {
        let report = report(&played(Cause::Join, true, Some(true)), Vec::new());
        assert!(report.is_clean());
        assert_eq!((report.joins.expected, report.joins.seen), (1, 1));
        let table = report.table();
        assert!(table.contains("40 ms"), "{table}");
        assert!(!table.contains("Missed:"), "{table}");
        let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap_or_default();
        assert_eq!(json["all"]["seen"], 1);
        assert_eq!(json["false"], 0);
        assert!(
            json["all"]["lateMs"]["p50"]
                .as_f64()
                .is_some_and(|late| (39.9..40.1).contains(&late))
        );
    }

    #[test]
    fn a_miss_is_counted_and_named() {
        let report = report(&played(Cause::AbruptLeave, true, None), Vec::new());
        assert!(!report.is_clean());
        assert_eq!((report.abrupt_leaves.missed, report.all.missed), (1, 1));
        let table = report.table();
        assert!(
            table.contains("alice  1970-01-01T00:00:00Z  offline after an abrupt leave"),
            "{table}"
        );
    }

    #[test]
    fn a_false_edge_and_a_trouble_each_spoil_the_run() {
        let mut ledger = played(Cause::CleanLeave, true, Some(true));
        assert!(!report(&ledger, Vec::new()).is_clean());
        ledger = played(Cause::Join, true, Some(true));
        assert!(!report(&ledger, vec!["alice cannot join".to_owned()]).is_clean());
    }

    #[test]
    fn what_is_not_scored_spoils_nothing() {
        let report = report(&played(Cause::Join, false, None), Vec::new());
        assert!(report.is_clean());
        assert_eq!((report.not_scored, report.not_scored_missed), (1, 1));
        assert_eq!(report.all.expected, 0);
    }

    #[test]
    fn an_edge_lost_on_purpose_is_missed_and_said_to_be_lost() {
        let mut ledger = played(Cause::Join, true, None);
        ledger.drop_due(Told {
            person: ALICE,
            is_online: true,
            status: None,
            origin: Origin::Change,
        });
        let report = report(&ledger, Vec::new());
        assert_eq!((report.all.missed, report.all.dropped), (1, 1));
        assert!(report.table().contains("lost on purpose"));
        assert!(!report.is_clean());
    }
}
