//! Where every packet of a client enters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use engineioxide::handler::EngineIoHandler;
use engineioxide::socket::Sid;
use engineioxide::{DisconnectReason, ProtocolVersion, Socket, Str, TransportType};
use std::time::Duration;
use vigie_core::Signal;

use crate::app::App;
use crate::limits::Limit;
use crate::listener::ClientAddress;

use super::authenticate::Offer;
use super::codec::{self, Event, Packet};
use super::depth::is_deeper_than;
use super::link;
use super::seat::{Phase, Place, Seat, Seated};

/// When a new socket is looked at first: its handshake takes far less.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// JSON of the events that one socket may let wait; read, it takes many times as much memory.
const EARLY_BYTES: usize = 8 * 1_024;

/// The longest name of a namespace that is answered.
const MAX_NAMESPACE_BYTES: usize = 128;

/// Who holds a socket that nothing serves: the engine's table, and whoever asks.
const HOLDERS_OF_A_STILLBORN: usize = 2;

/// Speaks Socket.IO with the sockets of both generations.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(super) app: Arc<App>,
    unauthenticated: Arc<AtomicUsize>,
    is_draining: AtomicBool,
}

impl Handler {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self {
            app,
            unauthenticated: Arc::default(),
            is_draining: AtomicBool::new(false),
        }
    }

    /// From now on no new socket is taken, and the end of a socket says nothing about its person.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Whether one more socket may come and authenticate.
    pub(super) fn has_place(&self) -> bool {
        self.unauthenticated.load(Ordering::Relaxed) < self.app.config.limits.unauthenticated
    }

    pub(super) fn count_ignored(&self) {
        self.app.metrics.ignored_packets.inc();
    }

    /// An open link of this socket was heard from within this time.
    pub(super) fn silence_limit(&self, socket: &Socket<Seat>) -> Duration {
        let periods = &self.app.config.periods;
        match socket.protocol {
            ProtocolVersion::V3 => periods.eio3_ping_interval + periods.eio3_ping_timeout,
            ProtocolVersion::V4 => periods.ping_interval + periods.ping_timeout,
        }
    }

    /// Counts a socket that comes through a trusted proxy by its client's address; says whether there was a place.
    fn count_behind_proxy(&self, socket: &Socket<Seat>) -> bool {
        let Some(client) = socket.req_parts.extensions.get::<ClientAddress>() else {
            return true;
        };
        match self.app.places.take_behind_proxy(*client) {
            Ok(place) => {
                socket.data.keep_address(place);
                true
            }
            Err(limit) => {
                self.app.metrics.limits.note(limit);
                false
            }
        }
    }

    /// Closes the socket if it is still nobody's after the time it has for that, or if it never came to stand.
    fn watch_newcomer(self: &Arc<Self>, socket: &Arc<Socket<Seat>>) {
        let handler = Arc::clone(self);
        let socket = Arc::downgrade(socket);
        tokio::spawn(async move {
            let whole = handler.app.config.periods.auth_timeout;
            let first = whole.min(FIRST_LOOK);
            tokio::time::sleep(first).await;
            if let Some(socket) = socket.upgrade() {
                close_stillborn(socket);
            }
            tokio::time::sleep(whole - first).await;
            if let Some(socket) = socket.upgrade() {
                handler.time_out(&socket);
                close_stillborn(socket);
            }
        });
    }

    fn on_packet(self: &Arc<Self>, packet: Packet, socket: &Arc<Socket<Seat>>) {
        match packet {
            Packet::Connect { auth } => self.enter(auth, socket),
            Packet::Disconnect => self.goodbye(socket),
            Packet::Event(event) => self.on_event(event, socket),
            Packet::Elsewhere {
                namespace,
                is_connect: true,
            } if namespace.len() <= MAX_NAMESPACE_BYTES && self.admits(socket) => {
                let is_old = socket.protocol == ProtocolVersion::V3;
                self.answer(socket, codec::no_such_namespace(&namespace, is_old));
            }
            Packet::Ack | Packet::Binary | Packet::Elsewhere { .. } => self.count_ignored(),
        }
    }

    /// Whether one more packet that is answered is within the socket's rate; counted where it is not.
    fn admits(&self, socket: &Socket<Seat>) -> bool {
        let admits = socket
            .data
            .admits_event(self.app.config.limits.events_per_second);
        if !admits {
            self.app.metrics.limits.note(Limit::EventRate);
        }
        admits
    }

    /// A client enters the namespace, and is told so before anything else.
    fn enter(self: &Arc<Self>, auth: serde_json::Value, socket: &Arc<Socket<Seat>>) {
        if socket.data.has_entered() {
            return self.count_ignored();
        }
        let is_old = socket.protocol == ProtocolVersion::V3;
        // Not the transport's id, by which anybody may speak for the client: applications pass this one around.
        let sid = (!is_old).then(|| Sid::new().to_string());
        self.answer(socket, codec::connected(sid.as_deref()));
        self.offer(Offer::Handshake(auth), socket);
    }

    fn on_event(self: &Arc<Self>, event: Event, socket: &Arc<Socket<Seat>>) {
        if !self.admits(socket) {
            return self.refuse_for_rate(&event, socket);
        }
        if event.name == "authenticate" {
            return self.offer(Offer::Event(event), socket);
        }
        let seated = {
            let mut phase = socket.data.phase.lock();
            match &mut *phase {
                Phase::Seated(seated) => seated.clone(),
                Phase::Waiting { early } | Phase::Settling { early } => {
                    self.let_wait(early, event);
                    return;
                }
                Phase::Over { .. } => return,
            }
        };
        self.handle_event(event, &seated, socket);
    }

    /// Keeps an event for when the authentication has settled.
    pub(super) fn let_wait(&self, early: &mut Vec<Event>, event: Event) {
        let bytes: usize = early.iter().map(|early| early.size).sum();
        if early.len() < self.app.config.limits.early_events && bytes + event.size <= EARLY_BYTES {
            early.push(event);
        } else {
            self.app.metrics.limits.note(Limit::EarlyEvents);
            self.count_ignored();
        }
    }

    /// A goodbye: the session ends at once.
    fn goodbye(&self, socket: &Arc<Socket<Seat>>) {
        if let Some(seated) = self.vacate(socket, true) {
            self.app.host.signal(Signal::SessionLeft {
                connection: seated.connection.id,
            });
        }
        link::close_later(Arc::clone(socket));
    }

    /// The connection broke: the session has its grace.
    pub(super) fn lose(&self, socket: &Socket<Seat>, silence: Duration) {
        if let Some(seated) = self.vacate(socket, false) {
            self.app.host.signal(Signal::SessionLost {
                connection: seated.connection.id,
                silence,
            });
        }
    }

    /// Nobody sits here any more; who did.
    fn vacate(&self, socket: &Socket<Seat>, goodbye: bool) -> Option<Seated> {
        let phase = {
            let mut phase = socket.data.phase.lock();
            // The transport ends after the goodbye, and takes nothing of it back.
            if let Phase::Over { .. } = *phase {
                return None;
            }
            std::mem::replace(&mut *phase, Phase::Over { goodbye })
        };
        socket.data.keep_place(None);
        match phase {
            Phase::Seated(seated) => {
                self.app.fanout.forget(&seated.connection);
                Some(seated)
            }
            Phase::Waiting { .. } | Phase::Settling { .. } | Phase::Over { .. } => None,
        }
    }

    pub(super) fn answer(&self, socket: &Socket<Seat>, frame: crate::fanout::Frame) {
        if link::emit(socket, frame).is_err() {
            tracing::debug!("an answer found no room in a socket's buffer");
        }
    }
}

