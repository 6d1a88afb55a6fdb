//! The least that an HTTP server of this kind does: one axum route that answers nothing to everybody, and one that answers so many bytes.
//!
//! It runs in a process of its own, with the runtime, the listener and the client that the measured server gets.

use anyhow::Context;
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::output;

/// Where it is.
pub(crate) const PATH: &str = "/bare";

/// Where as many bytes are to be had as the last part of the path says.
pub(crate) fn path_of(bytes: usize) -> String {
    format!("{PATH}/{bytes}")
}

/// Serves until the process is ended.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("no free port")?;
    let address = listener.local_addr()?;
    let routes = Router::new().route(PATH, get(async || "")).route(
        &format!("{PATH}/{{bytes}}"),
        get(async |Path(bytes): Path<usize>| "x".repeat(bytes)),
    );
    output::data(&format!("listening on http://{address}"))?;
    axum::serve(listener, routes).await?;
    Ok(())
}
