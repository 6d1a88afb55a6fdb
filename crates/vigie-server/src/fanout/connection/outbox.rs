//! What one socket was told, and what waits for it.
//!
//! In: frames, each with its use, and principals whose newest state is to be told. Out: frames in the link's buffer, as far as there is room.
//! Always true: of whoever waits the newest state is sent and nothing older, so that what waits is bounded by how many people there are.

use std::collections::{BTreeMap, BTreeSet};

use vigie_core::PrincipalKey;

use crate::engine_host::Number;
use crate::fanout::link::{Frame, Link, NoRoom};
use crate::fanout::room::{Room, Use};

/// What a socket was told, and what waits for it.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// News before this number are in the snapshot it holds; `None` before the first.
    pub(super) horizon: Option<Number>,
    /// The first of these numbers: no snapshot holds its own principal, so later ones say nothing of that.
    pub(super) own_horizon: Option<Number>,
    /// Principals whose newest state is told when the window is over, or when there is room.
    pub(super) waiting: BTreeSet<PrincipalKey>,
    /// Whom it was told with news that still wait to be told, by the number before which all news were in that.
    pub(super) ahead: BTreeMap<PrincipalKey, Number>,
    pub(super) room: Room,
    /// It is in the list of sockets to look at: something was sent a moment ago, or waits.
    pub(super) is_watched: bool,
    pub(super) is_slow: bool,
    /// A conversation's view found no room, and has the next turn before news that wait.
    pub(super) has_view_waiting: bool,
    /// Its client keeps cursors, and is given one whenever it has been told what there is.
    pub(super) keeps_cursors: bool,
    /// It was told something since it was given a cursor.
    pub(super) is_past_cursor: bool,
    /// The fingerprint of the relations that its view rests on; 0 when they changed since.
    pub(super) relations: u64,
    /// Something that its view rests on found no room: a whole snapshot makes up for it.
    pub(super) needs_snapshot: bool,
}

/// What became of something for one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fanout) enum Delivery {
    /// In the link's buffer, or known already.
    Done,
    /// Not sent: what is to be known of it must wait.
    NoRoom,
}

/// What a look at a socket found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fanout) enum Looked {
    /// Nothing waits, and all is read: nobody looks again before it is told something.
    Quiet,
    /// Something waits, or was sent.
    Busy,
    /// The same, and for the first time something found no room.
    BecameSlow,
}

impl Outbox {
    /// Room for `limit` bytes.
    pub(in crate::fanout) fn new(limit: usize) -> Self {
        Self {
            horizon: None,
            own_horizon: None,
            waiting: BTreeSet::new(),
            ahead: BTreeMap::new(),
            room: Room::new(limit),
            is_watched: false,
            is_slow: false,
            has_view_waiting: false,
            keeps_cursors: false,
            is_past_cursor: false,
            relations: 0,
            needs_snapshot: false,
        }
    }

    /// Gives a client that keeps cursors a fresh one, unless something waits or nothing was told; says whether one was due.
    pub(super) fn send_cursor(
        &mut self,
        link: &dyn Link,
        cursor: impl FnOnce(u64) -> Frame,
    ) -> bool {
        let is_due = self.keeps_cursors && self.is_past_cursor && self.waiting.is_empty();
        if is_due && self.send(link, cursor(self.relations), Use::Urgent) == Delivery::Done {
            self.is_past_cursor = false;
        }
        is_due
    }

    pub(super) fn send(&mut self, link: &dyn Link, frame: Frame, r#use: Use) -> Delivery {
        if !self.room.takes(frame.len(), r#use) {
            return Delivery::NoRoom;
        }
        self.room.note(&frame, r#use);
        match link.emit(frame) {
            Ok(()) => Delivery::Done,
            Err(NoRoom) => Delivery::NoRoom,
        }
    }

    /// Sends what waits, as far as there is room.
    pub(super) fn send_waiting(
        &mut self,
        link: &dyn Link,
        r#use: Use,
        mut newest: impl FnMut(PrincipalKey) -> (Frame, Option<Number>),
    ) -> Looked {
        while let Some(principal) = self.waiting.first().copied() {
            let (frame, number) = newest(principal);
            if self.send(link, frame, r#use) == Delivery::NoRoom {
                // What the pace holds back goes out with the next window.
                if r#use == Use::News && !self.room.is_stuck() {
                    return Looked::Busy;
                }
                let was_slow = std::mem::replace(&mut self.is_slow, true);
                return if was_slow {
                    Looked::Busy
                } else {
                    Looked::BecameSlow
                };
            }
            self.waiting.remove(&principal);
            self.is_past_cursor = true;
            if let Some(number) = number {
                self.ahead.insert(principal, number);
            }
        }
        Looked::Busy
    }
}
