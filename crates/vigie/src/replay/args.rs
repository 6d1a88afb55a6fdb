//! The flags of `vigie replay`, and how their values are read.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use vigie_server::config::parse_duration;

/// Play a trace of joins, leaves and activity through real connections, and score what a
/// watcher is told.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct ReplayArgs {
    /// The trace: CSV with the columns timestamp_utc_iso,user,event (join, leave or activity),
    /// sorted by time; a name that ends in .gz is read compressed
    pub(super) trace: PathBuf,

    /// How many times faster than it happened; a person's next event still waits until the one
    /// before was told, so a high speed never hides a lost edge
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = parse_speed)]
    pub(super) speed: f64,

    /// First instant to play (2014-02-03T00:00:00Z, or 2014-02-03); who is online then is
    /// connected first and not scored
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(super) from: Option<Timestamp>,

    /// Play up to, and without, this instant
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(super) to: Option<Timestamp>,

    /// End this share of the sessions (0 to 1) without a goodbye: the TCP connection is reset,
    /// and the offline edge comes after the server's grace
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = parse_share)]
    pub(super) abrupt: f64,

    /// Chooses which sessions end abruptly; the same seed chooses the same ones
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub(super) seed: u64,

    /// Make the watcher throw away every twentieth edge that it is told, to see that the report
    /// would show a loss
    #[arg(long)]
    pub(super) losses: bool,

    /// CSV of start,end,reason: stretches in which the recorder was blind; events inside (and in
    /// the hour after one of ten minutes or more) are played and not scored
    #[arg(long, value_name = "FILE")]
    pub(super) gaps: Option<PathBuf>,

    /// The server to play against
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    pub(super) url: String,

    /// The server's API key [default: the file `api-key` in the data directory]
    #[arg(
        long,
        value_name = "KEY",
        env = "VIGIE_API_KEY",
        hide_env_values = true
    )]
    pub(super) api_key: Option<String>,

    /// Where the server keeps `api-key` and `dev-secret`; JWT_SECRET wins over the latter
    #[arg(
        long,
        value_name = "DIR",
        env = "VIGIE_DATA_DIR",
        default_value = "vigie-data"
    )]
    pub(super) data_dir: PathBuf,

    /// How long to wait for an edge before the person's next event is played all the same; it
    /// must be longer than the server's grace
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = parse_settle)]
    pub(super) settle: Duration,

    /// At most this many connection attempts at the same time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) connecting: u16,

    /// The server's audience limit; the people of the window must fit into one audience
    #[arg(
        long,
        value_name = "N",
        env = "VIGIE_AUDIENCE_LIMIT",
        default_value_t = 1000
    )]
    pub(super) audience_limit: usize,

    /// Leave the users and the conversation on the server
    #[arg(long)]
    pub(super) keep: bool,

    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  A day in two and a half minutes:
    vigie replay trace.csv.gz --from 2014-02-03 --to 2014-02-04 --speed 600
  The same, three in ten sessions ending as on a bad network:
    vigie replay trace.csv.gz --from 2014-02-03 --to 2014-02-04 --speed 600 --abrupt 0.3

Exit code: 0 when nothing was missed or false, 1 when something was, 2 when it cannot be played.";

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if speed > 0.0 && f64::is_finite(speed) => Ok(speed),
        _ => Err("a number above 0".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a number from 0 to 1".to_owned()),
    }
}

fn parse_settle(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("must be longer than the server's grace".to_owned()),
        settle => Ok(settle),
    }
}

/// An instant in RFC 3339, or a date, which is its midnight in UTC.
fn parse_time(text: &str) -> Result<Timestamp, String> {
    let midnight = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(zoned.timestamp())
    };
    text.parse()
        .ok()
        .or_else(midnight)
        .ok_or_else(|| "a time like 2014-02-03T00:00:00Z, or a date like 2014-02-03".to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn times_are_instants_or_dates() {
        let midnight: Timestamp = "2014-02-03T00:00:00Z".parse().unwrap();
        assert_eq!(parse_time("2014-02-03"), Ok(midnight));
        assert_eq!(parse_time("2014-02-03T00:00:00Z"), Ok(midnight));
        assert_eq!(parse_time("2014-02-03T01:00:00+01:00"), Ok(midnight));
        assert!(parse_time("yesterday").is_err());
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert_eq!(parse_speed("600"), Ok(600.0));
        for bad in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(parse_speed(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_share("0.3"), Ok(0.3));
        for bad in ["1.1", "-0.1", "NaN", "some"] {
            assert!(parse_share(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_settle("1500ms"), Ok(Duration::from_millis(1500)));
        for bad in ["0s", "-1s", "15", ""] {
            assert!(parse_settle(bad).is_err(), "{bad}");
        }
    }
}
