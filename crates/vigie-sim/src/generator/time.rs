//! How much time passes: mostly so much that something is just about due, is due, or was due a moment ago.

use core::time::Duration;

use super::Generator;
use crate::step::Step;
use crate::world::World;

impl Generator {
    /// A span from now.
    pub(super) fn span(&mut self, world: &World) -> Duration {
        let rng = &mut self.rng;
        let millis = match rng.below(100) {
            0..45 => return self.until_something_is_due(world),
            45..75 => rng.between(0, 60),
            75..93 => rng.between(0, 5_000),
            93..98 => rng.between(0, 60_000),
            _ => {
                let longest = self.weather.rules.offline_after + Duration::from_secs(60);
                rng.below(u64::try_from(longest.as_millis()).unwrap_or(1_000))
            }
        };
        Duration::from_millis(millis)
    }

    /// Until an instant of somebody in focus, or one millisecond beside it.
    fn until_something_is_due(&mut self, world: &World) -> Duration {
        let now = world.now().mono;
        let principal = self.somebody();
        let mut instants = world.reference().instants(principal);
        instants.retain(|at| *at > now);
        match self.rng.pick(&instants) {
            Some(at) => self.beside(at.since(now)),
            None => Duration::from_millis(self.rng.between(0, 1_000)),
        }
    }

    /// The span itself, or a millisecond less or more.
    pub(super) fn beside(&mut self, span: Duration) -> Duration {
        let millisecond = Duration::from_millis(1);
        match self.rng.below(3) {
            0 => span,
            1 => span.saturating_sub(millisecond),
            _ => span + millisecond,
        }
    }

    pub(super) fn limit(&mut self) -> usize {
        self.rng.pick(&[1, 2, 1_000]).copied().unwrap_or(1)
    }

    /// By how much the wall clock is set, in milliseconds.
    pub(super) fn jump(&mut self) -> i64 {
        let size = match self.rng.below(3) {
            0 => self.rng.between(1, 500),
            1 => self.rng.between(1, 60_000),
            _ => self.rng.between(1, 7_200_000),
        };
        let size = i64::try_from(size).unwrap_or(0);
        if self.rng.chance(50) { size } else { -size }
    }

    /// How long the process is stopped: a stop of at most 2 s is not reported.
    pub(super) fn pause(&mut self) -> Duration {
        let longest = if self.rng.chance(80) { 30_000 } else { 900_000 };
        Duration::from_millis(self.rng.between(2_001, longest))
    }

    pub(super) fn restart(&mut self) -> Step {
        self.marks.clear();
        let down = match self.rng.below(4) {
            0 => Duration::ZERO,
            1 => Duration::from_millis(self.rng.between(1, 3_000)),
            2 => Duration::from_millis(self.rng.between(1, 60_000)),
            _ => {
                let around = self.weather.rules.offline_after;
                self.beside(around)
            }
        };
        Step::Restart {
            graceful: self.rng.chance(40),
            landed: self.rng.chance(50),
            down,
        }
    }
}
