//! Planted bugs: each makes one mistake of the field, precisely, at the border between the engine and its shell.
//!
//! In: a signal on its way in, an effect on its way out, a record on its way to or from the store.
//! Out: what a shell with that mistake would pass on.
//! They exist so that we know that the simulation can fail; the shell without one passes everything on as it is.

mod bend;

use std::collections::BTreeMap;

use vigie_core::{
    Availability, Concern, ConnectionId, Effect, Mono, Now, PresenceRecord, PrincipalKey, Signal,
};

/// One mistake that a presence system really made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The id that a reload brings along is not looked at.
    ResumeForgotten,
    /// A dropped link is taken for a goodbye: every page reload flickers.
    LossIsGoodbye,
    /// A goodbye is taken for a dropped link: people linger after they left.
    GoodbyeIsLoss,
    /// A new tab kicks the old one.
    NewTabKicksOld,
    /// The first tab that closes ends the presence of all.
    OneCloseEndsAll,
    /// Logging out everywhere reaches one device.
    LogoutCutsOneDevice,
    /// The disconnect of a gone link is never handled: a ghost.
    DisconnectNeverHandled,
    /// The cleanup of a lost link runs after the reconnect and erases it.
    LateCleanupErasesReconnect,
    /// A request in flight counts as if it began now: it revives people who left.
    RequestInFlightRevives,
    /// The sign of life of a transport counts as activity.
    PongIsActivity,
    /// A time that nobody knows is shown as now.
    MissingTimeIsNow,
    /// The sweep writes the store and tells nobody.
    SweepTellsNobody,
    /// Edges are throttled like refreshes.
    EdgesAreThrottled,
    /// Deadlines wait for a sweep every 15 s.
    SweepInsteadOfDeadlines,
    /// An older write lands after a newer one and wins.
    OldWriteWins,
    /// A write that failed is taken for done.
    FailedWriteForgotten,
    /// The start of a node resets everybody to offline.
    StartResetsEverybody,
    /// A change behind the veil is told to everyone.
    VeilIsToldThrough,
    /// The store keeps that somebody is invisible, but not what others are shown.
    VeilLostAtRestart,
    /// Whoever comes back from behind a veil is told about with their real times.
    ReturnTellsOfTheAbsence,
}

impl Mutant {
    /// Every planted bug.
    pub const ALL: [Self; 20] = [
        Self::ResumeForgotten,
        Self::LossIsGoodbye,
        Self::GoodbyeIsLoss,
        Self::NewTabKicksOld,
        Self::OneCloseEndsAll,
        Self::LogoutCutsOneDevice,
        Self::DisconnectNeverHandled,
        Self::LateCleanupErasesReconnect,
        Self::RequestInFlightRevives,
        Self::PongIsActivity,
        Self::MissingTimeIsNow,
        Self::SweepTellsNobody,
        Self::EdgesAreThrottled,
        Self::SweepInsteadOfDeadlines,
        Self::OldWriteWins,
        Self::FailedWriteForgotten,
        Self::StartResetsEverybody,
        Self::VeilIsToldThrough,
        Self::VeilLostAtRestart,
        Self::ReturnTellsOfTheAbsence,
    ];
}

/// The border with its mistake, and what the mistake needs to remember.
#[derive(Debug, Default)]
pub(crate) struct Border {
    mutant: Option<Mutant>,
    /// Open connections and whose they are.
    open: BTreeMap<ConnectionId, PrincipalKey>,
    /// A loss whose cleanup is still waiting for the database.
    cleanup: BTreeMap<PrincipalKey, Signal>,
    /// When each principal's latest edge was passed on.
    told: BTreeMap<PrincipalKey, Mono>,
    /// The record that was written before the present one.
    older: BTreeMap<PrincipalKey, PresenceRecord>,
}

impl Border {
    pub(crate) fn new(mutant: Option<Mutant>) -> Self {
        Self {
            mutant,
            ..Self::default()
        }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// What is passed on of an effect; `by_timer` when no signal caused it.
    pub(crate) fn effect(&mut self, effect: Effect, now: Now, by_timer: bool) -> Option<Effect> {
        let Effect::Announce {
            principal,
            was,
            mut presence,
            mut concern,
        } = effect
        else {
            return Some(effect);
        };
        if self.is(Mutant::SweepTellsNobody)
            && by_timer
            && presence.availability == Availability::Offline
        {
            return None;
        }
        if self.is(Mutant::EdgesAreThrottled) {
            let last = self.told.get(&principal);
            if last.is_some_and(|last| now.mono.since(*last).as_millis() < EDGE_THROTTLE_MILLIS) {
                return None;
            }
            self.told.insert(principal, now.mono);
        }
        if self.is(Mutant::VeilIsToldThrough) {
            concern = Concern::Watchers;
        }
        if self.is(Mutant::ReturnTellsOfTheAbsence) {
            presence.times_shown = None;
        }
        if self.is(Mutant::MissingTimeIsNow) {
            presence.last_seen_at = presence.last_seen_at.or(Some(now.wall));
        }
        Some(Effect::Announce {
            principal,
            was,
            presence,
            concern,
        })
    }

    /// When the timer is served that wants to be served at `timeout`.
    pub(crate) fn timeout(&self, timeout: Option<Mono>) -> Option<Mono> {
        if !self.is(Mutant::SweepInsteadOfDeadlines) {
            return timeout;
        }
        let sweep = |at: Mono| at.as_millis().next_multiple_of(SWEEP_MILLIS);
        timeout.map(|at| Mono::from_millis(sweep(at)))
    }

    /// The record that lands last, when a write of `record` was answered.
    pub(crate) fn overwriting(
        &mut self,
        principal: PrincipalKey,
        record: &PresenceRecord,
    ) -> Option<PresenceRecord> {
        if !self.is(Mutant::OldWriteWins) {
            return None;
        }
        self.older.insert(principal, record.clone())
    }

    /// Whether a refused write is reported as done.
    pub(crate) fn forgets_failures(&self) -> bool {
        self.is(Mutant::FailedWriteForgotten)
    }

    /// The process ended: what was in its memory is gone.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.mutant);
    }
}

/// How often the sweep of the field ran, in milliseconds.
const SWEEP_MILLIS: u64 = 15_000;

/// How long after an edge the throttled one swallows the next, in milliseconds.
const EDGE_THROTTLE_MILLIS: u128 = 1_000;
