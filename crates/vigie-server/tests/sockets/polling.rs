//! HTTP long-polling by hand: several packets in one breath, and transports that break half-way.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{SOON, World};

/// Between two packets of one payload.
const SEPARATOR: &str = "\u{1e}";

/// A session of engine.io over polling.
pub(crate) struct Polling {
    address: std::net::SocketAddr,
    generation: u8,
    sid: String,
}

/// A request that waits for its answer, with nobody to read it once this is dropped.
pub(crate) struct Waiting(#[expect(dead_code, reason = "held for its end")] TcpStream);

impl Polling {
    /// As today's clients speak it.
    pub(crate) async fn open(world: &World) -> Self {
        Self::handshake(world, 4, "").await
    }

    /// As clients of version 2 speak it, whose credential is in the query.
    pub(crate) async fn open_old(world: &World, token: &str) -> Self {
        Self::handshake(world, 3, &format!("&token={token}")).await
    }

    async fn handshake(world: &World, generation: u8, query: &str) -> Self {
        let mut session = Self {
            address: world.address(),
            generation,
            sid: String::new(),
        };
        let request = request("GET", &(path(generation, "polling") + query), "", 0);
        let answer = body(&answer(session.address, &request).await);
        let from = answer.find('{').unwrap();
        let mut values = serde_json::Deserializer::from_str(&answer[from..]).into_iter();
        let handshake: Value = values.next().unwrap().unwrap();
        session.sid = handshake["sid"].as_str().unwrap().to_owned();
        session
    }

    /// Where this session is found by a transport.
    pub(crate) fn path(&self, transport: &str) -> String {
        path(self.generation, transport) + "&sid=" + &self.sid
    }

    fn request(&self, method: &str, body: &str, length: usize) -> String {
        request(method, &self.path("polling"), body, length)
    }

    /// Sends packets in one request.
    pub(crate) async fn send(&self, packets: &[String]) {
        let payload = packets.join(SEPARATOR);
        let answer = self.post(&payload, payload.len()).await;
        assert_eq!(body(&answer), "ok");
    }

    /// Sends a payload as it is; the whole answer.
    pub(crate) async fn post(&self, payload: &str, length: usize) -> String {
        answer(self.address, &self.request("POST", payload, length)).await
    }

    /// The packets that wait; those of an old session have their lengths before them, and are not told apart.
    pub(crate) async fn receive(&self) -> Vec<String> {
        let answer = answer(self.address, &self.request("GET", "", 0)).await;
        body(&answer).split(SEPARATOR).map(str::to_owned).collect()
    }

    /// Takes packets up to one that holds this text.
    pub(crate) async fn receive_until(&self, text: &str) -> Vec<String> {
        let mut packets: Vec<String> = Vec::new();
        let all = async {
            while !packets.iter().any(|packet| packet.contains(text)) {
                packets.extend(self.receive().await);
            }
        };
        tokio::time::timeout(SOON, all).await.unwrap();
        packets
    }

    /// Asks for the packets that come next, without waiting for them.
    pub(crate) async fn wait(&self) -> Waiting {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = self.request("GET", "", 0);
        stream.write_all(request.as_bytes()).await.unwrap();
        Waiting(stream)
    }
}

fn path(generation: u8, transport: &str) -> String {
    format!("/socket.io/?EIO={generation}&transport={transport}")
}

fn request(method: &str, path: &str, body: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// What comes after the head of an answer.
fn body(answer: &str) -> String {
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

async fn answer(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
