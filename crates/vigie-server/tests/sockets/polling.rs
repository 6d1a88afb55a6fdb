//! HTTP long-polling by hand: several packets in one breath, and transports that break half-way.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::World;

/// Between two packets of one payload.
const SEPARATOR: &str = "\u{1e}";

/// A session of engine.io over polling.
pub(crate) struct Polling {
    address: std::net::SocketAddr,
    sid: String,
}

impl Polling {
    pub(crate) async fn open(world: &World) -> Self {
        let address = world.address();
        let answer = exchange(address, "GET", "", "").await;
        let handshake: Value = serde_json::from_str(&answer[1..]).unwrap();
        let sid = handshake["sid"].as_str().unwrap().to_owned();
        Self { address, sid }
    }

    /// Sends packets in one request.
    pub(crate) async fn send(&self, packets: &[String]) {
        let query = format!("&sid={}", self.sid);
        let answer = exchange(self.address, "POST", &query, &packets.join(SEPARATOR)).await;
        assert_eq!(answer, "ok");
    }

    /// Sends a payload as it is; the whole answer.
    pub(crate) async fn post(&self, payload: &str, length: usize) -> String {
        let query = format!("&sid={}", self.sid);
        let request = request("POST", &query, payload, length);
        answer(self.address, &request).await
    }

    /// The packets that wait.
    pub(crate) async fn receive(&self) -> Vec<String> {
        let query = format!("&sid={}", self.sid);
        let answer = exchange(self.address, "GET", &query, "").await;
        answer.split(SEPARATOR).map(str::to_owned).collect()
    }
}

/// One request; the body of its answer.
async fn exchange(address: std::net::SocketAddr, method: &str, query: &str, body: &str) -> String {
    let answer = answer(address, &request(method, query, body, body.len())).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

fn request(method: &str, query: &str, body: &str, length: usize) -> String {
    format!(
        "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nhost: test\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

async fn answer(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
