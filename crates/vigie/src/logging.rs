//! Log lines to standard error: for people by default, as JSON for collectors, coloured on a terminal only.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use vigie_server::config::{self, LogFormat, Sources};

use crate::cli::Usage;

/// Starts logging as the settings say.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Usage(format!("log_filter = {filter} is not a filter ({error}): write a level, or directives such as info,vigie_server=debug"))
    })?;
    let wants_colour = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(wants_colour);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Starts logging for a command that reads no other settings of the server.
///
/// # Errors
/// When a variable about logging cannot be read.
pub(crate) fn start_from_environment() -> anyhow::Result<()> {
    let (format, filter) = config::logging(&Sources::of_process(Vec::new(), None))?;
    start(format, &filter)
}