/// Closes a WebSocket whose connection broke before its handshake was written.
///
/// engine.io announces such a socket, forgets to end it, and pings it never; what tells it from a living one is that neither reader nor writer nor heartbeat holds it.
fn close_stillborn(socket: Arc<Socket<Seat>>) {
    let is_websocket = socket.transport_type() == TransportType::Websocket;
    if is_websocket && Arc::strong_count(&socket) <= HOLDERS_OF_A_STILLBORN {
        socket.close(DisconnectReason::TransportError);
    }
}

impl EngineIoHandler for Handler {
    type Data = Seat;

    fn on_connect(self: Arc<Self>, socket: Arc<Socket<Seat>>) {
        let place = Place::take(
            &self.unauthenticated,
            self.app.config.limits.unauthenticated,
        );
        if place.is_none() {
            self.app.metrics.limits.note(Limit::Unauthenticated);
        }
        let is_counted = self.count_behind_proxy(&socket);
        if place.is_none() || !is_counted || self.is_draining.load(Ordering::Relaxed) {
            // The engine puts the socket into its table right after this call; it can be closed only then.
            tokio::spawn(async move { socket.close(DisconnectReason::ClosingServer) });
            return;
        }
        socket.data.keep_place(place);
        self.watch_newcomer(&socket);
        if socket.protocol == ProtocolVersion::V3 {
            self.enter(serde_json::Value::Null, &socket);
        }
    }

    fn on_disconnect(&self, socket: Arc<Socket<Seat>>, reason: DisconnectReason) {
        if self.is_draining.load(Ordering::Relaxed) {
            return;
        }
        let silence = match reason {
            DisconnectReason::HeartbeatTimeout => self.silence_limit(&socket),
            DisconnectReason::TransportClose
            | DisconnectReason::MultipleHttpPollingError
            | DisconnectReason::PacketParsingError
            | DisconnectReason::TransportError
            | DisconnectReason::ClosingServer => Duration::ZERO,
        };
        self.lose(&socket, silence);
    }

    fn on_message(self: &Arc<Self>, msg: Str, socket: Arc<Socket<Seat>>) {
        let limits = &self.app.config.limits;
        if msg.len() > limits.message.0 {
            self.app.metrics.limits.note(Limit::MessageSize);
            return socket.close(DisconnectReason::TransportError);
        }
        if is_deeper_than(&msg, limits.json_depth) {
            self.app.metrics.limits.note(Limit::JsonDepth);
            return socket.close(DisconnectReason::PacketParsingError);
        }
        match codec::parse(&msg) {
            Ok(packet) => self.on_packet(packet, &socket),
            Err(codec::Malformed) => socket.close(DisconnectReason::PacketParsingError),
        }
    }

    fn on_binary(self: &Arc<Self>, _: Bytes, _: Arc<Socket<Seat>>) {
        self.count_ignored();
    }
}
