//! `vigie serve`: runs the server until it is told to stop.
//!
//! Standard output gets one line when clients may connect, and in development mode how to try it; log lines go to standard error.

use std::io;
use std::net::SocketAddr;

use vigie_server::config::{self, Keys};

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
    runtime.block_on(vigie_server::serve(config, announce))?;
    Ok(())
}

fn trial(address: SocketAddr, token: &str) -> String {
    format!(
        "development mode, loopback only; a token for the user dev, good for a day:\n{token}\ntry it:\ncurl -H 'Authorization: Bearer {token}' http://{address}/api/conversations"
    )
}
