//! Which edges were due, which were told, and what does not match. Pure: time is an argument.
//!
//! In: an edge expected before each join and leave, and everything the watcher was told.
//! Out: a verdict at once (the player waits for it), and the whole ledger at the end.
//! Per person only the newest expected edge is open: the player plays nothing more before it is
//! settled, so what comes while none is open is false.

use std::time::{Duration, Instant};

use jiff::Timestamp;

pub(super) use shared::Shared;

mod shared;

/// Index of a person in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PersonIndex(pub(super) usize);

/// Index of an expected edge in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EdgeIndex(usize);

/// What was done to cause an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Join,
    CleanLeave,
    AbruptLeave,
}

impl Cause {
    fn leads_online(self) -> bool {
        match self {
            Self::Join => true,
            Self::CleanLeave | Self::AbruptLeave => false,
        }
    }
}

/// An edge that the watcher must be told.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) person: PersonIndex,
    pub(super) cause: Cause,
    /// Its instant in the trace.
    pub(super) at: Timestamp,
    /// When its cause began.
    pub(super) began: Instant,
    /// False for people online at the start, and inside gaps.
    pub(super) is_scored: bool,
    pub(super) fate: Fate,
}

/// What became of an expected edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Not told yet; missed when it stays so.
    Open,
    /// Told this long after its cause began.
    Seen(Duration),
    /// Told, and thrown away on purpose.
    Dropped,
}

/// One statement about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) person: PersonIndex,
    pub(super) is_online: bool,
    /// The finer availability, where it is told.
    pub(super) status: Option<String>,
    pub(super) origin: Origin,
}

/// By which event a statement came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// `presence:snapshot`: a state, which may repeat what is known.
    Snapshot,
    /// `user:status`: a change, which may not.
    Change,
}

/// What a statement was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The edge that was due.
    Due,
    /// No edge: away and back, or a snapshot that repeats what is known.
    NoEdge,
    /// An edge that nobody caused, or a change that changes nothing.
    False,
}

/// A false edge, with what can be said about it.
#[derive(Debug, Clone)]
pub(super) struct FalseEdge {
    pub(super) person: PersonIndex,
    pub(super) is_online: bool,
    /// The watcher knew exactly this already.
    pub(super) is_repeat: bool,
    /// The person's newest expected edge, by its instant in the trace.
    pub(super) after: Option<Timestamp>,
}

/// Everything expected and everything told so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) expected: Vec<Expected>,
    pub(super) false_edges: Vec<FalseEdge>,
    newest: Vec<Option<EdgeIndex>>,
    shown: Vec<Shown>,
}

/// What the watcher knows of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Shown {
    is_online: bool,
    status: Option<String>,
}

impl Ledger {
    /// A ledger of so many people, all of them offline.
    pub(super) fn new(people: usize) -> Self {
        Self {
            newest: vec![None; people],
            shown: vec![Shown::default(); people],
            ..Self::default()
        }
    }

    /// Notes that an edge is due from `began` on. The person's edge before it is closed.
    pub(super) fn expect(
        &mut self,
        person: PersonIndex,
        cause: Cause,
        at: Timestamp,
        is_scored: bool,
        began: Instant,
    ) -> EdgeIndex {
        let edge = EdgeIndex(self.expected.len());
        self.expected.push(Expected {
            person,
            cause,
            at,
            began,
            is_scored,
            fate: Fate::Open,
        });
        self.newest[person.0] = Some(edge);
        edge
    }

    /// True once the edge was told to a watcher that kept it.
    pub(super) fn is_seen(&self, edge: EdgeIndex) -> bool {
        matches!(self.expected[edge.0].fate, Fate::Seen(_))
    }

    /// True when this statement would settle an open edge that is scored.
    pub(super) fn would_score(&self, told: &Told) -> bool {
        self.due(told)
            .is_some_and(|edge| self.expected[edge.0].is_scored)
    }

    /// Takes in what the watcher was told at `now`.
    pub(super) fn tell(&mut self, told: Told, now: Instant) -> Verdict {
        let due = self.due(&told);
        let newest = self.newest[told.person.0];
        let known = &mut self.shown[told.person.0];
        let new = Shown {
            is_online: told.is_online,
            status: told.status,
        };
        let is_edge = new.is_online != known.is_online;
        let is_repeat = new == *known;
        *known = new;
        if let Some(edge) = due {
            let expected = &mut self.expected[edge.0];
            expected.fate = Fate::Seen(now.saturating_duration_since(expected.began));
            return Verdict::Due;
        }
        let is_false = match told.origin {
            Origin::Snapshot => is_edge,
            Origin::Change => is_edge || is_repeat,
        };
        if !is_false {
            return Verdict::NoEdge;
        }
        self.false_edges.push(FalseEdge {
            person: told.person,
            is_online: told.is_online,
            is_repeat,
            after: newest.map(|edge| self.expected[edge.0].at),
        });
        Verdict::False
    }

    /// Throws a due statement away on purpose: its edge stays unseen. What comes later is still
    /// compared with what was said, since the server said it.
    pub(super) fn drop_due(&mut self, told: Told) {
        if let Some(edge) = self.due(&told) {
            self.expected[edge.0].fate = Fate::Dropped;
            self.shown[told.person.0] = Shown {
                is_online: told.is_online,
                status: told.status,
            };
        }
    }

