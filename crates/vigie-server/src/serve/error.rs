//! Why a server could not start, or not stop as it should.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::KeyFileError;
use crate::webhooks::CaFileError;

/// Why a server could not start, or not stop as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A secret could not be read or made.
    #[error("the secrets cannot be used")]
    Keys(#[from] KeyFileError),
    /// The system gave no random numbers, or its cipher is of no use.
    #[error("the key of positions cannot be made: the system gives no random numbers")]
    Random,
    /// The authorities that webhooks are trusted by could not be read.
    #[error("webhooks cannot be told")]
    WebhookAuthorities(#[from] CaFileError),
    /// The database could not be opened.
    #[error("the store cannot be opened")]
    Open(#[from] vigie_store::OpenError),
    /// The database could not be read.
    #[error("the store cannot be read")]
    Load(#[from] vigie_store::ReadError),
    /// The database could not be written.
    #[error("the store cannot be written")]
    Write(#[from] vigie_store::WriteError),
    /// What had not been written when the server stopped was not written within `drain_timeout`.
    #[error(
        "the store did not take the last changes within {after:?}; they are lost, as in a crash"
    )]
    Undrained {
        /// The limit.
        after: Duration,
        /// What the store said last; `None` when it said nothing.
        #[source]
        source: Option<vigie_store::WriteError>,
    },
    /// Another server took the database while this one had lost its lock.
    #[error(
        "another server has taken over the database, so this one stopped and wrote nothing more; two servers need a database each"
    )]
    Superseded,
    /// An address could not be listened on.
    #[error(
        "cannot listen on {address}; is another server running there? set another one by --listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
}

impl ServeError {
    /// Whether the same may succeed later without anybody changing a setting: the store is merely away.
    #[must_use]
    pub fn heals_by_waiting(&self) -> bool {
        match self {
            Self::Open(error) => error.heals_by_waiting(),
            Self::Load(error) => error.heals_by_waiting(),
            Self::Write(error) => error.heals_by_waiting(),
            Self::Keys(_)
            | Self::Random
            | Self::WebhookAuthorities(_)
            | Self::Undrained { .. }
            | Self::Superseded
            | Self::Listen { .. } => false,
        }
    }
}
