//! `vigie serve`: runs the server until it is told to stop.
//!
//! Standard output gets one line when clients may connect, and in development mode how to try it; log lines go to standard error.

use std::net::SocketAddr;

use tokio::signal::unix::{Signal, SignalKind, signal};
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
    let shows_demo = config.shows_demo();
    let announce = move |address: SocketAddr| {
        let mut text = format!("listening on http://{address}");
        if let Some(token) = &trial_token {
            text.push_str(&trial(address, token));
            if shows_demo {
                text.push_str(&demo(address, token));
            }
        }
        // A server outlives whoever started it and read along.
        if let Err(error) = output::data(&text) {
            tracing::warn!(%error, "standard output is closed");
        }
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(run_server(config, announce))
}

/// Serves from the first connection to the last flush.
async fn run_server(config: Config, announce: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    // Listen for signals first: one that comes during the start must still stop it cleanly.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let opening = vigie_server::listen(config).await?.open();
    let server = tokio::select! {
        opened = opening => opened?,
        () = told_to_stop(&mut terminate, &mut interrupt) => {
            tracing::info!("stopped while waiting for the store");
            return Ok(());
        }
    };
    announce(server.address());
    if let Some(address) = server.ops_address() {
        tracing::info!(%address, "maintenance, metrics and probes are served here");
    }
    tokio::select! {
        () = told_to_stop(&mut terminate, &mut interrupt) => {
            tracing::info!("stopping: everyone is persisted, clients come back to the next start");
        }
        // The one reason for which a server ends by itself.
        () = server.superseded() => {}
    }
    server.stop().await?;
    Ok(())
}

async fn told_to_stop(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn trial(address: SocketAddr, token: &str) -> String {
    format!(
        "\ndevelopment mode, loopback only; a token for the user dev, good for a day:\n{token}\ntry it:\ncurl -H 'Authorization: Bearer {token}' http://{address}/api/conversations"
    )
}

fn demo(address: SocketAddr, token: &str) -> String {
    let path = vigie_server::DEMO_PATH;
    format!("\nor look at the demo:\nhttp://{address}{path}#token={token}")
}
