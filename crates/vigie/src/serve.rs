//! `vigie serve`: runs the server until it is told to stop.
//!
//! Standard output gets one line when clients may connect, and in development mode how to try it; log lines go to standard error.

use std::io;
use std::net::SocketAddr;

use vigie_server::config::{self, Config, Keys};

use crate::cli::ServeArgs;
use crate::{logging, output, token};

pub(crate) fn run(args: ServeArgs) -> anyhow::Result<()> {
    let loaded = config::load(&args.settings.into_sources())?;
    logging::start(loaded.config.log_format, &loaded.config.log_filter)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let config = loaded.config;
    let keys = Keys::open(&config)?;
    let trial_token = config
        .is_development()
        .then(|| token::for_development(&keys.jwt_secret))
        .transpose()?;
    let announce = move |address: SocketAddr| -> io::Result<()> {
        output::data(&format!("listening on http://{address}"))?;
        match &trial_token {
            Some(token) => output::data(&trial(address, token)),
            None => Ok(()),
        }
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(run_server(config, announce))
}

/// The seam to `vigie_server::serve(config, announce)`, which is called here as soon as it exists.
async fn run_server(
    config: Config,
    _announce: impl FnOnce(SocketAddr) -> io::Result<()>,
) -> anyhow::Result<()> {
    anyhow::bail!("this build cannot serve {} yet", config.listen)
}

fn trial(address: SocketAddr, token: &str) -> String {
    format!(
        "development mode, loopback only; a token for the user dev, good for a day:\n{token}\ntry it:\ncurl -H 'Authorization: Bearer {token}' http://{address}/api/conversations"
    )
}
