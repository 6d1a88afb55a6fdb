//! Why a connection is over: every way it can happen, told apart.

/// The one reason for which a connection ended. The first one wins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// The server closed the namespace by a Socket.IO DISCONNECT packet.
    /// The stock JavaScript client does not reconnect by itself after this.
    #[error("the server closed the namespace")]
    ServerDisconnect,
    /// The server closed the transport by an Engine.IO close packet.
    #[error("the server closed the transport")]
    EngineClose,
    /// The server sent a WebSocket close frame, with its code when it gave one.
    #[error("the server closed the WebSocket (code {code:?})")]
    WebSocketClose {
        /// The close code; `None` for an empty close frame.
        code: Option<u16>,
    },
    /// The TCP connection broke, or ended without a WebSocket close frame.
    #[error("the connection was lost: {0}")]
    TransportLost(String),
    /// No ping came for the announced interval and timeout.
    #[error("the server stopped pinging")]
    PingTimeout,
    /// The server broke the protocol.
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
    /// We ended it: disconnect, close, abort, or the [`crate::Socket`] was dropped.
    #[error("closed by this side")]
    Local,
}