    fn due(&self, told: &Told) -> Option<EdgeIndex> {
        let edge = self.newest[told.person.0]?;
        let expected = &self.expected[edge.0];
        let is_due = expected.fate == Fate::Open && expected.cause.leads_online() == told.is_online;
        is_due.then_some(edge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: PersonIndex = PersonIndex(0);
    const BOB: PersonIndex = PersonIndex(1);

    fn expect(ledger: &mut Ledger, person: PersonIndex, cause: Cause) -> EdgeIndex {
        ledger.expect(person, cause, Timestamp::UNIX_EPOCH, true, Instant::now())
    }

    fn told(person: PersonIndex, status: &str, origin: Origin) -> Told {
        Told {
            person,
            is_online: status != "offline",
            status: Some(status.to_owned()),
            origin,
        }
    }

    fn change(ledger: &mut Ledger, person: PersonIndex, status: &str) -> Verdict {
        ledger.tell(told(person, status, Origin::Change), Instant::now())
    }

    fn snapshot(ledger: &mut Ledger, person: PersonIndex, status: &str) -> Verdict {
        ledger.tell(told(person, status, Origin::Snapshot), Instant::now())
    }

    #[test]
    fn an_expected_edge_is_seen_once_with_its_delay() {
        let mut ledger = Ledger::new(2);
        let began = Instant::now();
        let edge = ledger.expect(ALICE, Cause::Join, Timestamp::UNIX_EPOCH, true, began);
        assert!(!ledger.is_seen(edge));
        let late = Duration::from_millis(70);
        let online = told(ALICE, "online", Origin::Change);
        assert_eq!(ledger.tell(online.clone(), began + late), Verdict::Due);
        assert!(ledger.is_seen(edge));
        assert_eq!(ledger.expected[0].fate, Fate::Seen(late));
        assert_eq!(ledger.tell(online, began + late), Verdict::False);
        assert!(ledger.false_edges[0].is_repeat);
    }

    #[test]
    fn edges_of_one_person_do_not_settle_anothers() {
        let mut ledger = Ledger::new(2);
        let edge = expect(&mut ledger, ALICE, Cause::Join);
        assert_eq!(change(&mut ledger, BOB, "online"), Verdict::False);
        assert!(!ledger.is_seen(edge));
    }

    #[test]
    fn edges_that_nobody_caused_are_false() {
        let mut ledger = Ledger::new(2);
        assert_eq!(change(&mut ledger, ALICE, "online"), Verdict::False);
        expect(&mut ledger, BOB, Cause::Join);
        assert_eq!(change(&mut ledger, BOB, "online"), Verdict::Due);
        assert_eq!(change(&mut ledger, BOB, "offline"), Verdict::False);
        assert_eq!(change(&mut ledger, BOB, "online"), Verdict::False);
        assert_eq!(ledger.false_edges.len(), 3);
        assert!(ledger.false_edges.iter().all(|edge| !edge.is_repeat));
    }

    #[test]
    fn away_and_back_is_no_edge() {
        let mut ledger = Ledger::new(2);
        expect(&mut ledger, ALICE, Cause::Join);
        assert_eq!(change(&mut ledger, ALICE, "online"), Verdict::Due);
        assert_eq!(change(&mut ledger, ALICE, "away"), Verdict::NoEdge);
        assert_eq!(change(&mut ledger, ALICE, "online"), Verdict::NoEdge);
        expect(&mut ledger, ALICE, Cause::AbruptLeave);
        assert_eq!(change(&mut ledger, ALICE, "away"), Verdict::NoEdge);
        assert_eq!(change(&mut ledger, ALICE, "offline"), Verdict::Due);
    }

    #[test]
    fn a_snapshot_may_repeat_but_not_contradict() {
        let mut ledger = Ledger::new(2);
        assert_eq!(snapshot(&mut ledger, ALICE, "offline"), Verdict::NoEdge);
        expect(&mut ledger, ALICE, Cause::Join);
        assert_eq!(snapshot(&mut ledger, ALICE, "online"), Verdict::Due);
        assert_eq!(snapshot(&mut ledger, ALICE, "online"), Verdict::NoEdge);
        assert_eq!(snapshot(&mut ledger, ALICE, "offline"), Verdict::False);
    }

    #[test]
    fn a_lost_edge_stays_missed_and_does_not_make_the_next_one_false() {
        let mut ledger = Ledger::new(2);
        expect(&mut ledger, ALICE, Cause::Join);
        let online = told(ALICE, "online", Origin::Change);
        assert!(ledger.would_score(&online));
        ledger.drop_due(online.clone());
        assert!(!ledger.would_score(&online));
        assert_eq!(change(&mut ledger, ALICE, "away"), Verdict::NoEdge);
        expect(&mut ledger, ALICE, Cause::CleanLeave);
        assert_eq!(change(&mut ledger, ALICE, "offline"), Verdict::Due);
        let fates: Vec<_> = ledger.expected.iter().map(|edge| edge.fate).collect();
        assert!(matches!(fates[..], [Fate::Dropped, Fate::Seen(_)]));
        assert!(ledger.false_edges.is_empty());
    }

    #[test]
    fn an_edge_told_after_the_next_one_began_is_false_and_missed() {
        let mut ledger = Ledger::new(2);
        let join = expect(&mut ledger, ALICE, Cause::Join);
        expect(&mut ledger, ALICE, Cause::CleanLeave);
        assert_eq!(change(&mut ledger, ALICE, "online"), Verdict::False);
        assert!(!ledger.is_seen(join));
        assert_eq!(change(&mut ledger, ALICE, "offline"), Verdict::Due);
    }
}
