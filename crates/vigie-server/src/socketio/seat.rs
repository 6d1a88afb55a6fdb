//! What is kept for one socket from its first byte to its end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

use crate::admission::Identity;
use crate::fanout::Connection;
use crate::listener;

use super::codec::Event;

/// One socket's state, kept by engine.io with the socket.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    pub(super) phase: Mutex<Phase>,
    limiter: OnceLock<DefaultDirectRateLimiter>,
    has_entered: AtomicBool,
    /// Held until the socket is somebody's, refused, or gone.
    place: Mutex<Option<Place>>,
    /// Held until the socket is gone, when its connection belongs to a proxy.
    address: OnceLock<listener::Place>,
}

/// A place among the sockets that are nobody's yet; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Place {
    /// Takes a place, if fewer than `limit` are taken.
    pub(super) fn take(taken: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let place = Self(Arc::clone(taken));
        (taken.fetch_add(1, Ordering::Relaxed) < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How far a socket has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// It has not entered the namespace, or has offered no credential yet; events wait.
    Waiting { early: Vec<Event> },
    /// Its credential is being looked at; events wait.
    Settling { early: Vec<Event> },
    /// It stands for somebody.
    Seated(Seated),
    /// It was refused, dismissed, or is gone; whether it said goodbye.
    Over { goodbye: bool },
}

impl Default for Phase {
    fn default() -> Self {
        Self::Waiting { early: Vec::new() }
    }
}

/// An authenticated socket.
#[derive(Debug, Clone)]
pub(super) struct Seated {
    pub(super) connection: Arc<Connection>,
    pub(super) identity: Identity,
}

impl Seat {
    /// Keeps the socket's place among those that are nobody's yet, or gives it back.
    pub(super) fn keep_place(&self, place: Option<Place>) {
        *self.place.lock() = place;
    }

    /// Keeps the place of the client's address as long as there is a socket.
    pub(super) fn keep_address(&self, place: Option<listener::Place>) {
        if let Some(place) = place {
            self.address.get_or_init(|| place);
        }
    }

    /// Who sits here.
    pub(super) fn seated(&self) -> Option<Seated> {
        match &*self.phase.lock() {
            Phase::Seated(seated) => Some(seated.clone()),
            Phase::Waiting { .. } | Phase::Settling { .. } | Phase::Over { .. } => None,
        }
    }

    /// Whether its credential is being looked at.
    pub(super) fn is_settling(&self) -> bool {
        matches!(&*self.phase.lock(), Phase::Settling { .. })
    }

    /// Whether the client had entered the namespace before; from now on it has.
    pub(super) fn has_entered(&self) -> bool {
        self.has_entered.swap(true, Ordering::Relaxed)
    }

    /// The events that waited for an authentication that will not come.
    pub(super) fn take_early(&self) -> Vec<Event> {
        match &mut *self.phase.lock() {
            Phase::Waiting { early } | Phase::Settling { early } => std::mem::take(early),
            Phase::Seated(_) | Phase::Over { .. } => Vec::new(),
        }
    }

    /// Whether one more event is within the socket's rate.
    pub(super) fn admits_event(&self, per_second: usize) -> bool {
        let limiter = self.limiter.get_or_init(|| {
            let per_second = u32::try_from(per_second).unwrap_or(u32::MAX);
            let per_second =
                std::num::NonZeroU32::new(per_second).unwrap_or(std::num::NonZeroU32::MIN);
            RateLimiter::direct(Quota::per_second(per_second))
        });
        limiter.check().is_ok()
    }
}
