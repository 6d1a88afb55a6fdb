//! A receiver of webhooks on a free port, which answers as a test tells it and remembers what it was sent.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::world::{SECRET, until};

/// How the receiver answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A status at once.
    Status(u16),
    /// 200 after a while.
    Slow(Duration),
    /// Never.
    Hang,
    /// A status with headers.
    With(u16, &'static [(&'static str, &'static str)]),
    /// 413 to more events than so many.
    AtMost(usize),
    /// 200 with a body without an end.
    Endless,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether it was answered by 2xx.
    pub(crate) taken: bool,
}

impl Delivery {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.json()["sequence"].as_u64().unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.json()["events"].as_array().unwrap().clone()
    }

    /// The cursor as the body has it.
    pub(crate) fn cursor(&self) -> String {
        self.json()["cursor"].as_str().unwrap().to_owned()
    }
}

#[derive(Debug)]
struct Inner {
    answer: Answer,
    /// Answers that come before `answer`, once each.
    first: Vec<Answer>,
    deliveries: Vec<Delivery>,
    open: usize,
    most_open: usize,
}

/// A receiver; gone with its last handle.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    server: Option<JoinHandle<()>>,
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        Self::answering(Answer::Status(200)).await
    }

    pub(crate) async fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Mutex::new(Inner {
            answer,
            first: Vec::new(),
            deliveries: Vec::new(),
            open: 0,
            most_open: 0,
        }));
        let mut receiver = Self {
            address,
            inner,
            server: None,
        };
        receiver.serve(listener);
        receiver
    }

    fn serve(&mut self, listener: TcpListener) {
        let routes = Router::new()
            .route("/hook", post(receive))
            .with_state(Arc::clone(&self.inner));
        self.server = Some(tokio::spawn(async move {
            axum::serve(listener, routes).await.unwrap();
        }));
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?key=1", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.inner.lock().answer = answer;
    }

    /// Answers so first, once each.
    pub(crate) fn answer_first(&self, answers: &[Answer]) {
        self.inner.lock().first = answers.to_vec();
    }

    /// Every request so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.inner.lock().deliveries.clone()
    }

    /// Those it took.
    pub(crate) fn taken(&self) -> Vec<Delivery> {
        let mut deliveries = self.deliveries();
        deliveries.retain(|delivery| delivery.taken);
        deliveries
    }

    /// Events of batches it took, in their order.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.taken().iter().flat_map(Delivery::events).collect()
    }

    /// Requests that were open at the same time, at most.
    pub(crate) fn most_open(&self) -> usize {
        self.inner.lock().most_open
    }

    /// Who is online, as a program that follows the documentation knows it; also checks that nobody is told an older state after a newer one.
    pub(crate) fn view(&self) -> BTreeMap<String, bool> {
        let mut newest: HashMap<String, u64> = HashMap::new();
        let mut view = BTreeMap::new();
        for event in self.events() {
            if event["type"] != "status" {
                continue;
            }
            let who = event["userId"].as_str().unwrap().to_owned();
            let seq = event["seq"].as_u64().unwrap_or(0);
            let before = newest.insert(who.clone(), seq).unwrap_or(0);
            assert!(seq >= before, "{who} was told {seq} after {before}");
            view.insert(who, event["isOnline"].as_bool().unwrap());
        }
        view
    }

    /// Waits until it knows exactly this.
    pub(crate) async fn knows(&self, expected: &[(&str, bool)]) {
        let expected: BTreeMap<String, bool> = expected
            .iter()
            .map(|(who, is_online)| ((*who).to_owned(), *is_online))
            .collect();
        until(async || self.view(), expected).await;
    }

    /// Waits until so many requests came.
    pub(crate) async fn got(&self, requests: usize) {
        until(async || self.deliveries().len() >= requests, true).await;
    }

    /// Conversation events it took, as `type conversation member`.
    pub(crate) fn conversation_events(&self) -> Vec<String> {
        let told = |event: &Value| {
            let name = event["type"].as_str().unwrap();
            let rest = name.strip_prefix("conversation.")?;
            let id = event["conversationId"].as_str().unwrap();
            let who = event["userId"].as_str().unwrap_or_default();
            Some(format!("{rest} {id} {who}").trim_end().to_owned())
        };
        self.events().iter().filter_map(told).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

async fn receive(
    State(inner): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    verify(&headers, &body);
    let answer = {
        let mut inner = inner.lock();
        let answer = if inner.first.is_empty() {
            inner.answer.clone()
        } else {
            inner.first.remove(0)
        };
        let mut delivery = Delivery {
            headers,
            body,
            taken: false,
        };
        let answer = if let Answer::AtMost(most) = answer {
            let is_taken = delivery.events().len() <= most;
            Answer::Status(if is_taken { 200 } else { 413 })
        } else {
            answer
        };
        delivery.taken = matches!(
            answer,
            Answer::Status(200..=299) | Answer::Slow(_) | Answer::Endless
        );
        inner.deliveries.push(delivery);
        inner.open += 1;
        inner.most_open = inner.most_open.max(inner.open);
        answer
    };
    let response = match answer {
        Answer::Status(status) => code(status).into_response(),
        Answer::With(status, headers) => {
            let mut response = code(status).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            response
        }
        Answer::Slow(pause) => {
            tokio::time::sleep(pause).await;
            code(200).into_response()
        }
        Answer::Hang => std::future::pending().await,
        Answer::Endless => {
            let chunks = futures_util::stream::repeat_with(|| {
                Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b'x'; 1_024]))
            });
            axum::body::Body::from_stream(chunks).into_response()
        }
        Answer::AtMost(_) => unreachable!("became a status"),
    };
    inner.lock().open -= 1;
    response
}

fn code(status: u16) -> axum::http::StatusCode {
    axum::http::StatusCode::from_u16(status).unwrap()
}

/// Every delivery carries what the documentation promises.
fn verify(headers: &HeaderMap, body: &Bytes) {
    let header = |name: &str| headers[name].to_str().unwrap();
    let told: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("x-vigie-webhook-id"), told["webhookId"]);
    assert_eq!(
        header("x-vigie-sequence"),
        told["sequence"].as_u64().unwrap().to_string()
    );
    let timestamp: i64 = header("x-vigie-timestamp").parse().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let age = i64::try_from(now.as_secs()).unwrap() - timestamp;
    assert!((-5..60).contains(&age), "signed {age} s ago");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let mut text = format!("{timestamp}.").into_bytes();
    text.extend_from_slice(body);
    let signature = header("x-vigie-signature").strip_prefix("v1=").unwrap();
    let signature: Vec<u8> = signature
        .as_bytes()
        .chunks(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect();
    hmac::verify(&key, &text, &signature).unwrap();
}
