//! One client on any of the four transports: what it was told, what it believes, and where it stands.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use vigie_client::{Http, Method, Socket};

use crate::world::{SOON, World, token};

/// The ways to follow changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    SocketIo,
    Events,
    WebSocket,
    Changes,
}

impl Transport {
    pub(crate) const ALL: [Self; 4] =
        [Self::SocketIo, Self::Events, Self::WebSocket, Self::Changes];
}

enum Wire {
    SocketIo(Box<Socket>),
    Events(EventStream),
    WebSocket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    /// The first answer, until it was read, and where later questions go.
    Changes {
        asks: Http,
        first: Option<Value>,
    },
}

/// One client and its view.
pub(crate) struct Follower {
    wire: Wire,
    /// Whose links these are: this person comes and goes with them, and is left out of the view.
    who: String,
    /// Whom it believes to be online or not, with the latest change that it knows of.
    pub(crate) view: BTreeMap<String, (bool, u64)>,
    pub(crate) cursor: Option<String>,
    /// Everybody it was told of since it connected, in order.
    pub(crate) told: Vec<String>,
    /// Every message with its plain name, in order.
    pub(crate) log: Vec<(String, Value)>,
    /// Whole snapshots it was given since it connected.
    pub(crate) wholes: usize,
    /// What the last message said about the end.
    pub(crate) end: Option<Value>,
}

/// What a client keeps when its link is gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(crate) view: BTreeMap<String, (bool, u64)>,
    pub(crate) cursor: Option<String>,
}

impl Follower {
    /// Connects as somebody, with what the client kept.
    pub(crate) async fn open(world: &World, transport: Transport, who: &str, kept: Kept) -> Self {
        let since = kept.cursor.as_deref();
        let wire = match transport {
            Transport::SocketIo => {
                let auth = json!({"token": token(who), "since": since, "cursor": true});
                Wire::SocketIo(Box::new(world.open(auth).await))
            }
            Transport::Events => {
                let last = since.map(|since| format!("Last-Event-ID: {since}\r\n"));
                let headers = format!(
                    "Authorization: Bearer {}\r\n{}",
                    token(who),
                    last.unwrap_or_default()
                );
                Wire::Events(EventStream::open(world, "/v1/events", &headers).await)
            }
            Transport::WebSocket => {
                let query = since.map(|since| format!("?since={since}"));
                let url = format!(
                    "ws://{}/v1/ws{}",
                    world.address(),
                    query.unwrap_or_default()
                );
                let mut request = url.into_client_request().unwrap();
                let bearer = format!("Bearer {}", token(who)).parse().unwrap();
                request.headers_mut().insert("authorization", bearer);
                Wire::WebSocket(Box::new(connect_async(request).await.unwrap().0))
            }
            Transport::Changes => {
                let bearer = format!("Bearer {}", token(who));
                let asks = Http::new(world.url()).header("authorization", bearer);
                let first = Some(ask(&asks, since, 0).await);
                Wire::Changes { asks, first }
            }
        };
        let mut follower = Self {
            wire,
            who: who.to_owned(),
            view: kept.view,
            cursor: kept.cursor,
            told: Vec::new(),
            log: Vec::new(),
            wholes: 0,
            end: None,
        };
        // The first thing that everybody is given.
        let deadline = Instant::now() + SOON;
        while follower.next(deadline).await != Some("snapshot".to_owned()) {
            assert!(
                Instant::now() < deadline,
                "no snapshot came by {transport:?}"
            );
        }
        follower
    }

    /// A client that knows nothing yet.
    pub(crate) async fn fresh(world: &World, transport: Transport, who: &str) -> Self {
        Self::open(world, transport, who, Kept::default()).await
    }

    /// Goes without a goodbye.
    pub(crate) fn drop_link(self) -> Kept {
        Kept {
            view: self.view,
            cursor: self.cursor,
        }
    }

    /// Takes one message; its plain name, or `None` when none came in time or the link is over.
    pub(crate) async fn next(&mut self, deadline: Instant) -> Option<String> {
        let (name, payload) = match &mut self.wire {
            Wire::SocketIo(socket) => {
                let event = timeout_at(deadline, socket.recv()).await.ok()?.ok()?;
                (plain(&event.name).to_owned(), event.payload().clone())
            }
            Wire::Events(events) => timeout_at(deadline, events.next()).await.ok()??,
            Wire::WebSocket(socket) => loop {
                let message = timeout_at(deadline, socket.next()).await.ok()??;
                if let Message::Text(text) = message.ok()? {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    let name = message["event"].as_str().unwrap().to_owned();
                    break (name, message["data"].clone());
                }
            },
            Wire::Changes { asks, first } => {
                let answer = match first.take() {
                    Some(answer) => answer,
                    None => {
                        let asked = ask(asks, self.cursor.as_deref(), 2);
                        timeout_at(deadline, asked).await.ok()?
                    }
                };
                ("snapshot".to_owned(), answer)
            }
        };
        self.take(&name, &payload);
        self.log.push((name.clone(), payload));
        Some(name)
    }

