//! Reading a trace file: CSV, plain or gzip, into events in order of time.
//!
//! In: a path. Out: an iterator; a line that cannot be read ends the replay with its number.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::Context;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;

use crate::cli::Usage;

/// What a trace says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Join,
    Leave,
    Activity,
}

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TraceEvent {
    pub(super) at: Timestamp,
    pub(super) user: String,
    pub(super) kind: Kind,
}

const COLUMNS: [&str; 3] = ["timestamp_utc_iso", "user", "event"];

/// Opens a trace and checks its header.
pub(super) fn read(
    path: &Path,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<TraceEvent>> + use<>> {
    let cannot_read = || Usage(format!("cannot read the trace {}", path.display()));
    let file = BufReader::new(File::open(path).with_context(cannot_read)?);
    let is_compressed = path.extension().is_some_and(|end| end == "gz");
    let input: Box<dyn Read> = if is_compressed {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    events(input).with_context(cannot_read)
}

fn events(input: impl Read) -> anyhow::Result<impl Iterator<Item = anyhow::Result<TraceEvent>>> {
    let mut reader = csv::Reader::from_reader(input);
    let header = reader.headers()?;
    if header != COLUMNS.as_slice() {
        let expected = COLUMNS.join(",");
        return Err(Usage(format!("its first line is not {expected}")).into());
    }
    let mut last = Timestamp::MIN;
    Ok(reader.into_records().map(move |record| {
        let record = record.map_err(|error| Usage(error.to_string()))?;
        let event = parse(&record).with_context(|| {
            let line = record.position().map_or(0, csv::Position::line);
            Usage(format!("line {line} of the trace cannot be played"))
        })?;
        if event.at < last {
            return Err(Usage(format!(
                "the trace is not sorted: {} comes after {last}",
                event.at
            ))
            .into());
        }
        last = event.at;
        Ok(event)
    }))
}

fn parse(record: &csv::StringRecord) -> anyhow::Result<TraceEvent> {
    let field = |index| record.get(index).unwrap_or_default();
    let kind = match field(2) {
        "join" => Kind::Join,
        "leave" => Kind::Leave,
        "activity" => Kind::Activity,
        other => anyhow::bail!("unknown event {other:?}"),
    };
    Ok(TraceEvent {
        at: field(0).parse()?,
        user: field(1).to_owned(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn all(text: &str) -> anyhow::Result<Vec<TraceEvent>> {
        events(text.as_bytes())?.collect()
    }

    #[test]
    fn lines_become_events() {
        let read = all("timestamp_utc_iso,user,event\n\
             2014-02-03T00:00:00Z,u1,join\n\
             2014-02-03T00:00:00Z,u2,activity\n\
             2014-02-03T00:01:00Z,u1,leave\n")
        .unwrap();
        let kinds: Vec<_> = read.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [Kind::Join, Kind::Activity, Kind::Leave]);
        assert_eq!(read[2].user, "u1");
        assert_eq!(read[2].at.to_string(), "2014-02-03T00:01:00Z");
    }

    #[test]
    fn what_is_no_trace_is_a_usage_error() {
        let refuses = |text: &str| {
            let error = all(text).unwrap_err();
            assert!(error.is::<Usage>(), "{error:#}");
        };
        refuses("time,user,event\n");
        refuses("timestamp_utc_iso,user,event\nnoon,u1,join\n");
        refuses("timestamp_utc_iso,user,event\n2014-02-03T00:00:00Z,u1,nap\n");
        refuses("timestamp_utc_iso,user,event\n2014-02-03T00:00:00Z,u1\n");
        refuses(
            "timestamp_utc_iso,user,event\n\
             2014-02-03T00:01:00Z,u1,join\n2014-02-03T00:00:00Z,u2,join\n",
        );
    }

    #[test]
    fn gzip_is_read_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv.gz");
        let mut gzip = flate2::write::GzEncoder::new(
            File::create(&path).unwrap(),
            flate2::Compression::fast(),
        );
        std::io::Write::write_all(
            &mut gzip,
            b"timestamp_utc_iso,user,event\n2014-02-03T00:00:00Z,u1,join\n",
        )
        .unwrap();
        gzip.finish().unwrap();
        assert_eq!(read(&path).unwrap().count(), 1);
        let missing = read(&folder.path().join("none.csv")).err().unwrap();
        assert!(missing.is::<Usage>());
    }
}
