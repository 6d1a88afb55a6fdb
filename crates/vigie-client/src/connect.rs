//! From a URL and credentials to an open [`Socket`].
//!
//! In: address, auth payload, extra headers and query. Out: a socket whose namespace has
//! answered, or the [`ConnectError`] that tells at which step it failed.
//! The whole attempt is bounded by one timeout.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::codec::{self, EngineFrame, Handshake, Packet};
use crate::link::Link;
use crate::socket::{self, Socket};

/// An attempt may take this long unless [`Connect::timeout`] says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Read buffer of one connection, in bytes. Small, because it is allocated eagerly and a
/// process holds hundreds of connections that mostly idle.
const READ_BUFFER: usize = 8 * 1024;

/// A connection to be: set what it needs, then [`Connect::open`] it.
#[derive(Debug, Clone)]
pub struct Connect {
    url: String,
    auth: Option<Value>,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    timeout: Duration,
    heard: Option<HashSet<String>>,
}

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is not `http://` or `ws://` with a host, or it cannot carry the query.
    #[error("not a usable URL: {0}")]
    Url(String),
    /// A header's name or value is not allowed in HTTP.
    #[error("not a usable header: {0}")]
    Header(String),
    /// No TCP connection.
    #[error("cannot reach {address}")]
    Tcp {
        /// Host and port that were tried.
        address: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The server answered the upgrade with something else than 101.
    #[error("the server refused the upgrade with HTTP status {status}: {body}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The start of the body, as text.
        body: String,
    },
    /// The WebSocket broke before the namespace answered.
    #[error("the WebSocket failed")]
    WebSocket(#[source] Box<tungstenite::Error>),
    /// The server ended the transport before the namespace answered.
    #[error("closed before the namespace answered")]
    Closed,
    /// The server broke the protocol.
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
    /// The namespace refused us with a CONNECT_ERROR packet; its payload.
    #[error("the namespace refused the connection: {0}")]
    Refused(Value),
    /// No answer within the timeout.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

impl Connect {
    /// A connection to `url`: `http://host:port` (or `ws://`), with a path when Socket.IO is not
    /// mounted at `/socket.io/`.
    #[must_use]
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            auth: None,
            headers: Vec::new(),
            query: Vec::new(),
            timeout: CONNECT_TIMEOUT,
            heard: None,
        }
    }

    /// The auth payload of the CONNECT packet; none by default.
    #[must_use]
    pub fn auth(mut self, auth: Value) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Adds a header to the upgrade request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a query parameter to the upgrade request; it is percent-encoded here.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Bounds the whole attempt (10 s by default).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Keeps only these events; all others are dropped unparsed.
    /// For a crowd of connections of which only a few are listened to.
    #[must_use]
    pub fn listen_only<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.heard = Some(names.into_iter().map(str::to_owned).collect());
        self
    }

    /// Connects, upgrades, joins the main namespace, and waits for its answer.
    ///
    /// # Errors
    /// [`ConnectError`], by the step that failed.
    pub async fn open(self) -> Result<Socket, ConnectError> {
        let timeout = self.timeout;
        tokio::time::timeout(timeout, Box::pin(self.attempt()))
            .await
            .unwrap_or(Err(ConnectError::Timeout(timeout)))
    }

    async fn attempt(self) -> Result<Socket, ConnectError> {
        let target = Target::of(&self.url, &self.query)?;
        let mut web_socket = upgrade(&target, &self.headers).await?;
        let handshake = read_handshake(&mut web_socket).await?;
        let hello = codec::encode_connect(self.auth.as_ref());
        web_socket
            .send(Message::text(hello))
            .await
            .map_err(web_socket_error)?;
        let (id, early) = read_answer(&mut web_socket).await?;
        Ok(socket::start(
            Link::new(web_socket, &handshake, self.heard),
            id,
            early,
        ))
    }
}

struct Target {
    address: String,
    request: Uri,
}

