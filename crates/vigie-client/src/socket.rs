//! The handle of one open connection: events out, commands in.
//!
//! Dropping a [`Socket`] drops its TCP connection without a goodbye.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::codec;
use crate::end::End;
use crate::link::{Command, Link};

/// One event from the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When its frame was read from the transport.
    pub at: Instant,
    /// Its name.
    pub name: String,
    /// All arguments after the name; nearly always one.
    pub arguments: Vec<Value>,
    /// Bytes of its name and arguments, as the JSON that they came in.
    pub bytes: usize,
}

impl Event {
    /// The first argument, or JSON null when the event has none.
    #[must_use]
    pub fn payload(&self) -> &Value {
        const NONE: &Value = &Value::Null;
        self.arguments.first().unwrap_or(NONE)
    }
}

/// Why [`Socket::wait_for`] returned without the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The connection ended first.
    #[error("the connection ended while waiting for `{name}`")]
    Ended {
        /// What was waited for.
        name: String,
        /// Why it ended.
        #[source]
        end: End,
    },
    /// It did not come in time.
    #[error("no `{name}` within {within:?}")]
    Timeout {
        /// What was waited for.
        name: String,
        /// The bound that passed.
        within: Duration,
    },
}

/// Why an event got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// The connection ended first.
    #[error("the connection ended before the answer")]
    Ended,
    /// No answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

/// One open connection whose namespace has accepted us.
#[derive(Debug)]
pub struct Socket {
    id: String,
    silence_limit: Duration,
    commands: mpsc::UnboundedSender<Command>,
    events: mpsc::UnboundedReceiver<Event>,
    end: Arc<OnceLock<End>>,
}

/// Starts the link's task; `early` holds the bodies of events that overtook the CONNECT answer.
pub(crate) fn start(link: Link, id: String, early: Vec<String>) -> Socket {
    let (commands, commands_in) = mpsc::unbounded_channel();
    let (events_out, events) = mpsc::unbounded_channel();
    for body in early {
        if let Ok(Some(event)) = link.hear(&body) {
            let _receiver_lives = events_out.send(event);
        }
    }
    let silence_limit = link.silence_limit();
    let end = Arc::new(OnceLock::new());
    let told = Arc::clone(&end);
    tokio::spawn(async move {
        let keep_open = events_out.clone();
        let reason = link.run(commands_in, events_out).await;
        let _first = told.set(reason);
        // Only now may the receiver see the channel closed: the reason is there to be read.
        drop(keep_open);
    });
    Socket {
        id,
        silence_limit,
        commands,
        events,
        end,
    }
}

impl Socket {
    /// The Socket.IO id that the server gave this connection.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The ping interval and timeout together, as the server announced them: how long either
    /// side may be silent before the other takes the connection for lost.
    #[must_use]
    pub fn silence_limit(&self) -> Duration {
        self.silence_limit
    }

    /// The next event, in order of arrival. Safe to cancel.
    ///
    /// # Errors
    /// The [`End`] of the connection, once all events before it were received, and from then on.
    pub async fn recv(&mut self) -> Result<Event, End> {
        match self.events.recv().await {
            Some(event) => Ok(event),
            None => Err(self.end.get().cloned().unwrap_or(End::Local)),
        }
    }

    /// The next event called `name`; events before it are dropped.
    ///
    /// # Errors
    /// [`WaitError`] when the connection ends, or `within` passes, first.
    pub async fn wait_for(&mut self, name: &str, within: Duration) -> Result<Event, WaitError> {
        let found = async {
            loop {
                let event = self.recv().await?;
                if event.name == name {
                    return Ok(event);
                }
            }
        };
        let name = || name.to_owned();
        match tokio::time::timeout(within, found).await {
            Ok(Ok(event)) => Ok(event),
            Ok(Err(end)) => Err(WaitError::Ended { name: name(), end }),
            Err(_) => Err(WaitError::Timeout {
                name: name(),
                within,
            }),
        }
    }

    /// Waits until the connection is over, dropping all events before.
    pub async fn ended(&mut self) -> End {
        loop {
            if let Err(end) = self.recv().await {
                return end;
            }
        }
    }

    /// Sends an event; without a payload it has no argument.
    /// After the end it goes nowhere, which [`Socket::recv`] tells.
    pub fn emit(&self, name: &str, payload: Option<Value>) {
        let text = codec::encode_event(name, payload.as_ref(), None);
        self.command(Command::Send(text));
    }

    /// Sends an event and waits for its answer's arguments.
    ///
    /// # Errors
    /// [`AckError`] when the connection ends, or `within` passes, first.
    pub async fn emit_with_ack(
        &self,
        name: &str,
        payload: Option<Value>,
        within: Duration,
    ) -> Result<Vec<Value>, AckError> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::EmitWithAck {
            name: name.to_owned(),
            payload,
            answer,
        });
        match tokio::time::timeout(within, answered).await {
            Ok(answer) => answer.map_err(|_| AckError::Ended),
            Err(_) => Err(AckError::Timeout(within)),
        }
    }

    /// Sends `text` as one WebSocket text frame, whatever it says.
    pub fn send_raw(&self, text: impl Into<String>) {
        self.command(Command::Send(text.into()));
    }

    /// Stops reading and writing without closing, so that pings stay unanswered.
    /// Events emitted meanwhile go out all the same.
    pub fn freeze(&self) {
        self.command(Command::Freeze(true));
    }

    /// Takes up reading again after [`Socket::freeze`].
    pub fn thaw(&self) {
        self.command(Command::Freeze(false));
    }

    /// Leaves cleanly: Socket.IO DISCONNECT packet, then WebSocket close.
    /// Returns when the server has closed too, or after 2 s. Events received before stay readable.
    pub async fn disconnect(&mut self) {
        self.command(Command::Disconnect);
        self.commands.closed().await;
    }

    /// Closes the WebSocket with `code` and no DISCONNECT packet, as a browser does on reload
    /// (1001). Returns as [`Socket::disconnect`] does.
    pub async fn close(&mut self, code: u16) {
        self.command(Command::Close(code));
        self.commands.closed().await;
    }

    /// Vanishes: the TCP connection is reset, with no close frame and no packet.
    /// Returns when it is gone.
    pub async fn abort(&mut self) {
        self.command(Command::Abort);
        self.commands.closed().await;
    }

    fn command(&self, command: Command) {
        // Fails only after the end, which the receiving side tells.
        let _ended = self.commands.send(command);
    }
}
