//! The server under test, as those see it who call it: with a credential or without, by its public address or the operators' own.
//!
//! Every call is bounded; one that is not answered is a [`Fault`] that says so.

use std::time::Duration;

use serde_json::Value;
use vigie_client::{Connect, Http, Method, Reply, Socket};

use super::finding::Fault;

/// Where the server is, and how long it may take to answer.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) url: String,
    pub(super) patience: Duration,
    public: Http,
    operations: Http,
}

impl Site {
    pub(super) fn new(url: &str, ops_url: Option<&str>, patience: Duration) -> Self {
        Self {
            url: url.to_owned(),
            patience,
            public: Http::new(url),
            operations: Http::new(ops_url.unwrap_or(url)),
        }
    }

    /// Whoever calls the public routes without a credential.
    pub(super) fn stranger(&self) -> Caller {
        self.caller(self.public.clone())
    }

    /// A service with a key that no server has.
    pub(super) fn impostor(&self) -> Caller {
        self.service("vigie-check-is-no-key")
    }

    /// A service with its key, at the public routes.
    pub(super) fn service(&self, api_key: &str) -> Caller {
        self.caller(self.public.clone().header("X-API-Key", api_key))
    }

    /// A user with a token.
    pub(super) fn user(&self, token: &str) -> Caller {
        let bearer = format!("Bearer {token}");
        self.caller(self.public.clone().header("Authorization", bearer))
    }

    /// A guest with a session token.
    pub(super) fn guest(&self, token: &str) -> Caller {
        self.caller(self.public.clone().header("X-Session-Token", token))
    }

    /// An operator with the key, where maintenance, metrics and probes are.
    pub(super) fn operator(&self, api_key: &str) -> Caller {
        self.caller(self.operations.clone().header("X-API-Key", api_key))
    }

    /// Whoever calls the operators' routes through a proxy and without a credential.
    pub(super) fn outsider(&self) -> Caller {
        let forwarded = "for=192.0.2.1";
        self.caller(self.operations.clone().header("Forwarded", forwarded))
    }

    /// Whether anything answers at all, at both addresses, and by itself.
    ///
    /// # Errors
    /// When nothing does, or the answer is to be had elsewhere: what is checked is one server, not whatever it points to.
    pub(super) async fn reach(&self) -> anyhow::Result<()> {
        for http in [&self.public, &self.operations] {
            let call = http.call(Method::GET, "/livez", None);
            match tokio::time::timeout(self.patience, call).await {
                Ok(Ok(reply)) => stay_here(http.base(), &reply)?,
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    anyhow::bail!("{} gives no answer within {:?}", http.base(), self.patience)
                }
            }
        }
        Ok(())
    }

    /// Opens a socket with this payload, and gives the first `authenticated` event's payload.
    pub(super) async fn open(&self, auth: Value) -> Result<(Socket, Value), Fault> {
        let expected = "a Socket.IO connection over WebSocket";
        let hint = "does a proxy in between pass WebSocket upgrades? the server's log";
        let connect = Connect::to(&self.url).auth(auth).timeout(self.patience);
        let mut socket = connect
            .open()
            .await
            .map_err(|error| Fault::new(expected, chain(error), hint))?;
        match socket.wait_for("authenticated", self.patience).await {
            Ok(event) => {
                let payload = event.payload().clone();
                Ok((socket, payload))
            }
            Err(error) => Err(Fault::new(
                "an `authenticated` event right after the connection",
                chain(error),
                "the server's log; is the store away? see /health",
            )),
        }
    }

    /// Opens a socket that must be welcome.
    pub(super) async fn enter(&self, auth: Value) -> Result<Socket, Fault> {
        let (socket, payload) = self.open(auth).await?;
        if payload["success"] == true {
            return Ok(socket);
        }
        Err(Fault::new(
            "a valid credential is welcome on a socket",
            format!("authenticated {payload}"),
            "is JWT_SECRET the server's? is the server's clock right?",
        ))
    }

    fn caller(&self, http: Http) -> Caller {
        Caller {
            http,
            patience: self.patience,
        }
    }
}

/// Calls routes with one credential.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    http: Http,
    patience: Duration,
}

impl Caller {
    /// Any answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Fault> {
        let call = self.http.call(method.clone(), path, body);
        let seen = match tokio::time::timeout(self.patience, call).await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(error)) => chain(error),
            Err(_) => format!("no answer within {:?}", self.patience),
        };
        Err(Fault::new(
            format!("an answer to {method} {path}"),
            seen,
            "is the server still running? its log",
        ))
    }

    /// An answer with one of these statuses.
    pub(super) async fn expect(
        &self,
        statuses: &[u16],
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Fault> {
        let reply = self.call(method.clone(), path, body).await?;
        if statuses.contains(&reply.status.as_u16()) {
            return Ok(reply);
        }
        Err(Fault::new(
            format!("{method} {path} answers {}", statuses[0]),
            told(&reply),
            hint(reply.status.as_u16()),
        ))
    }

    /// A successful GET.
    pub(super) async fn get(&self, path: &str) -> Result<Reply, Fault> {
        self.expect(&[200], Method::GET, path, None).await
    }

    /// A GET that must be refused for want of a credential.
    pub(super) async fn be_refused(&self, path: &str, hint: &str) -> Result<(), Fault> {
        let reply = self.call(Method::GET, path, None).await?;
        if reply.status.as_u16() == 401 {
            return Ok(());
        }
        Err(Fault::new(
            format!("GET {path} without a valid credential answers 401"),
            told(&reply),
            hint,
        ))
    }
}

/// Refuses a redirection.
fn stay_here(base: &str, reply: &Reply) -> anyhow::Result<()> {
    if !reply.status.is_redirection() {
        return Ok(());
    }
    let target = reply.headers.get("location");
    let target = target.and_then(|target| target.to_str().ok());
    anyhow::bail!(
        "{base} redirects to {}; give that address, or, where TLS ends at a proxy, the one of Vigie behind it",
        target.unwrap_or("an address that it does not name"),
    )
}

/// Status and start of the body.
fn told(reply: &Reply) -> String {
    /// As much as fits on a line of a terminal.
    const SHOWN: usize = 160;
    let body: String = reply.text().chars().take(SHOWN).collect();
    format!("{} {}", reply.status.as_u16(), body.trim())
}

/// Where to look when a route answers so.
fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => "the API key and JWT_SECRET: are they this server's?",
        404 => "is this the address of Vigie itself? with an ops_listen, give --ops-url",
        503 => "the store is away: the server's log, the database, the disk",
        _ => "the server's log",
    }
}

/// An error with its causes, in one line.
fn chain(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}
