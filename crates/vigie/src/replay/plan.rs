//! From a trace to what each person will do: pure, and the same for the same input.
//!
//! In: events from the trace's beginning, a window, gaps, and how sessions end.
//! Out: a [`Plan`] in which every person's steps alternate: join, activities, leave, join, …

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::gaps::Gaps;
use super::trace::{Kind, TraceEvent};
use crate::cli::Usage;

/// What part of the trace is played: from (included) to (excluded); `None` is the trace's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

/// How sessions end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endings {
    /// Share of sessions that end without a goodbye, 0 to 1.
    pub(super) abrupt_share: f64,
    /// Chooses which.
    pub(super) seed: u64,
}

/// What a person does at one instant of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Join,
    LeaveCleanly,
    LeaveAbruptly,
    BeActive,
}

/// One act with its instant in the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Timestamp,
    pub(super) act: Act,
    /// False inside a gap.
    pub(super) is_scored: bool,
}

/// One person of the trace who is online at some time in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// The name in the trace.
    pub(super) name: String,
    pub(super) is_online_at_start: bool,
    pub(super) steps: Vec<Step>,
}

/// Everything that will be played.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) from: Timestamp,
    /// The window's end, or the last event.
    pub(super) to: Timestamp,
    /// In order of name.
    pub(super) people: Vec<Person>,
    /// Events inside the window that contradict the ones before (a leave of someone absent).
    pub(super) contradictions: u64,
}

impl Plan {
    /// Time in the trace from the window's start to its end.
    pub(super) fn span(&self) -> Duration {
        Duration::try_from(self.to.duration_since(self.from)).unwrap_or_default()
    }

    /// How many acts there are.
    pub(super) fn steps(&self) -> usize {
        self.people.iter().map(|person| person.steps.len()).sum()
    }
}

/// What is known of one user while the trace is read.
#[derive(Default)]
struct Track {
    is_online: bool,
    is_online_at_start: bool,
    steps: Vec<Step>,
    leaves: u64,
}

impl Track {
    /// An event before the window only tells who is online when it opens.
    fn remember(&mut self, kind: Kind) {
        match kind {
            Kind::Join => self.is_online = true,
            Kind::Leave => self.is_online = false,
            Kind::Activity => {}
        }
        self.is_online_at_start = self.is_online;
    }

    /// An event of the window becomes a step, unless it contradicts the ones before.
    fn play(&mut self, event: &TraceEvent, gaps: &Gaps, endings: Endings) -> bool {
        if self.is_online == (event.kind == Kind::Join) {
            return false;
        }
        let act = match event.kind {
            Kind::Join => Act::Join,
            Kind::Activity => Act::BeActive,
            Kind::Leave => {
                self.leaves += 1;
                if endings.is_abrupt(&event.user, self.leaves) {
                    Act::LeaveAbruptly
                } else {
                    Act::LeaveCleanly
                }
            }
        };
        self.is_online = event.kind != Kind::Leave;
        self.steps.push(Step {
            at: event.at,
            act,
            is_scored: gaps.scores(event.at),
        });
        true
    }
}

