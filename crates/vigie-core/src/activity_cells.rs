//! The hot path: one cell of four words per principal, touched in place by every authenticated request.
//!
//! In: who was active, and when.
//! Out: [`Touch`] says whether the cell dealt with it alone, or the engine must decide.
//! Always true: while a cell's gate is open, REST activity changes nothing that anybody can see.
//! The engine opens and closes gates; a touch that races with a closing gate either comes first and is seen by the engine, or finds the gate closed.
//!
//! Picture a turnstile with a clock: as long as the guard leaves it open, everyone who passes only sets the clock.
//! The guard, who wants to lock it because nobody has passed for long, reads the clock and turns the key in one movement; if somebody passed meanwhile, the key does not turn.

use core::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::OnceLock;

use crate::principal::PrincipalKey;
use crate::rules::Rules;
use crate::time::{Mono, Now, Wall};

/// What became of an activity offered to its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// The time moved in memory; the throttle held the durable refresh back.
    Throttled,
    /// The time moved, and the caller must make it durable.
    Refresh,
    /// Nothing was done: the engine must decide, by [`crate::Signal::ActivityReported`].
    Edge,
}

/// What the throttle says of one activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// Make it durable.
    Accepted,
    /// Keep it in memory.
    Held,
}

/// Principals in the first chunk; each further chunk doubles the table.
const FIRST_CHUNK: usize = 1024;

/// Enough doublings of [`FIRST_CHUNK`] for every `u32`.
const CHUNKS: usize = 23;

/// One cell per principal, shared between the threads that serve requests and the engine.
#[derive(Debug)]
pub struct ActivityCells {
    chunks: [OnceLock<Box<[Cell]>>; CHUNKS],
    /// Throttle entries that live.
    entries: AtomicUsize,
    throttle_interval: Duration,
    cache_max_age: Duration,
    /// An open gate is trusted only this long after the last touch: later, a deadline may be due.
    trusted_for: Duration,
}

/// 32 bytes a principal, never across two cache lines.
#[derive(Debug, Default)]
#[repr(align(32))]
struct Cell {
    /// The last REST proof in milliseconds, shifted left by one; the lowest bit is the gate.
    word: AtomicU64,
    /// Monotonic milliseconds of the last accepted activity; 0 is "no throttle entry".
    accepted: AtomicU64,
    /// Wall milliseconds of the last activity; 0 is "never".
    active: AtomicI64,
    /// The last activity that is durable, or waits to become so; 0 is "none".
    durable: AtomicI64,
}

/// What a cell's first word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(u64);

impl Word {
    /// The last REST proof, if there was one.
    pub(crate) const fn proof(self) -> Option<Mono> {
        match self.0 >> 1 {
            0 => None,
            millis => Some(Mono::from_millis(millis)),
        }
    }

    const fn is_open(self) -> bool {
        self.0 & 1 == 1
    }

    const fn new(proof: Mono, open: bool) -> Self {
        Self(proof.as_millis() << 1 | open as u64)
    }

    /// This word with a proof at least as late as `proof`.
    const fn raised(self, proof: Mono) -> Self {
        let millis = proof.as_millis();
        if self.0 >> 1 >= millis {
            self
        } else {
            Self::new(proof, self.is_open())
        }
    }
}

