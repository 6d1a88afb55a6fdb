//! The seam to the transport: what the fan-out needs of a link, and nothing more.
//!
//! Whatever carries events to a client implements [`Link`]; it can be replaced without touching presence.

use std::fmt;

use bytes::Bytes;
use engineioxide::Str;

/// Frames that a link holds for a client that has not read them.
pub(crate) const BUFFER: usize = 128;

/// One event for one socket; what several sockets get is encoded once and copied, so that each is known to be written by itself.
#[derive(Debug)]
pub(crate) struct Frame(Str);

impl Frame {
    pub(crate) fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The same for another socket.
    pub(crate) fn copy(&self) -> Self {
        Self(Str::copy_from_slice(self.0.as_str()))
    }

    /// The same bytes, to know when nobody else holds them.
    pub(crate) fn share(&self) -> Bytes {
        self.0.clone().into()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_bytes().len()
    }

    pub(crate) fn into_text(self) -> Str {
        self.0
    }
}

/// The link's buffer has no room for this: the client is slow, or gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom;

/// One transport link to a client.
pub(crate) trait Link: fmt::Debug + Send + Sync {
    /// Puts a frame into the link's buffer.
    ///
    /// # Errors
    /// When the buffer is full, or the link is gone.
    fn emit(&self, frame: Frame) -> Result<(), NoRoom>;

    /// Says goodbye on the protocol, then closes: the client does not come back by itself.
    fn dismiss(&self);

    /// Closes the transport without a goodbye: the client comes back.
    fn cut(&self);
}
