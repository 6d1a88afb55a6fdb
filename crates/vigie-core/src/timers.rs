//! One deadline per principal, on a hierarchical timing wheel.
//!
//! In: a key and its deadline, replacing the one it had.
//! Out: due keys, earliest slot first, and the instant before which nothing is due.
//! Always true: setting, clearing and firing cost the same with ten keys and with ten million.
//!
//! Six wheels of 64 slots: the first counts milliseconds, each next one 64 times coarser.
//! A key sits in the wheel where its deadline first differs from the wheel's time, and moves inward as its slot comes up.
//! The idea is Varghese and Lauck's ("Hashed and Hierarchical Timing Wheels", 1987).

use crate::principal::PrincipalKey;
use crate::time::Mono;

/// Slots a wheel; one bit each in a word.
const SLOTS: usize = 64;

/// Bits of a deadline that one wheel looks at.
const BITS: u32 = SLOTS.trailing_zeros();

/// Wheels: 64^7 ms is about 139 years, beyond any deadline.
const WHEELS: usize = 7;

const NONE: u32 = u32::MAX;

/// The deadlines of all principals.
#[derive(Debug)]
pub(crate) struct Timers {
    wheels: [Wheel; WHEELS],
    entries: Vec<Entry>,
    /// Everything due before this instant has been taken.
    elapsed: u64,
}

#[derive(Debug, Clone, Copy)]
struct Wheel {
    occupied: u64,
    heads: [u32; SLOTS],
    tails: [u32; SLOTS],
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Milliseconds; 0 is "not set".
    deadline: u64,
    next: u32,
    previous: u32,
    wheel: u8,
    slot: u8,
}

impl Entry {
    const UNSET: Self = Self {
        deadline: 0,
        next: NONE,
        previous: NONE,
        wheel: 0,
        slot: 0,
    };
}

impl Timers {
    pub(crate) fn new() -> Self {
        let wheel = Wheel {
            occupied: 0,
            heads: [NONE; SLOTS],
            tails: [NONE; SLOTS],
        };
        Self {
            wheels: [wheel; WHEELS],
            entries: Vec::new(),
            elapsed: 0,
        }
    }

    /// Sets, moves or clears the deadline of `key`.
    pub(crate) fn set(&mut self, key: PrincipalKey, deadline: Option<Mono>) {
        if self.entries.len() <= key.index() {
            if deadline.is_none() {
                return;
            }
            self.entries.resize(key.index() + 1, Entry::UNSET);
        }
        // A deadline in the past fires at once; 0 is kept for "not set".
        let wanted = deadline.map_or(0, |deadline| deadline.as_millis().max(self.elapsed).max(1));
        if self.entries[key.index()].deadline == wanted {
            return;
        }
        self.unlink(key.0);
        self.entries[key.index()].deadline = wanted;
        if wanted != 0 {
            self.link(key.0);
        }
    }

    /// An instant before which nothing is due; `None` when no deadline is set.
    pub(crate) fn next(&self) -> Option<Mono> {
        self.next_slot()
            .map(|(_, _, start)| Mono::from_millis(start.max(self.elapsed)))
    }

    /// Takes one key whose deadline is not after `now`.
    ///
    /// Each step, a key taken or moved inward, costs one of `budget`; with none left it stops early, and [`Self::next`] is still due.
    pub(crate) fn pop_due(&mut self, now: Mono, budget: &mut usize) -> Option<PrincipalKey> {
        while *budget > 0 {
            let due = self
                .next_slot()
                .filter(|(_, _, start)| *start <= now.as_millis());
            let Some((wheel, slot, start)) = due else {
                self.elapsed = self.elapsed.max(now.as_millis());
                return None;
            };
            *budget -= 1;
            self.elapsed = self.elapsed.max(start);
            let key = self.wheels[wheel].heads[slot];
            self.unlink(key);
            if wheel == 0 {
                self.entries[key as usize].deadline = 0;
                return Some(PrincipalKey(key));
            }
            self.link(key);
        }
        None
    }

    /// The occupied slot that begins first, and the instant; of two that begin together the coarser one, for its keys may be due as early.
    fn next_slot(&self) -> Option<(usize, usize, u64)> {
        (0..WHEELS)
            .rev()
            .filter_map(|wheel| {
                let occupied = self.wheels[wheel].occupied;
                if occupied == 0 {
                    return None;
                }
                let shift = BITS * wheel as u32;
                let here = (self.elapsed >> shift) as usize % SLOTS;
                // Slots behind the present one are empty: time does not pass an occupied slot.
                let ahead = occupied.rotate_right(here as u32).trailing_zeros() as usize;
                let slot = (here + ahead) % SLOTS;
                let start = ((self.elapsed >> shift) + ahead as u64) << shift;
                Some((wheel, slot, start))
            })
            .min_by_key(|(_, _, start)| *start)
    }

