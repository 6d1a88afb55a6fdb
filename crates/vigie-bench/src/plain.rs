//! Links without Socket.IO, each opened by hand on a TCP connection of its own, so that what came by it is known to the byte.
//!
//! In: a path, and a credential. Out: the text of the first snapshot, without head and framing.

use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::people::PATIENCE;

/// Read at once; a large snapshot comes in a few of them.
const CHUNK: usize = 64 * 1024;

/// The end of an HTTP head, and what ends a server-sent event.
const HEAD_END: &[u8] = b"\r\n\r\n";
const EVENT_END: &[u8] = b"\n\n";

/// A frame's first byte when it holds a whole text message (RFC 6455, section 5.2).
const TEXT: u8 = 0x81;

/// What a WebSocket's handshake says; any sixteen bytes are a key.
const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A way to be told without Socket.IO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Changes,
    Events,
    WebSocket,
}

impl Link {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Changes => "`/v1/changes`",
            Self::Events => "`/v1/events`",
            Self::WebSocket => "`/v1/ws`",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Changes => "/v1/changes",
            Self::Events => "/v1/events",
            Self::WebSocket => "/v1/ws",
        }
    }

    /// Opens a link, takes its snapshot as text, and hangs up.
    ///
    /// # Errors
    /// When the server refuses, or nothing comes.
    pub(crate) async fn snapshot(
        self,
        url: &str,
        token: &str,
        since: Option<&str>,
    ) -> anyhow::Result<String> {
        let since = since.map_or_else(String::new, |since| format!("?since={since}"));
        let path = format!("{}{since}", self.path());
        let headers = match self {
            Self::Changes => "Connection: close\r\n",
            Self::Events => "",
            Self::WebSocket => HANDSHAKE,
        };
        let headers = format!("Authorization: Bearer {token}\r\n{headers}");
        ask(url, &path, &headers, |body, is_over| match self {
            Self::Changes => is_over.then(|| body.to_vec()),
            Self::Events => event(body),
            Self::WebSocket => message(body),
        })
        .await
    }
}

/// One GET on a connection of its own.
///
/// # Errors
/// When the server refuses, or nothing comes.
pub(crate) async fn fetch_alone(url: &str, path: &str) -> anyhow::Result<String> {
    let whole = |body: &[u8], is_over: bool| is_over.then(|| body.to_vec());
    ask(url, path, "Connection: close\r\n", whole).await
}

/// Reads until `find` sees what it looks for in what follows the head.
async fn ask(
    url: &str,
    path: &str,
    headers: &str,
    find: impl Fn(&[u8], bool) -> Option<Vec<u8>>,
) -> anyhow::Result<String> {
    let found = tokio::time::timeout(PATIENCE, exchange(url, path, headers, find));
    let found = found.await.with_context(|| late(path, PATIENCE))??;
    String::from_utf8(found).context("an answer that is no text")
}

async fn exchange(
    url: &str,
    path: &str,
    headers: &str,
    find: impl Fn(&[u8], bool) -> Option<Vec<u8>>,
) -> anyhow::Result<Vec<u8>> {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(CHUNK);
    loop {
        answer.reserve(CHUNK);
        let is_over = stream.read_buf(&mut answer).await? == 0;
        if let Some(head) = position(&answer, HEAD_END) {
            anyhow::ensure!(
                answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.1 101"),
                "refused: {}",
                String::from_utf8_lossy(&answer)
            );
            if let Some(found) = find(&answer[head + HEAD_END.len()..], is_over) {
                return Ok(found);
            }
        }
        anyhow::ensure!(!is_over, "{path} ended before its snapshot");
    }
}

/// The data of the first `snapshot`; each event is a chunk of its own, so nothing stands in between.
fn event(body: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"event: snapshot\n";
    const DATA: &[u8] = b"data: ";
    let named = &body[position(body, NAME)?..];
    let data = &named[position(named, DATA)? + DATA.len()..];
    Some(data[..position(data, EVENT_END)?].to_vec())
}

/// The first text message; the server's frames are not masked.
fn message(body: &[u8]) -> Option<Vec<u8>> {
    let (&[first, short], rest) = body.split_first_chunk::<2>()?;
    if first != TEXT {
        return None;
    }
    let (length, rest) = match short {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*length), rest)
        }
        short => (u64::from(short), rest),
    };
    Some(rest.get(..usize::try_from(length).ok()?)?.to_vec())
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|found| found == wanted)
}

fn late(path: &str, within: Duration) -> String {
    format!("{path} brought nothing within {within:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_once_it_is_whole() {
        let stream = b"8\r\nretry: 1\n\n\r\n30\r\nid: a\nevent: snapshot\ndata: {\"users\":[]}\n\n";
        assert_eq!(event(stream), Some(b"{\"users\":[]}".to_vec()));
        assert_eq!(event(&stream[..stream.len() - 1]), None);
    }

    #[test]
    fn a_message_is_found_once_it_is_whole() {
        assert_eq!(message(b"\x81\x02{}\x89"), Some(b"{}".to_vec()));
        assert_eq!(message(b"\x81\x02{"), None);
        let long = [b"\x81\x7e\x01\x00".as_slice(), &[b'x'; 256]].concat();
        assert_eq!(message(&long), Some(vec![b'x'; 256]));
        assert_eq!(message(&long[..100]), None);
    }
}