impl Target {
    fn of(url: &str, query: &[(String, String)]) -> Result<Self, ConnectError> {
        let bad = || ConnectError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| bad())?;
        if !matches!(uri.scheme_str(), Some("http" | "ws")) {
            return Err(bad());
        }
        let authority = uri.authority().ok_or_else(bad)?;
        let path = match uri.path() {
            "" | "/" => "/socket.io/",
            path => path,
        };
        let mut request = format!("ws://{authority}{path}?EIO=4&transport=websocket");
        for (name, value) in query {
            request.push('&');
            push_encoded(&mut request, name);
            request.push('=');
            push_encoded(&mut request, value);
        }
        Ok(Self {
            address: format!(
                "{}:{}",
                authority.host(),
                authority.port_u16().unwrap_or(80)
            ),
            request: request.parse().map_err(|_| bad())?,
        })
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn push_encoded(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
}

async fn upgrade(
    target: &Target,
    headers: &[(String, String)],
) -> Result<WebSocketStream<TcpStream>, ConnectError> {
    let mut request = (&target.request)
        .into_client_request()
        .map_err(web_socket_error)?;
    for (name, value) in headers {
        let bad = || ConnectError::Header(name.clone());
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let value = HeaderValue::from_str(value).map_err(|_| bad())?;
        request.headers_mut().append(key, value);
    }
    let no_tcp = |source| ConnectError::Tcp {
        address: target.address.clone(),
        source,
    };
    let stream = TcpStream::connect(&target.address).await.map_err(no_tcp)?;
    // Events are small and their delay is measured: never wait to fill a segment.
    stream.set_nodelay(true).map_err(no_tcp)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0);
    let (web_socket, _) =
        tokio_tungstenite::client_async_with_config(request, stream, Some(config))
            .await
            .map_err(web_socket_error)?;
    Ok(web_socket)
}

async fn read_handshake(
    web_socket: &mut WebSocketStream<TcpStream>,
) -> Result<Handshake, ConnectError> {
    let text = next_text(web_socket).await?;
    match codec::decode(&text) {
        Ok(EngineFrame::Open(handshake)) => Ok(handshake),
        Ok(EngineFrame::Close) => Err(ConnectError::Closed),
        Ok(EngineFrame::Ping(_) | EngineFrame::Message(_) | EngineFrame::Other) => {
            Err(ConnectError::Protocol("no handshake first".to_owned()))
        }
        Err(error) => Err(ConnectError::Protocol(error.to_string())),
    }
}

/// Waits for the namespace's answer: the socket's id, and the events that overtook it.
async fn read_answer(
    web_socket: &mut WebSocketStream<TcpStream>,
) -> Result<(String, Vec<String>), ConnectError> {
    let mut early = Vec::new();
    loop {
        let text = next_text(web_socket).await?;
        match codec::decode(&text) {
            Ok(EngineFrame::Message(Packet::Connect(answer))) => {
                let id = answer["sid"].as_str().unwrap_or_default().to_owned();
                return Ok((id, early));
            }
            Ok(EngineFrame::Message(Packet::ConnectError(payload))) => {
                return Err(ConnectError::Refused(payload));
            }
            Ok(EngineFrame::Message(Packet::Event { body })) => early.push(body.to_owned()),
            Ok(EngineFrame::Message(Packet::Disconnect) | EngineFrame::Close) => {
                return Err(ConnectError::Closed);
            }
            Ok(EngineFrame::Ping(text)) => web_socket
                .send(Message::text(codec::encode_pong(text)))
                .await
                .map_err(web_socket_error)?,
            Ok(
                EngineFrame::Message(Packet::Ack { .. })
                | EngineFrame::Open(_)
                | EngineFrame::Other,
            ) => {}
            Err(error) => return Err(ConnectError::Protocol(error.to_string())),
        }
    }
}

async fn next_text(web_socket: &mut WebSocketStream<TcpStream>) -> Result<String, ConnectError> {
    loop {
        match web_socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Binary(_))) => {
                return Err(ConnectError::Protocol("a binary frame".to_owned()));
            }
            Some(Ok(Message::Close(_))) | None => return Err(ConnectError::Closed),
            Some(Err(error)) => return Err(web_socket_error(error)),
        }
    }
}

fn web_socket_error(error: tungstenite::Error) -> ConnectError {
    if let tungstenite::Error::Http(response) = error {
        let body = response.body().as_deref().unwrap_or_default();
        return ConnectError::Status {
            status: response.status().as_u16(),
            body: String::from_utf8_lossy(body).chars().take(200).collect(),
        };
    }
    ConnectError::WebSocket(Box::new(error))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn urls_become_upgrade_requests() {
        let check = |url: &str, address: &str, request: &str| {
            let target = Target::of(url, &[("a b".to_owned(), "x&é".to_owned())]).unwrap();
            assert_eq!(target.address, address);
            assert_eq!(target.request.to_string(), request);
        };
        check(
            "http://127.0.0.1:3000",
            "127.0.0.1:3000",
            "ws://127.0.0.1:3000/socket.io/?EIO=4&transport=websocket&a%20b=x%26%C3%A9",
        );
        check(
            "ws://[::1]:80/chat/",
            "[::1]:80",
            "ws://[::1]:80/chat/?EIO=4&transport=websocket&a%20b=x%26%C3%A9",
        );
    }

    #[test]
    fn urls_without_host_or_with_tls_are_refused() {
        for url in ["", "localhost", "/x", "https://127.0.0.1", "wss://h/"] {
            assert!(
                matches!(Target::of(url, &[]), Err(ConnectError::Url(_))),
                "{url}"
            );
        }
    }
}
