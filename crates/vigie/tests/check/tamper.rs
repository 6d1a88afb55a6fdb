//! A proxy that makes a right server wrong: it rewrites answers and drops Socket.IO frames.
//!
//! In: connections meant for the server. Out: the same, but for what the [`Wrong`] changes.
//! Every request gets a connection to the server of its own, so that an answer ends where its connection does.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Socket.IO's DISCONNECT packet, as a client's frame under an empty mask.
const GOODBYE: [u8; 8] = [0x81, 0x82, 0, 0, 0, 0, b'4', b'1'];

/// What is wrong with the server behind the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    /// `/status-metrics` answers what it answered first.
    FrozenCounters,
    /// `/metrics` does.
    FrozenMetrics,
    /// `/stats` does.
    FrozenStatistics,
    /// `presence:snapshot` is lost.
    NoSnapshot,
    /// `user:status` with `isOnline: false` is lost.
    OfflineNeverAnnounced,
    /// Who is refused is told to be welcome.
    ForgeriesAccepted,
    /// A lost connection says goodbye on behalf of its client.
    GoodbyeForLoss,
}

impl Wrong {
    fn freezes(self, path: &str) -> bool {
        match self {
            Self::FrozenCounters => path.ends_with("/status-metrics"),
            Self::FrozenMetrics => path == "/metrics",
            Self::FrozenStatistics => path.ends_with("/stats"),
            Self::Nothing
            | Self::NoSnapshot
            | Self::OfflineNeverAnnounced
            | Self::ForgeriesAccepted
            | Self::GoodbyeForLoss => false,
        }
    }

    /// Whether a message to a client is lost.
    fn swallows(self, message: &[u8]) -> bool {
        let has = |part: &str| message.windows(part.len()).any(|at| at == part.as_bytes());
        match self {
            Self::NoSnapshot => message.starts_with(b"42[\"presence:snapshot\""),
            Self::OfflineNeverAnnounced => {
                message.starts_with(b"42[\"user:status\"") && has("\"isOnline\":false")
            }
            Self::Nothing
            | Self::FrozenCounters
            | Self::FrozenMetrics
            | Self::FrozenStatistics
            | Self::ForgeriesAccepted
            | Self::GoodbyeForLoss => false,
        }
    }
}

/// A listening proxy; its threads end with the connections.
pub(crate) struct Tamper {
    pub(crate) url: String,
}

impl Tamper {
    pub(crate) fn before(server: &str, wrong: Wrong) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let desk = Arc::new(Desk {
            server,
            wrong,
            frozen: Mutex::default(),
        });
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let desk = Arc::clone(&desk);
                // A client that hangs up is nothing to report.
                std::thread::spawn(move || client.and_then(|client| desk.serve(client)));
            }
        });
        Self { url }
    }
}

struct Desk {
    server: String,
    wrong: Wrong,
    /// First answers, by path.
    frozen: Mutex<HashMap<String, Vec<u8>>>,
}

impl Desk {
    /// Serves one request; its answer ends the connection.
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let Some(request) = Message::read(&mut client)? else {
            return Ok(());
        };
        let mut server = TcpStream::connect(&self.server)?;
        let head = request.head.to_ascii_lowercase();
        if head.contains("upgrade: websocket") {
            server.write_all(&request.bytes())?;
            return self.pass_frames(client, server);
        }
        server.write_all(&request.without_keep_alive().bytes())?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        client.write_all(&self.tampered(&request, answer))
    }

    fn tampered(&self, request: &Message, answer: Vec<u8>) -> Vec<u8> {
        let path = request.path();
        let is_served = answer.starts_with(b"HTTP/1.1 200");
        if is_served && self.wrong.freezes(path) {
            let mut frozen = self.frozen.lock().unwrap();
            return frozen.entry(path.to_owned()).or_insert(answer).clone();
        }
        if self.wrong == Wrong::ForgeriesAccepted
            && path == "/api/conversations"
            && answer.starts_with(b"HTTP/1.1 401")
        {
            return b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}".to_vec();
        }
        answer
    }

    fn pass_frames(&self, mut client: TcpStream, mut server: TcpStream) -> io::Result<()> {
        let (mut upward, mut to_server) = (client.try_clone()?, server.try_clone()?);
        let says_goodbye = self.wrong == Wrong::GoodbyeForLoss;
        std::thread::spawn(move || {
            let end = io::copy(&mut upward, &mut to_server);
            if says_goodbye {
                let _gone = to_server.write_all(&GOODBYE);
            }
            // A reset stays a loss without a goodbye: a close is all that TCP can say here.
            let _gone = to_server.shutdown(std::net::Shutdown::Both);
            end
        });
        let Some(switch) = Message::read(&mut server)? else {
            return Ok(());
        };
        client.write_all(&switch.bytes())?;
        while let Some(frame) = Frame::read(&mut server)? {
            if !self.wrong.swallows(&frame.payload) {
                client.write_all(&frame.bytes)?;
            }
        }
        client.shutdown(std::net::Shutdown::Both)
    }
}

/// A request, or the head of an answer.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    /// `None` at the end of the connection.
    fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte)? == 0 {
                return Ok(None);
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let length = head.to_ascii_lowercase();
        let length = length
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or_default()];
        stream.read_exact(&mut body)?;
        Ok(Some(Self { head, body }))
    }

    fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    fn without_keep_alive(&self) -> Self {
        let (line, headers) = self.head.split_once("\r\n").unwrap();
        Self {
            head: format!("{line}\r\nconnection: close\r\n{headers}"),
            body: self.body.clone(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }
}

/// A WebSocket frame of the server, which is never masked (RFC 6455, 5.1).
struct Frame {
    bytes: Vec<u8>,
    payload: Vec<u8>,
}

impl Frame {
    /// `None` at the end of the connection.
    fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = vec![0; 2];
        if let Err(error) = stream.read_exact(&mut bytes) {
            let is_end = error.kind() == io::ErrorKind::UnexpectedEof;
            return if is_end { Ok(None) } else { Err(error) };
        }
        let more = match bytes[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mut extended = vec![0; more];
        stream.read_exact(&mut extended)?;
        bytes.extend(&extended);
        let length = match more {
            0 => usize::from(bytes[1] & 0x7f),
            _ => extended
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload)?;
        bytes.extend(&payload);
        Ok(Some(Self { bytes, payload }))
    }
}
