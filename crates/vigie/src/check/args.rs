//! The flags of `vigie check`, and how their values are read.

use std::path::PathBuf;
use std::time::Duration;

use vigie_server::config::parse_duration;

/// Test a running server from the outside, as after a deploy, and say what is wrong with it.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES, after_long_help = EXAMPLES)]
pub(crate) struct CheckArgs {
    /// The server to check, without TLS: its own address, not that of a proxy in front of it
    #[arg(value_name = "URL", default_value = "http://127.0.0.1:3000", value_parser = parse_url)]
    pub(super) url: String,

    /// Where maintenance, metrics and probes are, if the server has an ops_listen
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    pub(super) ops_url: Option<String>,

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

    /// How long one answer may take before it counts as missing; waits that the server's own
    /// settings ask for come on top
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_patience)]
    pub(super) timeout: Duration,

    /// Also reset the counters of /maintenance/status-metrics, which dashboards may read
    #[arg(long)]
    pub(super) destructive: bool,

    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
}

const NOTES: &str = "\
Exit code: 0 when everything was checked and is right, 1 when something is wrong, 2 when it could not be checked.";

const EXAMPLES: &str = "\
Examples:
  The server of this directory, in development mode:
    vigie check
  A server in production, from its own machine:
    JWT_SECRET=… VIGIE_API_KEY=… vigie check http://127.0.0.1:3000
  With a listener of its own for operators:
    vigie check http://10.0.0.5:3000 --ops-url http://10.0.0.5:9090
  In a pipeline: stop when anything is wrong, and say what
    vigie check --json > check.json || jq '.steps[] | select(.outcome != \"passed\")' check.json

What it does: it creates two users, a conversation and a guest, all called vigie-check, lets them come, be active, leave and vanish, compares what the server says with what was done, and removes them again, also when it is interrupted.
Nobody else is touched, and a busy server is judged as fairly as a quiet one.
It takes about as long as the server may need to notice a silent client: ping_interval + ping_timeout + grace, 20 s by default.

What it needs: the API key, and the secret that signs tokens (JWT_SECRET, or the one of development mode in the data directory).
What cannot be checked without them is skipped, named, and makes the exit code 2.

Exit code: 0 when everything was checked and is right, 1 when something is wrong, 2 when it could not be checked.";

/// The scheme of a URL means the same in capitals.
fn parse_url(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let rest = rest.trim_end_matches('/');
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Err("TLS ends at your proxy: give the address of Vigie behind it".to_owned()),
        "http" if !rest.is_empty() => Ok(format!("http://{rest}")),
        _ => Err("write it as http://host:port".to_owned()),
    }
}

fn parse_patience(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("must be longer than nothing".to_owned()),
        patience => Ok(patience),
    }
}
