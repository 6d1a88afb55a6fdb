//! The engine.io side of the fan-out's seam.

use std::sync::{Arc, Weak};
use std::time::Duration;

use engineioxide::{DisconnectReason, Socket};

use crate::fanout::{Frame, Link, NoRoom};

use super::codec;
use super::seat::{Phase, Seat};

/// How long a dismissed client has to close its transport by itself once it was told why.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long it may take to be told: a client that changes its transport, or polls over a slow link, fetches late.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How often a look is taken whether it was told.
const LOOK: Duration = Duration::from_millis(50);

/// A socket of engine.io.
///
/// It does not keep the socket alive: engine.io owns it, and lets go of it at its end.
pub(super) struct EngineLink {
    socket: Weak<Socket<Seat>>,
}

impl std::fmt::Debug for EngineLink {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("EngineLink")
    }
}

impl EngineLink {
    pub(super) fn new(socket: &Arc<Socket<Seat>>) -> Self {
        Self {
            socket: Arc::downgrade(socket),
        }
    }
}

impl Link for EngineLink {
    fn emit(&self, frame: Frame) -> Result<(), NoRoom> {
        let socket = self.socket.upgrade().ok_or(NoRoom)?;
        emit(&socket, frame)
    }

    fn dismiss(&self) {
        if let Some(socket) = self.socket.upgrade() {
            *socket.data.phase.lock() = Phase::Over { goodbye: false };
            dismiss(socket);
        }
    }

    fn cut(&self) {
        if let Some(socket) = self.socket.upgrade() {
            socket.close(DisconnectReason::ClosingServer);
        }
    }
}

/// Puts a frame into a socket's buffer.
pub(super) fn emit(socket: &Socket<Seat>, frame: Frame) -> Result<(), NoRoom> {
    socket.emit(frame.into_text()).map_err(|_| NoRoom)
}

/// Says goodbye on the protocol, and closes the transport once the client had time to read it.
pub(super) fn dismiss(socket: Arc<Socket<Seat>>) {
    let goodbye = codec::disconnect();
    let unwritten = goodbye.share();
    if emit(&socket, goodbye).is_err() {
        tracing::debug!("a dismissed socket had no room for the goodbye");
    }
    tokio::spawn(async move {
        let written = async {
            while !unwritten.is_unique() {
                tokio::time::sleep(LOOK).await;
            }
        };
        // Whoever reads nothing is closed all the same.
        tokio::time::timeout(LAST_WORDS, written).await.ok();
        close_later(socket);
    });
}

/// Closes the transport of a client that is through, unless it does so itself.
pub(super) fn close_later(socket: Arc<Socket<Seat>>) {
    tokio::spawn(async move {
        tokio::time::sleep(FAREWELL).await;
        socket.close(DisconnectReason::TransportClose);
    });
}
