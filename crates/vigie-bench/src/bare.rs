//! The least that an HTTP server of this kind does: one axum route that answers nothing to everybody.
//!
//! It runs in a process of its own, with the runtime, the listener and the client that the measured server gets.

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::output;

/// Where it is.
pub(crate) const PATH: &str = "/bare";

/// Serves until the process is ended.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("no free port")?;
    let address = listener.local_addr()?;
    let routes = Router::new().route(PATH, get(async || ""));
    output::data(&format!("listening on http://{address}"))?;
    axum::serve(listener, routes).await?;
    Ok(())
}
