//! How much time passes in a story: a number, or until something is just about due, is due, or was due a moment ago.

use core::time::Duration;

use vigie_core::{Mono, Wall};

use super::Story;
use crate::world::World;

/// A span of this many bytes in milliseconds: up to four and a half hours.
const SPAN_WIDTH: usize = 3;

/// A jump of this many bytes in milliseconds: up to 34 years.
const JUMP_WIDTH: usize = 5;

/// A stop of at most so many milliseconds is not reported.
const UNNOTICED_MILLIS: u64 = 2_000;

/// The wall clock is never set back to before 1970-01-03: activities may be reported as of a day before.
const EARLIEST_MILLIS: i64 = 2 * 86_400_000;

/// Where a span leads, beside the instant that it aims at.
#[derive(Debug, Clone, Copy)]
enum Aim {
    At,
    Before,
    After,
}

const AIMS: [Aim; 3] = [Aim::At, Aim::Before, Aim::After];

/// How a span is said.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    Millis,
    Seconds,
    Long,
    UntilAnInstant,
}

const SPELLINGS: [Spelling; 4] = [
    Spelling::Millis,
    Spelling::Seconds,
    Spelling::Long,
    Spelling::UntilAnInstant,
];

impl Story<'_> {
    /// A span from now on.
    pub(super) fn span(&mut self, world: &World) -> Option<Duration> {
        let now = world.now().mono;
        Some(match self.bytes.pick(&SPELLINGS)? {
            Spelling::Millis => Duration::from_millis(self.bytes.byte()?.into()),
            Spelling::Seconds => Duration::from_secs(self.bytes.byte()?.into()),
            Spelling::Long => Duration::from_millis(self.bytes.number(SPAN_WIDTH)?),
            Spelling::UntilAnInstant => {
                let mut instants = world.reference().instants(self.somebody()?);
                instants.retain(|at| *at > now);
                let aim = self.bytes.pick(&AIMS)?;
                let number = usize::from(self.bytes.byte()?);
                match number.checked_rem(instants.len()) {
                    Some(index) => aim.beside(instants[index].since(now)),
                    None => Duration::ZERO,
                }
            }
        })
    }

    /// A span back from now, often to just about an earlier step.
    pub(super) fn past(&mut self, now: Mono) -> Option<Duration> {
        Some(match self.bytes.pick(&SPELLINGS)? {
            Spelling::Millis => Duration::from_millis(self.bytes.byte()?.into()),
            Spelling::Seconds => Duration::from_secs(self.bytes.byte()?.into()),
            Spelling::Long => Duration::from_millis(self.bytes.number(SPAN_WIDTH)?),
            Spelling::UntilAnInstant => {
                let aim = self.bytes.pick(&AIMS)?;
                let back = usize::from(self.bytes.byte()?);
                let moment = self.moments.iter().rev().nth(back);
                aim.beside(now.since(*moment.unwrap_or(&now)))
            }
        })
    }

    /// By how much the wall clock is set, in milliseconds; never back to 1970, before which there are no times.
    pub(super) fn jump(&mut self, now: Wall) -> Option<i64> {
        let width = self.bytes.pick(&[SPAN_WIDTH, JUMP_WIDTH])?;
        let is_back = self.bytes.pick(&[false, true])?;
        let size = i64::try_from(self.bytes.number(width)?).ok()?;
        let longest_back = (now.as_millis() - EARLIEST_MILLIS).max(0);
        Some(if is_back {
            -size.min(longest_back)
        } else {
            size
        })
    }

    /// How long the process is stopped.
    pub(super) fn pause(&mut self) -> Option<Duration> {
        let millis = self.bytes.number(SPAN_WIDTH)?;
        Some(Duration::from_millis(UNNOTICED_MILLIS + 1 + millis))
    }
}

impl Aim {
    fn beside(self, span: Duration) -> Duration {
        const MOMENT: Duration = Duration::from_millis(1);
        match self {
            Self::At => span,
            Self::Before => span.saturating_sub(MOMENT),
            Self::After => span + MOMENT,
        }
    }
}
