//! The task that owns one open WebSocket: reads frames, answers pings, obeys commands.
//!
//! In: frames and [`Command`]s. Out: [`Event`]s in order of arrival, then exactly one [`End`].
//! While frozen it neither reads nor writes, like a process under SIGSTOP.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::codec::{self, DecodeError, EngineFrame, Handshake, Packet};
use crate::end::End;
use crate::socket::Event;

/// How long a goodbye waits for the server to close its side.
/// Closing earlier, with unread data, would turn the goodbye into a TCP reset.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a [`crate::Socket`] asks of its link.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send one text frame as it is.
    Send(String),
    /// Send an event and pass its answer on.
    EmitWithAck {
        name: String,
        payload: Option<Value>,
        answer: oneshot::Sender<Vec<Value>>,
    },
    /// Stop (or take up again) reading and writing.
    Freeze(bool),
    /// DISCONNECT packet, close frame, end.
    Disconnect,
    /// Close frame with this code, end.
    Close(u16),
    /// Reset the TCP connection.
    Abort,
}

/// One open WebSocket and what the namespace expects on it.
#[derive(Debug)]
pub(crate) struct Link {
    web_socket: WebSocketStream<TcpStream>,
    /// The server's ping interval and timeout together.
    silence_limit: Duration,
    /// Names of the events to keep; `None` keeps all.
    heard: Option<HashSet<String>>,
    /// When the server counts as dead unless a frame comes before.
    silent_at: Instant,
    unanswered: HashMap<u64, oneshot::Sender<Vec<Value>>>,
    next_ack: u64,
    frozen: bool,
}

impl Link {
    pub(crate) fn new(
        web_socket: WebSocketStream<TcpStream>,
        handshake: &Handshake,
        heard: Option<HashSet<String>>,
    ) -> Self {
        let silence_limit = Duration::from_millis(
            handshake
                .ping_interval
                .saturating_add(handshake.ping_timeout),
        );
        Self {
            web_socket,
            silence_limit,
            silent_at: Instant::now() + silence_limit,
            heard,
            unanswered: HashMap::new(),
            next_ack: 0,
            frozen: false,
        }
    }

    /// The server's ping interval and timeout together.
    pub(crate) fn silence_limit(&self) -> Duration {
        self.silence_limit
    }

    /// The event in `body`, or `None` when nobody listens to it.
    pub(crate) fn hear(&self, body: &str) -> Result<Option<Event>, DecodeError> {
        let name = codec::event_name(body)?;
        if self
            .heard
            .as_ref()
            .is_some_and(|names| !names.contains(&name))
        {
            return Ok(None);
        }
        let arguments = codec::event_arguments(body)?;
        Ok(Some(Event {
            at: Instant::now().into_std(),
            name,
            arguments,
            bytes: body.len(),
        }))
    }

    /// Runs until the connection is over, by whichever side.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::UnboundedSender<Event>,
    ) -> End {
        loop {
            let step = tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => Err(End::Local),
                },
                frame = self.web_socket.next(), if !self.frozen => {
                    self.silent_at = Instant::now() + self.silence_limit;
                    self.read(frame, &events).await
                }
                () = tokio::time::sleep_until(self.silent_at), if !self.frozen => Err(End::PingTimeout),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), End> {
        match command {
            Command::Send(text) => self.send(text).await,
            Command::EmitWithAck {
                name,
                payload,
                answer,
            } => {
                let id = self.next_ack;
                self.next_ack += 1;
                self.unanswered.insert(id, answer);
                let text = codec::encode_event(&name, payload.as_ref(), Some(id));
                self.send(text).await
            }
            Command::Freeze(frozen) => {
                self.frozen = frozen;
                // Pings that waited while we were deaf are read before the server is judged.
                self.silent_at = Instant::now() + self.silence_limit;
                Ok(())
            }
            Command::Disconnect => {
                self.send(codec::DISCONNECT.to_owned()).await?;
                Err(self.close(1000).await)
            }
            Command::Close(code) => Err(self.close(code).await),
            Command::Abort => {
                // Without linger, dropping the stream sends RST instead of FIN. Where the system
                // refuses the option, the drop is still a loss without a goodbye.
                let _best_effort = self.web_socket.get_ref().set_zero_linger();
                Err(End::Local)
            }
        }
    }

    async fn read(
        &mut self,
        frame: Option<Result<Message, tungstenite::Error>>,
        events: &mpsc::UnboundedSender<Event>,
    ) -> Result<(), End> {
        match frame {
            Some(Ok(Message::Text(text))) => self.read_text(text.as_str(), events).await,
            // The WebSocket's own pings are answered by tungstenite.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(End::Protocol(DecodeError::Binary.to_string())),
            Some(Ok(Message::Close(frame))) => Err(End::WebSocketClose {
                code: frame.map(|frame| frame.code.into()),
            }),
            Some(Err(error)) => Err(End::TransportLost(error.to_string())),
            None => Err(End::TransportLost("end of stream".to_owned())),
        }
    }

    async fn read_text(
        &mut self,
        text: &str,
        events: &mpsc::UnboundedSender<Event>,
    ) -> Result<(), End> {
        let protocol = |error: DecodeError| End::Protocol(error.to_string());
        match codec::decode(text).map_err(protocol)? {
            EngineFrame::Ping(text) => self.send(codec::encode_pong(text)).await,
            EngineFrame::Close => Err(End::EngineClose),
            EngineFrame::Open(_) | EngineFrame::Other => Ok(()),
            EngineFrame::Message(Packet::Event { body }) => {
                if let Some(event) = self.hear(body).map_err(protocol)? {
                    // Fails only when the socket was dropped, which the command side tells.
                    let _dropped = events.send(event);
                }
                Ok(())
            }
            EngineFrame::Message(Packet::Ack { id, arguments }) => {
                if let Some(answer) = self.unanswered.remove(&id) {
                    let _nobody_waits = answer.send(arguments);
                }
                Ok(())
            }
            EngineFrame::Message(Packet::Disconnect) => Err(End::ServerDisconnect),
            EngineFrame::Message(Packet::Connect(_) | Packet::ConnectError(_)) => {
                Err(End::Protocol("a second answer to CONNECT".to_owned()))
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        self.web_socket
            .send(Message::text(text))
            .await
            .map_err(|error| End::TransportLost(error.to_string()))
    }

    /// Says goodbye on the WebSocket and reads on until the server has done so too.
    async fn close(&mut self, code: u16) -> End {
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        let goodbye = async {
            self.web_socket.close(Some(frame)).await?;
            while self.web_socket.next().await.transpose()?.is_some() {}
            Ok::<(), tungstenite::Error>(())
        };
        // Whatever happens to a goodbye, it was said and the connection is over.
        let _outcome = tokio::time::timeout(GOODBYE_TIMEOUT, goodbye).await;
        End::Local
    }
}
