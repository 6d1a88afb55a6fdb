//! Connections that find no place are told so before they are closed.
//!
//! Whoever is refused is given a moment to read why: closing at once, with a request unread, would turn the answer into a reset.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::limits::Limit;

/// Connections that are being refused at the same time; beyond, they are closed without a word.
const AT_ONCE: usize = 32;

/// How long somebody who was refused may take to read why.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who is being refused.
#[derive(Debug)]
pub(super) struct Refusals(Arc<Semaphore>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Refusals {
    /// Tells a client that it cannot come in, and closes.
    pub(super) fn refuse(&self, mut stream: TcpStream, limit: Limit) {
        let Ok(permit) = Arc::clone(&self.0).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            // A client that does not wait for its answer needs none.
            let told = tokio::time::timeout(PATIENCE, tell(&mut stream, limit)).await;
            tracing::trace!(?told, "a connection was refused");
            drop(permit);
        });
    }
}

async fn tell(stream: &mut TcpStream, limit: Limit) -> std::io::Result<()> {
    stream.write_all(answer(limit).as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 512];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

fn answer(limit: Limit) -> String {
    let (status, detail, code) = if limit == Limit::ConnectionsPerAddress {
        (
            "429 Too Many Requests",
            "Too many connections are open from this address.",
            "TOO_MANY_FROM_ADDRESS",
        )
    } else {
        (
            "503 Service Unavailable",
            "Too many connections are open; try again in a moment.",
            "TOO_MANY_CONNECTIONS",
        )
    };
    let (number, title) = status.split_once(' ').unwrap_or((status, ""));
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{number},"detail":"{detail}","code":"{code}"}}"#
    );
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nretry-after: 2\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
