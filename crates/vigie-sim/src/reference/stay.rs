//! One session, as the reference remembers it: every instant with both clocks, nothing derived.

use core::time::Duration;

use vigie_core::{ConnectionId, Mono, Now, SessionId, StoredSession, Wall};

/// A session that counts, or did until its grace was over.
#[derive(Debug, Clone)]
pub(crate) struct Stay {
    pub(crate) id: SessionId,
    /// `None` once the connection was lost, and after a restart.
    pub(crate) connection: Option<ConnectionId>,
    /// When its grace is over; `None` while connected.
    pub(crate) ends: Option<Mono>,
    pub(crate) active: Now,
    pub(crate) backgrounded: bool,
    /// The latest of start, signs of life and activity; what the loss fixed, when lost.
    pub(crate) proof: Wall,
    pub(crate) silence: Duration,
}

impl Stay {
    /// A deadline is over at its instant, not after it.
    pub(crate) fn counts(&self, now: Mono) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }

    pub(crate) fn is_idle(&self, now: Mono, away_after: Duration) -> bool {
        self.backgrounded || now >= self.active.mono + away_after
    }

    /// The last proof that it lived: an open transport has been heard from within its limit.
    pub(crate) fn proved(&self, now: Now, pause: Option<Pause>) -> Wall {
        if self.connection.is_some() {
            self.proof.max(heard(now, self.silence, pause))
        } else {
            self.proof
        }
    }

    pub(crate) fn hear(&mut self, now: Now) {
        self.proof = self.proof.max(now.wall);
    }

    pub(crate) fn stored(&self) -> StoredSession {
        StoredSession {
            id: self.id,
            active_at: self.active.wall,
            backgrounded: self.backgrounded,
            lost_alive_at: self.connection.is_none().then_some(self.proof),
        }
    }
}

/// The latest stop of the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pause {
    pub(crate) ended: Mono,
    pub(crate) length: Duration,
}

/// When a link was heard that has been silent for `silence`: a stop in between was no silence of its client.
pub(crate) fn heard(now: Now, silence: Duration, pause: Option<Pause>) -> Wall {
    let heard = now.earlier(silence);
    match pause {
        Some(pause) if heard.mono < pause.ended => heard.wall - pause.length,
        Some(_) | None => heard.wall,
    }
}

/// The instant `span` after this one, on both clocks.
pub(crate) fn later(now: Now, span: Duration) -> Now {
    Now {
        mono: now.mono + span,
        wall: now.wall + span,
    }
}

/// The later of two instants, by the clock that does not jump; those further back than it reaches differ by the other one.
pub(crate) fn latest(one: Now, other: Now) -> Now {
    if (other.mono, other.wall) >= (one.mono, one.wall) {
        other
    } else {
        one
    }
}