impl Endings {
    /// Whether this user's nth leave is abrupt: a coin that depends on nothing but its input.
    fn is_abrupt(self, user: &str, leave: u64) -> bool {
        // FNV-1a gathers the input, the finaliser of SplitMix64 spreads it.
        let input = user.bytes().chain(leave.to_le_bytes());
        let mut mixed = input.fold(0xcbf2_9ce4_8422_2325 ^ self.seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // 53 bits make an exact number from 0 (included) to 1 (excluded).
        ((mixed >> 11) as f64) / ((1_u64 << 53) as f64) < self.abrupt_share
    }
}

/// Makes the plan from a whole trace, which is read from its beginning.
///
/// # Errors
/// [`Usage`] when the trace cannot be read or nobody is online in the window.
pub(super) fn make(
    trace: impl Iterator<Item = anyhow::Result<TraceEvent>>,
    window: Window,
    gaps: &Gaps,
    endings: Endings,
) -> anyhow::Result<Plan> {
    if let (Some(from), Some(to)) = (window.from, window.to)
        && from >= to
    {
        return Err(Usage(format!("--from {from} is not before --to {to}")).into());
    }
    let mut tracks: HashMap<String, Track> = HashMap::new();
    let mut from = window.from;
    let mut last = None;
    let mut contradictions = 0;
    for event in trace {
        let event = event?;
        if window.to.is_some_and(|to| event.at >= to) {
            break;
        }
        last = Some(event.at);
        let track = tracks.entry(event.user.clone()).or_default();
        if event.at < *from.get_or_insert(event.at) {
            track.remember(event.kind);
        } else if !track.play(&event, gaps, endings) {
            contradictions += 1;
        }
    }
    let from = from.unwrap_or_default();
    let mut people: Vec<Person> = tracks
        .into_iter()
        .filter(|(_, track)| track.is_online_at_start || !track.steps.is_empty())
        .map(|(name, track)| Person {
            name,
            is_online_at_start: track.is_online_at_start,
            steps: track.steps,
        })
        .collect();
    if people.is_empty() {
        return Err(Usage("nobody is online in this window of the trace".to_owned()).into());
    }
    people.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Plan {
        from,
        to: window.to.or(last).unwrap_or(from),
        people,
        contradictions,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    const POLITE: Endings = Endings {
        abrupt_share: 0.0,
        seed: 1,
    };

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    /// Each word is `minute:user:event`.
    fn plan(trace: &str, from: Option<i64>, to: Option<i64>, endings: Endings) -> Plan {
        let events = trace.split_whitespace().map(|word| {
            let parts: Vec<&str> = word.split(':').collect();
            Ok(TraceEvent {
                at: at(parts[0].parse().unwrap()),
                user: parts[1].to_owned(),
                kind: match parts[2] {
                    "join" => Kind::Join,
                    "leave" => Kind::Leave,
                    _ => Kind::Activity,
                },
            })
        });
        let window = Window {
            from: from.map(at),
            to: to.map(at),
        };
        make(events, window, &Gaps::default(), endings).unwrap()
    }

    fn acts(person: &Person) -> Vec<Act> {
        person.steps.iter().map(|step| step.act).collect()
    }

    #[test]
    fn who_joined_before_the_window_is_online_when_it_opens() {
        let plan = plan(
            "0:early:join 1:gone:join 2:gone:leave 5:early:leave 6:late:join 9:never:join",
            Some(5),
            Some(9),
            POLITE,
        );
        let names: Vec<_> = plan
            .people
            .iter()
            .map(|person| (person.name.as_str(), person.is_online_at_start))
            .collect();
        assert_eq!(names, [("early", true), ("late", false)]);
        assert_eq!(acts(&plan.people[0]), [Act::LeaveCleanly]);
        assert_eq!(acts(&plan.people[1]), [Act::Join]);
        assert_eq!(plan.span(), Duration::from_secs(4 * 60));
    }

    #[test]
    fn who_stays_all_through_the_window_is_in_it_without_a_step() {
        let plan = plan("0:a:join 1:b:join 9:a:leave", Some(2), Some(5), POLITE);
        assert_eq!(plan.people.len(), 2);
        assert_eq!(plan.steps(), 0);
    }

    #[test]
    fn contradictions_are_counted_and_not_played() {
        let plan = plan(
            "0:a:leave 1:a:activity 2:a:join 3:a:join 4:a:activity 5:a:leave 6:a:leave",
            None,
            None,
            POLITE,
        );
        let expected = [Act::Join, Act::BeActive, Act::LeaveCleanly];
        assert_eq!(acts(&plan.people[0]), expected);
        assert_eq!(plan.contradictions, 4);
        assert_eq!((plan.from, plan.to), (at(0), at(6)));
    }

    #[test]
    fn the_abrupt_share_is_met_and_repeatable() {
        let trace: String = (0..1000)
            .map(|n| format!("{n}:u{}:join {n}:u{}:leave ", n % 7, n % 7))
            .collect();
        let abrupt = |share: f64, seed| {
            let endings = Endings {
                abrupt_share: share,
                seed,
            };
            let plan = plan(&trace, None, None, endings);
            let steps = plan.people.into_iter().flat_map(|person| person.steps);
            steps
                .map(|step| step.act == Act::LeaveAbruptly)
                .collect::<Vec<_>>()
        };
        let count = |share| abrupt(share, 1).iter().filter(|&&is| is).count();
        assert_eq!(count(0.0), 0);
        assert_eq!(count(1.0), 1000);
        assert!((250..350).contains(&count(0.3)), "{}", count(0.3));
        assert_eq!(abrupt(0.3, 1), abrupt(0.3, 1));
        assert_ne!(abrupt(0.3, 1), abrupt(0.3, 2));
    }

    #[test]
    fn an_empty_window_is_a_usage_error() {
        let window = |from, to| Window {
            from: Some(at(from)),
            to: Some(at(to)),
        };
        for window in [window(1, 2), window(2, 2), window(3, 2)] {
            let error = make(std::iter::empty(), window, &Gaps::default(), POLITE).unwrap_err();
            assert!(error.is::<Usage>());
        }
    }
}
