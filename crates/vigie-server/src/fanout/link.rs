//! The seam to the transport: what the fan-out needs of a link, and nothing more.
//!
//! Whatever carries events to a client implements [`Link`]; it can be replaced without touching presence.

use std::fmt;

use engineioxide::Str;

/// One event, encoded once for every socket that gets it; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Frame(Str);

impl Frame {
    pub(crate) fn new(text: String) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> Str {
        self.0.clone()
    }
}

/// The link's buffer has no room for this: the client is slow, or gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom;

/// One transport link to a client.
pub(crate) trait Link: fmt::Debug + Send + Sync {
    /// Puts an answer into the link's buffer.
    ///
    /// # Errors
    /// When the buffer is full.
    fn emit(&self, frame: &Frame) -> Result<(), NoRoom>;

    /// Puts news into the link's buffer, if that leaves room for answers and for the transport's own heartbeat.
    ///
    /// # Errors
    /// When it would not.
    fn emit_news(&self, frame: &Frame) -> Result<(), NoRoom>;

    /// Says goodbye on the protocol, then closes: the client does not come back by itself.
    fn dismiss(&self);

    /// Closes the transport without a goodbye: the client comes back.
    fn cut(&self);
}
