//! Random stories: who does what, and how much time passes in between.
//!
//! All times are multiples of [`GRAIN`], so that they meet the deadlines of the default rules again and again.

use core::time::Duration;

use proptest::prelude::*;
use vigie_core::{ChosenStatus, PrincipalKey};

/// Few people, so that much happens to each of them.
pub(crate) const PEOPLE: u32 = 3;

/// Device slots of each person.
pub(crate) const DEVICES: usize = 3;

pub(crate) const GRAIN: Duration = Duration::from_millis(500);

/// Longer than any story, with all its jumps of the clock, can put off a deadline.
pub(crate) const LONG: Duration = Duration::from_secs(1_000_000);

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A device connects; it may say that it had the session which its slot had last.
    Connects {
        device: usize,
        resumes: bool,
    },
    ShowsLife {
        device: usize,
    },
    Acts {
        device: usize,
    },
    GoesToTheBackground {
        device: usize,
    },
    ComesToTheForeground {
        device: usize,
    },
    Leaves {
        device: usize,
    },
    IsLost {
        device: usize,
        silence: Duration,
    },
    /// A request that began `ago`, and happens now.
    Requests {
        ago: Duration,
    },
    /// An activity of the past, as another service reports it.
    IsReported {
        ago: Duration,
    },
    IsDeclared {
        online: bool,
    },
    /// A status, a text, or neither; `lasts` is the time to its end, if it has one.
    Chooses {
        status: Option<ChosenStatus>,
        text: Option<&'static str>,
        lasts: Option<Duration>,
    },
    IsRevoked,
    TimePasses {
        span: Duration,
    },
    ProcessIsPaused {
        pause: Duration,
    },
    WallClockJumpsAhead {
        span: Duration,
    },
    WallClockJumpsBack {
        span: Duration,
    },
}

/// One step of one person; `number` is its place in the whole story.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    pub(crate) number: u64,
    pub(crate) who: PrincipalKey,
    pub(crate) step: Step,
}

impl Turn {
    /// Whether somebody's own story contains this turn: time and clocks are everybody's.
    pub(crate) fn concerns(&self, who: PrincipalKey) -> bool {
        match self.step {
            Step::TimePasses { .. }
            | Step::ProcessIsPaused { .. }
            | Step::WallClockJumpsAhead { .. }
            | Step::WallClockJumpsBack { .. } => true,
            Step::Connects { .. }
            | Step::ShowsLife { .. }
            | Step::Acts { .. }
            | Step::GoesToTheBackground { .. }
            | Step::ComesToTheForeground { .. }
            | Step::Leaves { .. }
            | Step::IsLost { .. }
            | Step::Requests { .. }
            | Step::IsReported { .. }
            | Step::IsDeclared { .. }
            | Step::Chooses { .. }
            | Step::IsRevoked => self.who == who,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Story(pub(crate) Vec<Turn>);

/// Everything happens.
pub(crate) fn story() -> impl Strategy<Value = Story> {
    told_of(prop_oneof![
        12 => people_step(),
        2 => choice_step(),
        1 => any::<bool>().prop_map(|online| Step::IsDeclared { online }),
        5 => time_step(),
        1 => clock_step(),
    ])
}

/// Clocks do not jump, the process is not paused, and no operator invents a lease that no activity proves.
pub(crate) fn calm_story() -> impl Strategy<Value = Story> {
    told_of(prop_oneof![
        12 => people_step(),
        2 => choice_step(),
        1 => Just(Step::IsDeclared { online: false }),
        5 => time_step(),
    ])
}

fn told_of(step: impl Strategy<Value = Step>) -> impl Strategy<Value = Story> {
    let turn = ((0..PEOPLE).prop_map(PrincipalKey), step);
    proptest::collection::vec(turn, 1..80).prop_map(|turns| {
        let numbered = (1..).zip(turns);
        let turn = |(number, (who, step))| Turn { number, who, step };
        Story(numbered.map(turn).collect())
    })
}

fn people_step() -> impl Strategy<Value = Step> {
    let device = 0..DEVICES;
    prop_oneof![
        4 => (device.clone(), any::<bool>())
            .prop_map(|(device, resumes)| Step::Connects { device, resumes }),
        1 => device.clone().prop_map(|device| Step::ShowsLife { device }),
        2 => device.clone().prop_map(|device| Step::Acts { device }),
        1 => device.clone().prop_map(|device| Step::GoesToTheBackground { device }),
        1 => device.clone().prop_map(|device| Step::ComesToTheForeground { device }),
        2 => device.clone().prop_map(|device| Step::Leaves { device }),
        3 => (device, grains(40)).prop_map(|(device, silence)| Step::IsLost { device, silence }),
        3 => Just(Step::Requests { ago: Duration::ZERO }),
        2 => grains(20).prop_map(|ago| Step::Requests { ago }),
        2 => grains(700).prop_map(|ago| Step::IsReported { ago }),
        1 => Just(Step::IsRevoked),
    ]
}

fn choice_step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![
        1 => Just(None),
        1 => Just(Some(ChosenStatus::Away)),
        1 => Just(Some(ChosenStatus::Busy)),
        3 => Just(Some(ChosenStatus::Invisible)),
    ];
    let text = proptest::option::of(prop_oneof![Just("on a train"), Just("on a bus")]);
    let lasts = proptest::option::of(grains(600));
    (status, text, lasts).prop_map(|(status, text, lasts)| Step::Chooses {
        status,
        text,
        lasts,
    })
}

fn time_step() -> impl Strategy<Value = Step> {
    let span = prop_oneof![grains(4), grains(12), grains(150), grains(700)];
    span.prop_map(|span| Step::TimePasses { span })
}

fn clock_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        grains(200).prop_map(|pause| Step::ProcessIsPaused { pause }),
        grains(20_000).prop_map(|span| Step::WallClockJumpsAhead { span }),
        grains(20_000).prop_map(|span| Step::WallClockJumpsBack { span }),
    ]
}

fn grains(most: u32) -> impl Strategy<Value = Duration> {
    (0..=most).prop_map(|count| count * GRAIN)
}
