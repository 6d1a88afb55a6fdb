//! One authenticated socket, as the fan-out sees it.

mod outbox;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use vigie_core::{ConnectionId, ConversationKey, PrincipalKey, Wall};

use crate::engine_host::Number;

use super::link::{Frame, Link};
use super::room::Use;
use super::rooms::Allowance;
use super::window::Watched;

pub(crate) use outbox::Outbox;
pub(super) use outbox::{Delivery, Looked};

/// Between two times that one client may ask for what it missed.
const RESUME_PAUSE: Duration = Duration::from_secs(1);

/// An authenticated socket and what it still has to be told.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) principal: PrincipalKey,
    link: Box<dyn Link>,
    outbox: Mutex<Outbox>,
    watched: Arc<Watched>,
    /// The conversations whose presence it looks at.
    pub(super) allowance: Mutex<Allowance>,
    /// The conversations it has a view of.
    joined: Mutex<Vec<ConversationKey>>,
    /// The conversations whose view ended with the membership.
    parted: Mutex<Vec<ConversationKey>>,
    /// When its client last asked for what it missed.
    resumed: Mutex<Option<Instant>>,
    /// When the credential behind it ends.
    ends: Mutex<Option<Wall>>,
}

/// Everything that a client lacks to have the whole view, in one event.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) frame: Frame,
    /// News before this number are in it, or are held already.
    pub(super) horizon: Number,
    /// Whom it shows with news that may still be on their way from here, with the number before which all news are in that.
    pub(super) ahead: Vec<(PrincipalKey, Number)>,
    /// The fingerprint of the relations that it rests on.
    pub(super) relations: u64,
    /// Whether it takes the place of whatever the client held.
    pub(super) is_whole: bool,
}