    fn link(&mut self, key: u32) {
        let deadline = self.entries[key as usize].deadline;
        let differs = deadline ^ self.elapsed;
        let wheel = match differs {
            0 => 0,
            _ => (63 - differs.leading_zeros()) / BITS,
        } as usize;
        let wheel = wheel.min(WHEELS - 1);
        let slot = (deadline >> (BITS * wheel as u32)) as usize % SLOTS;
        let tail = self.wheels[wheel].tails[slot];
        let entry = &mut self.entries[key as usize];
        entry.wheel = wheel as u8;
        entry.slot = slot as u8;
        entry.previous = tail;
        entry.next = NONE;
        match tail {
            NONE => self.wheels[wheel].heads[slot] = key,
            tail => self.entries[tail as usize].next = key,
        }
        self.wheels[wheel].tails[slot] = key;
        self.wheels[wheel].occupied |= 1 << slot;
    }

    fn unlink(&mut self, key: u32) {
        let entry = self.entries[key as usize];
        if entry.deadline == 0 {
            return;
        }
        let wheel = &mut self.wheels[usize::from(entry.wheel)];
        let slot = usize::from(entry.slot);
        match entry.previous {
            NONE => wheel.heads[slot] = entry.next,
            previous => self.entries[previous as usize].next = entry.next,
        }
        match entry.next {
            NONE => wheel.tails[slot] = entry.previous,
            next => self.entries[next as usize].previous = entry.previous,
        }
        if wheel.heads[slot] == NONE {
            wheel.occupied &= !(1 << slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Set(u32, u64),
        Clear(u32),
        Advance(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0_u32..20, prop_oneof![0_u64..10, 0_u64..5_000, 0_u64..3_000_000])
                .prop_map(|(key, ahead)| Step::Set(key, ahead)),
            1 => (0_u32..20).prop_map(Step::Clear),
            3 => prop_oneof![0_u64..3, 0_u64..500, 0_u64..1_000_000].prop_map(Step::Advance),
        ];
        proptest::collection::vec(step, 1..200)
    }

    proptest! {
        #[test]
        fn the_wheel_agrees_with_a_sorted_set(steps in steps()) {
            let mut timers = Timers::new();
            let mut model: BTreeSet<(u64, u32)> = BTreeSet::new();
            let mut now = Mono::START.as_millis();
            for step in steps {
                match step {
                    Step::Set(key, ahead) => {
                        model.retain(|(_, other)| *other != key);
                        model.insert((now + ahead, key));
                        timers.set(PrincipalKey(key), Some(Mono::from_millis(now + ahead)));
                    }
                    Step::Clear(key) => {
                        model.retain(|(_, other)| *other != key);
                        timers.set(PrincipalKey(key), None);
                    }
                    Step::Advance(by) => {
                        now += by;
                        let due: BTreeSet<_> =
                            model.iter().filter(|(at, _)| *at <= now).copied().collect();
                        model.retain(|entry| !due.contains(entry));
                        let mut fired = BTreeSet::new();
                        while let Some(key) = timers.pop_due(Mono::from_millis(now), &mut 1_000) {
                            prop_assert!(fired.insert(key.0));
                        }
                        prop_assert_eq!(fired, due.into_iter().map(|(_, key)| key).collect());
                    }
                }
                let first = model.first().map(|(at, _)| *at);
                match (timers.next(), first) {
                    (None, None) => {}
                    (Some(next), Some(first)) => prop_assert!(next.as_millis() <= first),
                    (next, first) => prop_assert!(false, "{next:?} instead of {first:?}"),
                }
            }
        }
    }

    #[test]
    fn waking_at_every_announced_instant_reaches_a_far_deadline_in_few_steps() {
        let mut timers = Timers::new();
        timers.pop_due(Mono::START, &mut 1);
        let far = Mono::from_millis(Mono::START.as_millis() + 86_400_123);
        timers.set(PrincipalKey(3), Some(far));
        let mut wakes = 0;
        let mut fired = None;
        while let Some(next) = timers.next() {
            wakes += 1;
            if let Some(key) = timers.pop_due(next, &mut 1) {
                fired = Some((key, next));
            }
        }
        assert_eq!(fired, Some((PrincipalKey(3), far)));
        assert!(wakes <= WHEELS, "{wakes} wakes");
    }
}
