//! A small client for Vigie's public wire: Socket.IO over WebSocket, and JSON over HTTP.
//!
//! It exists for Vigie's own tools (`replay`) and for black-box tests of a running server, so
//! it can do what a polite client never does: vanish without a goodbye ([`Socket::abort`]),
//! stop answering pings ([`Socket::freeze`]), or send nonsense ([`Socket::send_raw`]).
//!
//! It speaks Engine.IO 4 over WebSocket, in the main namespace, without TLS.
//! One connection is one task; some thousands fit in a process.
//! It never reconnects by itself: what ended is told, once, as an [`End`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use serde_json::json;
//! use std::time::Duration;
//! use vigie_client::Connect;
//!
//! let mut socket = Connect::to("http://127.0.0.1:3000")
//!     .auth(json!({ "token": "a JWT" }))
//!     .open()
//!     .await?;
//! let welcome = socket.wait_for("authenticated", Duration::from_secs(5)).await?;
//! println!("{}", welcome.payload());
//! socket.emit("presence:activity", None);
//! socket.disconnect().await;
//! # Ok(())
//! # }
//! ```

mod codec;
mod connect;
mod end;
mod http;
mod link;
mod socket;

pub use codec::DecodeError;
pub use connect::{Connect, ConnectError};
pub use end::End;
pub use http::{Http, HttpError, Method, Reply};
pub use socket::{AckError, Event, Socket, WaitError};