impl ActivityCells {
    /// No principals yet; the table grows as they are first touched.
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
            entries: AtomicUsize::new(0),
            throttle_interval: rules.throttle_interval,
            cache_max_age: rules.cache_max_age,
            trusted_for: rules.away_after.min(rules.offline_after),
        }
    }

    /// Offers a REST activity that happened `at` (not after `now`).
    ///
    /// Never blocks, never allocates for a principal whose chunk exists.
    pub fn touch(&self, principal: PrincipalKey, at: Now, now: Now) -> Touch {
        let cell = self.cell(principal);
        let mut seen = Word(cell.word.load(Ordering::Acquire));
        loop {
            let fresh = seen
                .proof()
                .is_some_and(|proof| now.mono.since(proof) < self.trusted_for);
            if !seen.is_open() || !fresh {
                return Touch::Edge;
            }
            let raised = seen.raised(at.mono);
            match cell.word.compare_exchange_weak(
                seen.0,
                raised.0,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(other) => seen = Word(other),
            }
        }
        let moved = self.raise_active(principal, at.wall);
        match self.admit(principal, now.mono, moved) {
            Throttle::Accepted => {
                cell.durable
                    .fetch_max(at.wall.as_millis(), Ordering::AcqRel);
                Touch::Refresh
            }
            Throttle::Held => Touch::Throttled,
        }
    }

    /// Last activity of a principal, by any way.
    #[must_use]
    pub fn active_at(&self, principal: PrincipalKey) -> Option<Wall> {
        wall(&self.cell(principal).active)
    }

    /// The last activity that the store is to hold: the throttle keeps later ones in memory.
    #[must_use]
    pub fn durable_at(&self, principal: PrincipalKey) -> Option<Wall> {
        wall(&self.cell(principal).durable)
    }

    /// Lets the store hold the last activity as it is now; says whether it would not have.
    pub fn make_durable(&self, principal: PrincipalKey) -> bool {
        let cell = self.cell(principal);
        let active = cell.active.load(Ordering::Acquire);
        cell.durable.fetch_max(active, Ordering::AcqRel) < active
    }

    /// How many throttle entries live, users and guests.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    /// Drops the throttle entries among the first `principals` that are older than `cache_max_age`; returns how many.
    pub fn drop_silent(&self, principals: usize, now: Mono) -> usize {
        let mut dropped = 0;
        for index in 0..u32::try_from(principals).unwrap_or(u32::MAX) {
            let accepted = &self.cell(PrincipalKey(index)).accepted;
            let seen = accepted.load(Ordering::Relaxed);
            let silent = seen != 0 && now.since(Mono::from_millis(seen)) >= self.cache_max_age;
            let ours = |seen| {
                accepted
                    .compare_exchange(seen, 0, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            };
            if silent && ours(seen) {
                dropped += 1;
            }
        }
        self.entries.fetch_sub(dropped, Ordering::Relaxed);
        dropped
    }

    /// Moves the last activity to `wall`, unless a later one is known; says whether it moved.
    pub(crate) fn raise_active(&self, principal: PrincipalKey, wall: Wall) -> bool {
        let millis = wall.as_millis();
        self.cell(principal)
            .active
            .fetch_max(millis, Ordering::AcqRel)
            < millis
    }

    /// Moves the REST proof to `proof`, unless a later one is known.
    pub(crate) fn raise_proof(&self, principal: PrincipalKey, proof: Mono) {
        let cell = self.cell(principal);
        let mut seen = Word(cell.word.load(Ordering::Acquire));
        while let Err(other) = cell.word.compare_exchange_weak(
            seen.0,
            seen.raised(proof).0,
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            seen = Word(other);
        }
    }

    /// Empties the cell of a principal that was deleted.
    pub(crate) fn forget(&self, principal: PrincipalKey) {
        let cell = self.cell(principal);
        cell.word.store(0, Ordering::Release);
        cell.active.store(0, Ordering::Release);
        cell.durable.store(0, Ordering::Release);
        if cell.accepted.swap(0, Ordering::Relaxed) != 0 {
            self.entries.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The word as it is now, for [`Self::turn_gate`].
    pub(crate) fn word(&self, principal: PrincipalKey) -> Word {
        Word(self.cell(principal).word.load(Ordering::Acquire))
    }

    /// Opens or closes the gate, unless an activity came between `seen` and now: then the caller decides again.
    pub(crate) fn turn_gate(&self, principal: PrincipalKey, seen: Word, open: bool) -> bool {
        let turned = seen.0 & !1 | u64::from(open);
        self.cell(principal)
            .word
            .compare_exchange(seen.0, turned, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Asks the throttle about an activity that moved a time, or did not.
    pub(crate) fn admit(&self, principal: PrincipalKey, now: Mono, moved: bool) -> Throttle {
        let accepted = &self.cell(principal).accepted;
        let seen = accepted.load(Ordering::Relaxed);
        let waited = seen == 0 || now.since(Mono::from_millis(seen)) >= self.throttle_interval;
        let ours = || {
            accepted
                .compare_exchange(seen, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        if !(moved && waited && ours()) {
            return Throttle::Held;
        }
        if seen == 0 {
            self.entries.fetch_add(1, Ordering::Relaxed);
        }
        Throttle::Accepted
    }

    /// Starts the throttle's interval anew: an edge is always accepted.
    pub(crate) fn admit_edge(&self, principal: PrincipalKey, now: Mono) {
        let accepted = &self.cell(principal).accepted;
        if accepted.swap(now.as_millis(), Ordering::Relaxed) == 0 {
            self.entries.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn cell(&self, principal: PrincipalKey) -> &Cell {
        let position = principal.index() + FIRST_CHUNK;
        let chunk = (position / FIRST_CHUNK).ilog2() as usize;
        let size = FIRST_CHUNK << chunk;
        let cells = self.chunks[chunk].get_or_init(|| (0..size).map(|_| Cell::default()).collect());
        &cells[position - size]
    }
}

fn wall(word: &AtomicI64) -> Option<Wall> {
    match word.load(Ordering::Acquire) {
        0 => None,
        millis => Some(Wall::from_millis(millis)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: PrincipalKey = PrincipalKey(0);

    fn at(seconds: u64) -> Now {
        let span = Duration::from_secs(seconds);
        Now {
            mono: Mono::START + span,
            wall: Wall::from_millis(1_000_000) + span,
        }
    }

    fn open_cells() -> ActivityCells {
        let cells = ActivityCells::new(&Rules::default());
        cells.raise_proof(ALICE, at(0).mono);
        assert!(cells.turn_gate(ALICE, cells.word(ALICE), true));
        cells
    }

    #[test]
    fn an_open_gate_answers_alone_and_a_closed_one_asks_the_engine() {
        let cells = open_cells();
        assert_eq!(cells.touch(ALICE, at(1), at(1)), Touch::Refresh);
        assert_eq!(cells.touch(ALICE, at(2), at(2)), Touch::Throttled);
        assert_eq!(cells.touch(ALICE, at(61), at(61)), Touch::Refresh);
        assert!(cells.turn_gate(ALICE, cells.word(ALICE), false));
        assert_eq!(cells.touch(ALICE, at(62), at(62)), Touch::Edge);
        assert_eq!(cells.active_at(ALICE), Some(at(61).wall));
    }

    #[test]
    fn what_the_throttle_holds_back_is_not_to_be_stored() {
        let cells = open_cells();
        cells.touch(ALICE, at(1), at(1));
        cells.touch(ALICE, at(2), at(2));
        assert_eq!(cells.durable_at(ALICE), Some(at(1).wall));
        assert!(cells.make_durable(ALICE));
        assert_eq!(cells.durable_at(ALICE), Some(at(2).wall));
        assert!(!cells.make_durable(ALICE));
    }

    #[test]
    fn a_gate_does_not_close_over_an_activity_nobody_saw() {
        let cells = open_cells();
        let seen = cells.word(ALICE);
        assert_eq!(cells.touch(ALICE, at(5), at(5)), Touch::Refresh);
        assert!(!cells.turn_gate(ALICE, seen, false));
    }

    #[test]
    fn an_open_gate_is_not_trusted_past_a_possible_deadline() {
        let cells = open_cells();
        assert_eq!(cells.touch(ALICE, at(300), at(300)), Touch::Edge);
    }

    #[test]
    fn an_activity_of_the_past_moves_nothing_and_is_held() {
        let cells = open_cells();
        assert_eq!(cells.touch(ALICE, at(10), at(10)), Touch::Refresh);
        assert_eq!(cells.touch(ALICE, at(5), at(100)), Touch::Throttled);
        assert_eq!(cells.active_at(ALICE), Some(at(10).wall));
    }

    #[test]
    fn entries_are_counted_until_they_are_dropped_for_silence() {
        let cells = open_cells();
        cells.touch(ALICE, at(1), at(1));
        assert_eq!(cells.entries(), 1);
        assert_eq!(cells.drop_silent(1, at(600).mono), 0);
        assert_eq!(cells.drop_silent(1, at(601).mono), 1);
        assert_eq!(cells.entries(), 0);
    }

    #[test]
    fn cells_of_all_sizes_of_table_are_distinct() {
        let cells = ActivityCells::new(&Rules::default());
        let keys = [0, 1, 1023, 1024, 3071, 3072, 100_000];
        for (wall, key) in (1..).zip(keys) {
            cells.raise_active(PrincipalKey(key), Wall::from_millis(wall));
        }
        for (wall, key) in (1..).zip(keys) {
            assert_eq!(
                cells.active_at(PrincipalKey(key)),
                Some(Wall::from_millis(wall))
            );
        }
    }
}
