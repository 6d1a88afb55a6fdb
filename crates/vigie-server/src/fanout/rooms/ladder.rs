//! How much of a conversation its viewers are told, by what it would cost.
//!
//! In: how many members a conversation has, and how many sockets look at its presence. Out: a rung, from everything to counts alone.
//! Always true: where a conversation stays at a border, a view of it stays on its rung; it climbs above a limit and comes down at four fifths of it.

/// Milliseconds between two rounds of changes above the lowest rung: what a person reading along still calls at once.
pub(super) const ROUND_MILLIS: u64 = 1_000;

/// A rung is left downwards when no more than this many hundredths of its limit are left.
const DOWN_AT: usize = 80;

/// What the viewers of a conversation are told, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rung {
    /// Every change as it comes.
    Full,
    /// Every change, once a second.
    Batched,
    /// The first of those who are present, and those asked for; once a second.
    Window,
    /// How many there are; once a second.
    Count,
}

impl Rung {
    /// The word of the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Batched => "batched",
            Self::Window => "window",
            Self::Count => "count",
        }
    }
}

/// Where the rungs begin and end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ladder {
    /// Most members of whom every change is told as it comes: each costs a write to each of as many viewers.
    pub(super) full: usize,
    /// Most members of whom every change is told at all, `audience_limit`.
    pub(super) batched: usize,
    /// Most viewers that are told more than counts.
    pub(super) viewers: usize,
}

impl Ladder {
    /// The rung of a view that was on the rung `before`.
    pub(super) fn rung(self, before: Option<Rung>, members: usize, viewers: usize) -> Rung {
        let is_above = |count: usize, limit: usize, was_above: bool| {
            count > limit || was_above && count * 100 > limit * DOWN_AT
        };
        let stood = |at_least: Rung, at_most: Rung| {
            before.is_some_and(|rung| (at_least..=at_most).contains(&rung))
        };
        if is_above(viewers, self.viewers, stood(Rung::Count, Rung::Count)) {
            Rung::Count
        } else if is_above(members, self.batched, stood(Rung::Window, Rung::Window)) {
            Rung::Window
        } else if is_above(members, self.full, stood(Rung::Batched, Rung::Window)) {
            Rung::Batched
        } else {
            Rung::Full
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_climbs_above_a_limit_and_comes_down_at_four_fifths() {
        use Rung::{Batched, Count, Full, Window};
        let ladder = Ladder {
            full: 100,
            batched: 1_000,
            viewers: 50,
        };
        let check = |before, members, viewers, expected| {
            let rung = ladder.rung(before, members, viewers);
            assert_eq!(rung, expected, "{before:?} {members} {viewers}");
        };
        check(None, 0, 0, Full);
        check(None, 100, 50, Full);
        check(None, 101, 50, Batched);
        check(None, 1_000, 1, Batched);
        check(None, 1_001, 1, Window);
        check(None, 1_000_000, 51, Count);
        check(None, 2, 51, Count);
        // Up, and down at the border's other side.
        check(Some(Full), 100, 1, Full);
        check(Some(Full), 101, 1, Batched);
        check(Some(Batched), 100, 1, Batched);
        check(Some(Batched), 81, 1, Batched);
        check(Some(Batched), 80, 1, Full);
        check(Some(Window), 801, 1, Window);
        check(Some(Window), 800, 1, Batched);
        check(Some(Window), 81, 1, Batched);
        check(Some(Window), 80, 1, Full);
        check(Some(Count), 1_000_000, 41, Count);
        check(Some(Count), 1_000_000, 40, Window);
        // Who comes down from counts stands where the size alone would put it.
        check(Some(Count), 900, 40, Batched);
        check(Some(Count), 90, 40, Full);
    }

    #[test]
    fn a_conversation_at_a_border_does_not_flip() {
        let ladder = Ladder {
            full: 10,
            batched: 100,
            viewers: 10,
        };
        for (one, other) in [(10, 11), (9, 11), (100, 101), (85, 101)] {
            let mut rung = None;
            let mut turns = 0;
            for step in 0..20 {
                let members = if step % 2 == 0 { one } else { other };
                let next = ladder.rung(rung, members, 1);
                turns += usize::from(rung.is_some_and(|rung| rung != next));
                rung = Some(next);
            }
            assert!(turns <= 1, "{one} and {other}: {turns} turns");
        }
    }
}
