//! A start: what the store kept of everybody goes into the engine, and what came of it is written later.
//!
//! In: records, a page at a time. Out: principals whose restored leases are to be written as this start's own.
//! Always true: an edge that the start itself decided waits with all other writes; what was merely restored waits behind them, for the rows of the earlier start say the same until they are reaped.

use vigie_core::{Availability, Effect, PresenceRecord, PrincipalKey, Signal, Wall};

use super::EngineHost;

/// What the store kept of one principal.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) principal: PrincipalKey,
    pub(crate) record: PresenceRecord,
    /// The last proof of life of the start that wrote it.
    pub(crate) alive_at: Option<Wall>,
}

impl EngineHost {
    /// Takes up what the store kept, all as of this instant.
    pub(crate) fn restore(&self, kept: impl Iterator<Item = Kept>) {
        let now = self.now();
        let mut inner = self.inner.lock();
        for kept in kept {
            let principal = kept.principal;
            let shown = kept.record.availability;
            inner.news.count(principal, Availability::Offline, shown);
            let signal = Signal::PresenceLoaded {
                principal,
                record: Box::new(kept.record),
                alive_at: kept.alive_at,
            };
            let clamped = inner.engine.totals().clamped_times;
            inner.engine.handle(signal, now);
            if inner.engine.totals().clamped_times > clamped {
                inner.clamped.insert(principal);
            }
            let mut is_edge = false;
            while let Some(effect) = inner.engine.poll_effect() {
                match effect {
                    Effect::Announce {
                        was,
                        presence,
                        concern,
                        ..
                    } => {
                        let is = presence.availability;
                        inner.news.note(principal, was, is, concern);
                        is_edge = true;
                    }
                    Effect::Persist { accepted, .. } if is_edge => {
                        inner.writes.note(principal, accepted);
                    }
                    Effect::Persist { .. } => inner.restored.push(principal),
                    Effect::Close { .. } => {}
                }
            }
        }
        drop(inner);
        self.news_came.notify_one();
        self.writes_wait.notify_one();
    }

    /// Whether some of what was restored is not even among what waits to be written.
    pub(crate) fn is_taking_over(&self) -> bool {
        !self.inner.lock().restored.is_empty()
    }

    /// Whether the store may hold later times of this principal than memory: an earlier start wrote them by a clock that was ahead.
    pub(crate) fn was_clamped(&self, principal: PrincipalKey) -> bool {
        self.inner.lock().clamped.contains(&principal)
    }

    /// Lets at most `most` of those with restored leases wait to be written; says how many are left.
    pub(crate) fn release_restored(&self, most: usize) -> usize {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let left = inner.restored.len().saturating_sub(most);
        for principal in inner.restored.drain(left..) {
            inner.writes.note(principal, false);
        }
        if left == 0 {
            inner.restored = Vec::new();
        }
        left
    }
}
