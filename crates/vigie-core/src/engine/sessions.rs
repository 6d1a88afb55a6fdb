//! All sessions: a slab, a list per principal through it, and an index by connection.

use core::num::NonZeroU32;
use core::ops::{Index, IndexMut};
use core::time::Duration;
use std::collections::HashMap;

use crate::principal::PrincipalKey;
use crate::signal::{ConnectionId, SessionId};
use crate::time::{Mono, Now, Wall};

use super::Pause;
use super::standing::Details;

/// A place in the slab, counted from one so that an optional place takes no more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(NonZeroU32);

impl Slot {
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// One authenticated stay of one device.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) principal: PrincipalKey,
    /// The link it runs on, or ran on.
    pub(super) connection: ConnectionId,
    /// Last activity, own or inherited.
    pub(super) active: Now,
    pub(super) backgrounded: bool,
    /// Last sign of life that was seen.
    pub(super) proved: Now,
    /// While the link is open, it was heard from within this time.
    pub(super) silence: Duration,
    /// Set while it is in grace.
    pub(super) lost: Option<Lost>,
    next: Option<Slot>,
}

/// The state of a session in grace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost {
    /// When the grace is over.
    pub(super) until: Mono,
    /// The last proof of life.
    pub(super) alive: Wall,
}

impl Session {
    pub(super) fn new(
        id: SessionId,
        principal: PrincipalKey,
        connection: ConnectionId,
        active: Now,
        silence: Duration,
        now: Now,
    ) -> Self {
        Self {
            id,
            principal,
            connection,
            active,
            backgrounded: false,
            proved: now,
            silence,
            lost: None,
            next: None,
        }
    }

    /// The last instant at which it was certainly alive.
    ///
    /// An open link was heard from within its silence limit, a stop of the process itself not counted.
    pub(super) fn proof(&self, now: Now, pause: Option<Pause>) -> Wall {
        match self.lost {
            Some(lost) => lost.alive,
            None => self.proof_after(self.silence, now, pause),
        }
    }

    /// The last proof of a link that was silent for `silence`; what lies before the latest pause lies earlier by the pause.
    pub(super) fn proof_after(&self, silence: Duration, now: Now, pause: Option<Pause>) -> Wall {
        let heard = now.earlier(silence.min(self.silence));
        let stopped = match pause {
            Some(pause) if heard.mono < pause.ended => pause.length,
            Some(_) | None => Duration::ZERO,
        };
        self.proved.wall.max(heard.wall - stopped)
    }

    /// A sign of life; a wall clock that was set back does not take an earlier proof away.
    pub(super) fn prove(&mut self, now: Now) {
        self.proved = Now {
            mono: now.mono,
            wall: self.proved.wall.max(now.wall),
        };
    }

    pub(super) fn is_in_grace(&self) -> bool {
        self.lost.is_some()
    }
}

/// Every session that counts.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    slab: Vec<Option<Session>>,
    free: Vec<Slot>,
    by_connection: HashMap<ConnectionId, Slot>,
    live: usize,
}

impl Sessions {
    /// The sessions of one principal.
    pub(super) fn of<'a>(&'a self, details: &Details) -> impl Iterator<Item = &'a Session> {
        self.slots_of(details).map(|slot| &self[slot])
    }

    /// The places of the sessions of one principal.
    pub(super) fn slots_of(&self, details: &Details) -> impl Iterator<Item = Slot> {
        core::iter::successors(details.first_session, |slot| self[*slot].next)
    }

    /// The session that runs on an open connection.
    pub(super) fn on(&self, connection: ConnectionId) -> Option<Slot> {
        self.by_connection.get(&connection).copied()
    }

    /// Sessions that count, those in grace included.
    pub(super) fn len(&self) -> usize {
        self.live
    }

    /// Sessions with an open connection.
    pub(super) fn connected(&self) -> usize {
        self.by_connection.len()
    }

    pub(super) fn add(&mut self, details: &mut Details, mut session: Session) {
        session.next = details.first_session;
        let connection = (!session.is_in_grace()).then_some(session.connection);
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slab[slot.index()] = Some(session);
                slot
            }
            None => {
                self.slab.push(Some(session));
                let count = u32::try_from(self.slab.len()).unwrap_or(u32::MAX);
                Slot(NonZeroU32::new(count).unwrap_or(NonZeroU32::MAX))
            }
        };
        if let Some(connection) = connection {
            self.by_connection.insert(connection, slot);
            details.connected += 1;
        }
        details.first_session = Some(slot);
        self.live += 1;
    }

    pub(super) fn remove(&mut self, details: &mut Details, slot: Slot) {
        let next = self[slot].next;
        if details.first_session == Some(slot) {
            details.first_session = next;
        } else {
            let before = self
                .slots_of(details)
                .find(|other| self[*other].next == Some(slot));
            if let Some(before) = before {
                self[before].next = next;
            }
        }
        if !self[slot].is_in_grace() {
            let connection = self[slot].connection;
            self.by_connection.remove(&connection);
            details.connected -= 1;
        }
        self.slab[slot.index()] = None;
        self.free.push(slot);
        self.live -= 1;
    }

    /// The connection is gone, the session stays for its grace.
    pub(super) fn detach(&mut self, details: &mut Details, slot: Slot, lost: Lost) {
        let connection = self[slot].connection;
        self.by_connection.remove(&connection);
        details.connected -= 1;
        self[slot].lost = Some(lost);
    }

    /// A session in grace goes on over a new connection.
    pub(super) fn attach(&mut self, details: &mut Details, slot: Slot, connection: ConnectionId) {
        self.by_connection.insert(connection, slot);
        details.connected += 1;
        let session = &mut self[slot];
        session.connection = connection;
        if let Some(lost) = session.lost.take() {
            session.proved.wall = session.proved.wall.max(lost.alive);
        }
    }
}

impl Index<Slot> for Sessions {
    type Output = Session;

    fn index(&self, slot: Slot) -> &Session {
        match &self.slab[slot.index()] {
            Some(session) => session,
            None => unreachable!("lists and index name only occupied slots"),
        }
    }
}

impl IndexMut<Slot> for Sessions {
    fn index_mut(&mut self, slot: Slot) -> &mut Session {
        match &mut self.slab[slot.index()] {
            Some(session) => session,
            None => unreachable!("lists and index name only occupied slots"),
        }
    }
}
