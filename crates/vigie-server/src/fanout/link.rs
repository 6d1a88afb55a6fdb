//! The seam to the transport: what the fan-out needs of a link, and nothing more.
//!
//! Whatever carries events to a client implements [`Link`]; it can be replaced without touching presence.

use std::fmt;

use bytes::Bytes;
use engineioxide::Str;

/// Frames that a link holds for a client that has not read them.
pub(crate) const BUFFER: usize = 128;

/// What stands before an event's name, and between it and the payload. Names need no escapes.
const EVENT_HEAD: &str = "2[\"";
const AFTER_NAME: &str = "\",";

/// One event for one socket; what several sockets get is encoded once and copied, so that each is known to be written by itself.
#[derive(Debug)]
pub(crate) struct Frame {
    text: Str,
    /// The name of the event, for links that write it in their own way.
    name: Option<&'static str>,
}

impl Frame {
    /// A packet of the Socket.IO protocol that is no event.
    pub(crate) fn new(text: String) -> Self {
        let text = text.into();
        Self { text, name: None }
    }

    /// An event as Socket.IO writes it: `2["name",payload]`.
    pub(super) fn event(name: &'static str, payload: &str) -> Self {
        let text = format!("{EVENT_HEAD}{name}{AFTER_NAME}{payload}]").into();
        Self {
            text,
            name: Some(name),
        }
    }

    /// The same for another socket.
    pub(crate) fn copy(&self) -> Self {
        Self {
            text: Str::copy_from_slice(self.text.as_str()),
            name: self.name,
        }
    }

    /// The same bytes, to know when nobody else holds them.
    pub(crate) fn share(&self) -> Bytes {
        self.text.clone().into()
    }

    pub(crate) fn len(&self) -> usize {
        self.text.as_bytes().len()
    }

    pub(crate) fn into_text(self) -> Str {
        self.text
    }

    /// The name and the payload of an event.
    pub(crate) fn parts(&self) -> Option<(&'static str, &str)> {
        let name = self.name?;
        let from = EVENT_HEAD.len() + name.len() + AFTER_NAME.len();
        let payload = self.text.as_str().get(from..)?.strip_suffix(']')?;
        Some((name, payload))
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
