//! The two clocks of the simulated process, moved by hand.
//!
//! In: time that passes, jumps of the wall clock, stops of the process.
//! Out: the `Now` that the engine and the reference are given.
//! Always true: the monotonic clock never runs backwards within one process, and starts anew with every process.

use core::time::Duration;

use vigie_core::{Mono, Now, Wall};

/// Where every simulated world begins: 2023-11-14T22:13:20Z.
const WALL_AT_START: Wall = Wall::from_millis(1_700_000_000_000);

/// Two readings of the wall clock at one monotonic instant would have no order.
const MOMENT: Duration = Duration::from_millis(1);

/// Both clocks of one process after another.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    now: Now,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Now {
                mono: Mono::START,
                wall: WALL_AT_START,
            },
        }
    }
}

impl Clock {
    /// The present instant.
    #[must_use]
    pub(crate) const fn now(&self) -> Now {
        self.now
    }

    /// Moves both clocks on, to `mono`; an earlier instant is the present one.
    pub(crate) fn advance_to(&mut self, mono: Mono) {
        let span = mono.since(self.now.mono);
        self.now.mono = self.now.mono + span;
        self.now.wall = self.now.wall + span;
    }

    /// Somebody sets the wall clock, forwards or backwards; it takes a moment.
    pub(crate) fn jump(&mut self, millis: i64) {
        self.advance_to(self.now.mono + MOMENT);
        self.now.wall = Wall::from_millis(self.now.wall.as_millis().saturating_add(millis));
    }

    /// The process is stopped for a while: only the wall clock goes on, but for a moment.
    pub(crate) fn stop(&mut self, span: Duration) {
        self.advance_to(self.now.mono + MOMENT);
        self.now.wall = self.now.wall + span;
    }

    /// A new process starts `down` after the old one ended.
    pub(crate) fn restart(&mut self, down: Duration) {
        self.now.wall = self.now.wall + down;
        self.now.mono = Mono::START;
    }
}
