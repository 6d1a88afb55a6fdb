//! When the recorder of a trace was blind: events then are played, and not scored.

use std::path::Path;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use crate::cli::Usage;

/// A blind stretch at least this long also spoils the hour after it, because what happened
/// inside it comes to light only bit by bit.
const LONG_GAP: SignedDuration = SignedDuration::from_mins(10);
const AFTER_LONG_GAP: SignedDuration = SignedDuration::from_hours(1);

/// All stretches that are not scored, both ends included.
#[derive(Debug, Default)]
pub(super) struct Gaps(Vec<(Timestamp, Timestamp)>);

impl Gaps {
    /// True when an event at this instant counts.
    pub(super) fn scores(&self, at: Timestamp) -> bool {
        !self.0.iter().any(|&(start, end)| start <= at && at <= end)
    }
}

/// Reads `start,end,reason` lines below a header.
pub(super) fn read(path: &Path) -> anyhow::Result<Gaps> {
    let cannot_read = || Usage(format!("cannot read the gaps {}", path.display()));
    let text = std::fs::read_to_string(path).with_context(cannot_read)?;
    parse(&text).with_context(cannot_read)
}

fn parse(text: &str) -> anyhow::Result<Gaps> {
    let mut gaps = Vec::new();
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record?;
        let time = |index| -> anyhow::Result<Timestamp> {
            let field = record.get(index).unwrap_or_default();
            field
                .parse()
                .with_context(|| format!("not a time: {field:?}"))
        };
        let (start, mut end) = (time(0)?, time(1)?);
        if end.duration_since(start) >= LONG_GAP {
            end += AFTER_LONG_GAP;
        }
        gaps.push((start, end));
    }
    Ok(Gaps(gaps))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn blind_stretches_and_the_hour_after_long_ones_do_not_score() {
        let gaps = parse(
            "start,end,reason\n\
             2014-02-03T01:00:00Z,2014-02-03T01:05:00Z,restart\n\
             2014-02-03T05:00:00Z,2014-02-03T05:10:00Z,silence\n",
        )
        .unwrap();
        let check = |time: &str, expected| {
            let at = format!("2014-02-03T{time}Z").parse().unwrap();
            assert_eq!(gaps.scores(at), expected, "{time}");
        };
        check("00:59:59", true);
        check("01:00:00", false);
        check("01:05:00", false);
        check("01:05:01", true);
        check("04:59:59", true);
        check("06:10:00", false);
        check("06:10:01", true);
    }

    #[test]
    fn a_gap_without_times_is_refused() {
        assert!(parse("start,end,reason\nearly,late,x\n").is_err());
        assert!(Gaps::default().scores(Timestamp::MIN));
    }
}