    fn take(&mut self, name: &str, payload: &Value) {
        match name {
            "snapshot" => {
                if payload["partial"] != true {
                    self.view.clear();
                    self.wholes += 1;
                }
                let mut once = std::collections::BTreeSet::new();
                for person in payload["users"].as_array().unwrap() {
                    assert!(payload["partial"] == true || person["userId"] != self.who);
                    assert!(once.insert(person["userId"].to_string()), "{payload}");
                    self.learn(person);
                }
                self.cursor = Some(payload["cursor"].as_str().unwrap().to_owned());
            }
            "status" => self.learn(payload),
            "cursor" => self.cursor = Some(payload["cursor"].as_str().unwrap().to_owned()),
            "end" => self.end = Some(payload.clone()),
            _ => {}
        }
    }

    fn learn(&mut self, person: &Value) {
        let id = person["userId"].as_str().unwrap().to_owned();
        if id == self.who {
            return;
        }
        self.told.push(id.clone());
        match person["seq"].as_u64() {
            Some(seq) => {
                let is_online = person["isOnline"].as_bool().unwrap();
                let before = self.view.insert(id.clone(), (is_online, seq));
                let goes_back = before.is_some_and(|(_, before)| before > seq);
                assert!(!goes_back, "{id} was told {seq} after {before:?}");
            }
            // Somebody unknown.
            None => drop(self.view.remove(&id)),
        }
    }

    /// Follows until everybody is believed to be as expected, and a cursor of that is held.
    pub(crate) async fn until(&mut self, expected: &[(&str, bool)]) {
        let deadline = Instant::now() + SOON;
        let is_right = |view: &BTreeMap<String, (bool, u64)>| {
            expected
                .iter()
                .all(|(id, online)| view.get(*id).map(|(is, _)| is) == Some(online))
        };
        let mut has_cursor = is_right(&self.view);
        while !(is_right(&self.view) && has_cursor) {
            let name = self.next(deadline).await;
            let name = name.unwrap_or_else(|| panic!("believes {:?}, not {expected:?}", self.view));
            has_cursor = is_right(&self.view) && name != "status";
        }
    }

    /// Says something on a WebSocket.
    pub(crate) async fn say(&mut self, message: Value) {
        let Wire::WebSocket(socket) = &mut self.wire else {
            panic!("only a WebSocket takes messages here");
        };
        let message = Message::text(message.to_string());
        socket.send(message).await.unwrap();
    }

    /// Sends an event on Socket.IO.
    pub(crate) fn emit(&self, name: &str, payload: Value) {
        let Wire::SocketIo(socket) = &self.wire else {
            panic!("only Socket.IO takes events here");
        };
        socket.emit(name, Some(payload));
    }
}

async fn ask(asks: &Http, since: Option<&str>, wait: u64) -> Value {
    let since = since.map(|since| format!("&since={since}"));
    let path = format!("/v1/changes?wait={wait}{}", since.unwrap_or_default());
    let reply = asks.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn plain(name: &str) -> &str {
    match name {
        "presence:snapshot" => "snapshot",
        "user:status" => "status",
        "presence:cursor" => "cursor",
        "auth:session-revoked" | "auth:token-expired" => "end",
        other => other,
    }
}

/// Server-sent events, read as they come.
pub(crate) struct EventStream {
    stream: TcpStream,
    head: String,
    text: String,
}

impl EventStream {
    /// Asks with these headers; what is left of the answer is events, for HTTP/1.0 knows no chunks.
    pub(crate) async fn open(world: &World, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nHost: test\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut events = Self {
            stream,
            head: String::new(),
            text: String::new(),
        };
        let head = tokio::time::timeout(SOON, events.until("\r\n\r\n")).await;
        events.head = head.unwrap().unwrap();
        events
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// What comes before the mark; `None` at the end.
    async fn until(&mut self, mark: &str) -> Option<String> {
        loop {
            if let Some((before, after)) = self.text.split_once(mark) {
                let before = before.to_owned();
                self.text = after.to_owned();
                return Some(before);
            }
            let mut bytes = [0; 4_096];
            let length = self.stream.read(&mut bytes).await.ok()?;
            if length == 0 {
                return None;
            }
            // Names and ids of these tests are ASCII.
            self.text += std::str::from_utf8(&bytes[..length]).unwrap();
        }
    }

    /// The next event; one that carries a cursor has it as its id, too.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            let block = self.until("\n\n").await?;
            let field = |name: &str| {
                let prefix = format!("{name}: ");
                let mut lines = block.lines();
                lines.find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
            };
            let (Some(name), Some(data)) = (field("event"), field("data")) else {
                continue;
            };
            let data: Value = serde_json::from_str(&data).unwrap();
            assert_eq!(field("id").as_deref(), data["cursor"].as_str(), "{block}");
            return Some((name, data));
        }
    }
}

/// Short enough for a test to wait for.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(300);
