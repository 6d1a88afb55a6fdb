//! One authenticated socket, as the fan-out sees it.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use vigie_core::{ConnectionId, ConversationKey, PrincipalKey, Wall};

use crate::engine_host::Number;

use super::link::{Frame, Link, NoRoom};

/// An authenticated socket and what it still has to be told.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) principal: PrincipalKey,
    link: Box<dyn Link>,
    outbox: Mutex<Outbox>,
    /// The conversations it has a view of.
    joined: Mutex<Vec<ConversationKey>>,
    /// The conversations whose view ended with the membership.
    parted: Mutex<Vec<ConversationKey>>,
    /// When the credential behind it ends.
    ends: Mutex<Option<Wall>>,
}

/// What a socket was told, and what waits for room.
#[derive(Debug, Default)]
struct Outbox {
    /// News before this number are in the snapshot it holds; `None` before the first.
    horizon: Option<Number>,
    /// Principals whose newest state waits for room.
    dirty: BTreeSet<PrincipalKey>,
    /// Whom it was told from the dirty set, with the number before which all news were in that.
    ahead: BTreeMap<PrincipalKey, Number>,
}

/// What became of news for one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// In the link's buffer, or known already.
    Done,
    /// The socket is slow: the principal waits in its dirty set.
    Waits,
}

impl Connection {
    pub(crate) fn new(id: ConnectionId, principal: PrincipalKey, link: Box<dyn Link>) -> Self {
        Self {
            id,
            principal,
            link,
            outbox: Mutex::default(),
            joined: Mutex::default(),
            parted: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Answers the client.
    pub(crate) fn emit(&self, frame: &Frame) {
        // A client that floods us with questions and reads no answer loses answers.
        if self.link.emit(frame) == Err(NoRoom) {
            tracing::debug!("an answer found no room in a socket's buffer");
        }
    }

    /// Sends fresh states of people it holds, or is to hold; nothing to one that has no snapshot yet, whose snapshot will have them.
    pub(super) fn restamp(&self, frame: &Frame) -> Delivery {
        let outbox = self.outbox.lock();
        if outbox.horizon.is_none() {
            return Delivery::Done;
        }
        if outbox.dirty.is_empty() && self.link.emit_news(frame).is_ok() {
            return Delivery::Done;
        }
        Delivery::Waits
    }

    /// Sends something that nobody misses if it finds no room.
    pub(super) fn emit_if_room(&self, frame: &Frame) {
        if self.link.emit_news(frame) == Err(NoRoom) {
            tracing::trace!("a slow socket was left out");
        }
    }

    /// Notes when the credential ends; when it was to end before.
    pub(super) fn replace_end(&self, end: Option<Wall>) -> Option<Wall> {
        std::mem::replace(&mut self.ends.lock(), end)
    }

    pub(crate) fn dismiss(&self) {
        self.link.dismiss();
    }

    pub(crate) fn cut(&self) {
        self.link.cut();
    }

    /// Tells a status, unless the snapshot it holds was read after it.
    pub(super) fn tell(&self, principal: PrincipalKey, number: Number, frame: &Frame) -> Delivery {
        let mut outbox = self.outbox.lock();
        let ahead = outbox.ahead.remove(&principal);
        let is_known = outbox.horizon.is_none_or(|horizon| number < horizon)
            || ahead.is_some_and(|ahead| number < ahead);
        if is_known {
            return Delivery::Done;
        }
        if !outbox.dirty.contains(&principal) && self.link.emit_news(frame).is_ok() {
            return Delivery::Done;
        }
        outbox.dirty.insert(principal);
        Delivery::Waits
    }

    /// Sends a snapshot that `read` makes while no news can pass it.
    pub(super) fn give_snapshot(&self, read: impl FnOnce() -> (Frame, Number)) {
        let mut outbox = self.outbox.lock();
        let (frame, horizon) = read();
        if self.link.emit(&frame) == Err(NoRoom) {
            // One that holds an older snapshot goes on with its news; one that holds none comes back for it.
            if outbox.horizon.is_none() {
                self.link.cut();
            }
            return;
        }
        outbox.horizon = Some(horizon);
        outbox.dirty.clear();
        outbox.ahead.clear();
    }

    /// Lets a principal's newest state be sent again, whatever was told before.
    pub(super) fn mark(&self, principal: PrincipalKey) {
        let mut outbox = self.outbox.lock();
        if outbox.horizon.is_some() {
            outbox.dirty.insert(principal);
        }
    }

    /// Sends what waits, newest states first come; says whether something still waits.
    pub(super) fn drain(
        &self,
        mut newest: impl FnMut(PrincipalKey) -> (Frame, Number),
    ) -> Delivery {
        let mut outbox = self.outbox.lock();
        while let Some(principal) = outbox.dirty.first().copied() {
            let (frame, number) = newest(principal);
            if self.link.emit_news(&frame).is_err() {
                return Delivery::Waits;
            }
            outbox.dirty.remove(&principal);
            outbox.ahead.insert(principal, number);
        }
        Delivery::Done
    }

    pub(super) fn joined(&self) -> Vec<ConversationKey> {
        self.joined.lock().clone()
    }

    /// Whether the socket looked at a conversation until its membership ended.
    pub(crate) fn has_parted(&self, conversation: ConversationKey) -> bool {
        self.parted.lock().contains(&conversation)
    }

    pub(super) fn note_parting(&self, conversation: ConversationKey) {
        let mut parted = self.parted.lock();
        if !parted.contains(&conversation) {
            parted.push(conversation);
        }
    }

    pub(super) fn note_join(&self, conversation: ConversationKey) -> bool {
        let mut joined = self.joined.lock();
        let is_new = !joined.contains(&conversation);
        if is_new {
            joined.push(conversation);
        }
        is_new
    }

    pub(super) fn note_leave(&self, conversation: ConversationKey) -> bool {
        let mut joined = self.joined.lock();
        let before = joined.len();
        joined.retain(|other| *other != conversation);
        joined.len() < before
    }
}