impl Connection {
    pub(crate) fn new(
        id: ConnectionId,
        principal: PrincipalKey,
        link: Box<dyn Link>,
        (outbox, watched): (Outbox, Arc<Watched>),
    ) -> Self {
        Self {
            id,
            principal,
            link,
            outbox: Mutex::new(outbox),
            watched,
            allowance: Mutex::default(),
            joined: Mutex::default(),
            parted: Mutex::default(),
            resumed: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Answers the client.
    pub(crate) fn emit(&self, frame: Frame) {
        // A client that floods us with questions and reads no answer loses answers.
        let delivery = self.outbox.lock().send(&*self.link, frame, Use::Answer);
        if delivery == Delivery::NoRoom {
            tracing::debug!("an answer found no room in a socket's buffer");
        }
    }

    /// Sends fresh states of people it holds, or is to hold; nothing to one that has no snapshot yet, whose snapshot will have them.
    pub(super) fn restamp(&self, frame: Frame) -> Delivery {
        let mut outbox = self.outbox.lock();
        if outbox.horizon.is_none() {
            return Delivery::Done;
        }
        if !outbox.waiting.is_empty() {
            return Delivery::NoRoom;
        }
        let delivery = outbox.send(&*self.link, frame, Use::Urgent);
        outbox.is_past_cursor = true;
        self.watch(&mut outbox);
        delivery
    }

    /// From now on its client is given cursors.
    pub(crate) fn keep_cursors(&self) {
        self.outbox.lock().keeps_cursors = true;
    }

    /// The fingerprint of the relations that its view rests on.
    pub(super) fn relations(&self) -> u64 {
        self.outbox.lock().relations
    }

    /// Whether its client may ask again for what it missed: a whole snapshot is dear.
    pub(crate) fn may_resume(&self) -> bool {
        let mut resumed = self.resumed.lock();
        let now = Instant::now();
        let may = resumed.is_none_or(|resumed| now >= resumed + RESUME_PAUSE);
        if may {
            *resumed = Some(now);
        }
        may
    }

    /// Whom it may see changes: no cursor of its own outlives a restart before its next snapshot.
    pub(super) fn doubt_relations(&self) {
        self.outbox.lock().relations = 0;
    }

    /// Sends something that nobody misses if it finds no room.
    pub(super) fn emit_if_room(&self, frame: Frame) {
        let delivery = self.outbox.lock().send(&*self.link, frame, Use::Urgent);
        if delivery == Delivery::NoRoom {
            tracing::trace!("a slow socket was left out");
        }
    }

    /// Sends more of a conversation's view, at the link's pace; when there is no room for it, it has the next turn.
    pub(super) fn show(&self, frame: Frame) -> Delivery {
        let mut outbox = self.outbox.lock();
        let delivery = outbox.send(&*self.link, frame, Use::News);
        outbox.has_view_waiting = delivery == Delivery::NoRoom;
        self.watch(&mut outbox);
        delivery
    }

    /// Lets somebody look at the socket when the window is over.
    fn watch(&self, outbox: &mut Outbox) {
        if !std::mem::replace(&mut outbox.is_watched, true) {
            self.watched.add(self.id);
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

    /// Tells a status, unless the snapshot it holds was read after it: at once, or with others when the window is over.
    pub(super) fn tell(&self, principal: PrincipalKey, number: Number, frame: &Frame) {
        let mut outbox = self.outbox.lock();
        let ahead = outbox.ahead.remove(&principal);
        let horizon = if principal == self.principal {
            outbox.own_horizon
        } else {
            outbox.horizon
        };
        let is_known = horizon.is_none_or(|horizon| number < horizon)
            || ahead.is_some_and(|ahead| number < ahead);
        if is_known {
            return;
        }
        let is_quiet = !outbox.is_watched;
        outbox.is_past_cursor = true;
        self.watch(&mut outbox);
        if is_quiet && outbox.send(&*self.link, frame.copy(), Use::News) == Delivery::Done {
            return;
        }
        outbox.waiting.insert(principal);
    }

    /// Sends what `read` makes while no news can pass it; whoever waits and is not among those that a whole snapshot `holds` is told after it.
    pub(super) fn give(&self, holds: impl Fn(PrincipalKey) -> bool, read: impl FnOnce() -> Given) {
        let mut outbox = self.outbox.lock();
        let Given {
            frame,
            horizon,
            ahead,
            relations,
            is_whole,
        } = read();
        let r#use = match outbox.horizon {
            None => Use::Foundation,
            Some(_) => Use::Answer,
        };
        if outbox.send(&*self.link, frame, r#use) == Delivery::NoRoom {
            // One that holds an older snapshot goes on with its news until there is room; one that holds none comes back for it.
            let comes_back = outbox.horizon.is_none();
            outbox.needs_snapshot = true;
            self.watch(&mut outbox);
            // The end of a socket takes the hub's lock, under which news are told.
            drop(outbox);
            if comes_back {
                self.link.cut();
            }
            return;
        }
        self.watch(&mut outbox);
        outbox.needs_snapshot &= !is_whole;
        outbox.horizon = outbox.horizon.max(Some(horizon));
        outbox.own_horizon.get_or_insert(horizon);
        outbox.relations = relations;
        if is_whole {
            outbox.waiting.retain(|principal| !holds(*principal));
            outbox.ahead.retain(|principal, _| !holds(*principal));
        }
        outbox.ahead.extend(ahead);
        // It has a cursor of its own; what was told before that one needs none.
        outbox.is_past_cursor = false;
    }

    /// From now on the socket is told what comes after what `read` read.
    pub(super) fn hold<T>(&self, read: impl FnOnce() -> (T, Number)) -> T {
        let mut outbox = self.outbox.lock();
        let (held, horizon) = read();
        outbox.horizon = outbox.horizon.max(Some(horizon));
        outbox.own_horizon.get_or_insert(horizon);
        held
    }

    /// Lets a principal's newest state be sent again, whatever was told before.
    pub(super) fn mark(&self, principal: PrincipalKey) {
        let mut outbox = self.outbox.lock();
        if outbox.horizon.is_some() {
            outbox.waiting.insert(principal);
            self.watch(&mut outbox);
        }
    }

    /// Whether a snapshot found no room, and finds some now: whatever was sent before it is written.
    pub(super) fn takes_snapshot(&self) -> bool {
        let mut outbox = self.outbox.lock();
        outbox.needs_snapshot && outbox.room.is_empty()
    }

    /// Nothing is told of these any more that was to be told.
    pub(super) fn unmark(&self, principals: &[PrincipalKey]) {
        let mut outbox = self.outbox.lock();
        for principal in principals {
            outbox.waiting.remove(principal);
        }
    }

    /// Its view rests on these relations from now on, unless they are in doubt.
    pub(super) fn renew_relations(&self, relations: u64) {
        let mut outbox = self.outbox.lock();
        if outbox.relations != 0 {
            outbox.relations = relations;
        }
    }

    /// Sends what waits, as far as there is room; `newest` gives a state, and the number of the news to come when it has news that wait to be told.
    pub(super) fn tell_waiting(
        &self,
        newest: impl FnMut(PrincipalKey) -> (Frame, Option<Number>),
    ) -> Looked {
        let mut outbox = self.outbox.lock();
        outbox.send_waiting(&*self.link, Use::Urgent, newest)
    }

    /// The same when the window is over, and then the `cursor` of everything before; only here a socket that is found quiet stops being watched.
    pub(super) fn look(
        &self,
        newest: impl FnMut(PrincipalKey) -> (Frame, Option<Number>),
        cursor: impl FnOnce(u64) -> Frame,
    ) -> Looked {
        let mut outbox = self.outbox.lock();
        let is_written = outbox.room.look();
        if !outbox.waiting.is_empty() {
            if is_written && std::mem::take(&mut outbox.has_view_waiting) {
                return Looked::Busy;
            }
            let looked = outbox.send_waiting(&*self.link, Use::News, newest);
            outbox.send_cursor(&*self.link, cursor);
            return looked;
        }
        let is_due = outbox.send_cursor(&*self.link, cursor);
        outbox.is_slow = false;
        outbox.is_watched = !is_written || is_due || outbox.needs_snapshot;
        if outbox.is_watched {
            Looked::Busy
        } else {
            Looked::Quiet
        }
    }

    pub(crate) fn joined(&self) -> Vec<ConversationKey> {
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

#[cfg(test)]
mod tests;
