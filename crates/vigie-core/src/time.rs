//! Two clocks, both given from outside: [`Mono`] for deadlines, [`Wall`] for people.
//!
//! Both count milliseconds.
//! `Mono` never runs backwards, does not count the time the process itself was stopped, and has room below its start for what happened before it.
//! `Wall` may jump; a stored wall time never goes backwards all the same, because times are merged by maximum.
//! Neither can be the one value that stands for "none", so an optional instant takes no more room than an instant: there are millions of them.

use core::num::NonZeroU64;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A monotonic instant in milliseconds from an origin of the caller's choice; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(NonZeroU64);

impl Mono {
    /// Where a process should start to count: 2^40 ms (about 34 years) leaves room for instants restored from before the start.
    pub const START: Self = Self::from_millis(1 << 40);

    /// The instant `millis` milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        match NonZeroU64::new(millis) {
            Some(millis) => Self(millis),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// Milliseconds since the origin.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0.get()
    }

    /// How long after `earlier` this instant is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.as_millis().saturating_sub(earlier.as_millis()))
    }
}

impl Add<Duration> for Mono {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self::from_millis(self.as_millis().saturating_add(millis(span)))
    }
}

impl Sub<Duration> for Mono {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self::from_millis(self.as_millis().saturating_sub(millis(span)))
    }
}

/// A wall-clock instant: milliseconds since 1970-01-01T00:00:00Z; the smallest of their numbers is left out.
///
/// Kept with its sign turned around, so that the number left out is zero and the order stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(NonZeroU64);

impl Wall {
    /// The instant `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        match NonZeroU64::new(millis.cast_unsigned() ^ SIGN) {
            Some(turned) => Self(turned),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// How long after `earlier` this instant is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.as_millis().saturating_sub(earlier.as_millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

impl Sub<Duration> for Wall {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        let span = i64::try_from(millis(span)).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_sub(span))
    }
}

impl Add<Duration> for Wall {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let span = i64::try_from(millis(span)).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_add(span))
    }
}

/// The sign of a 64-bit number.
const SIGN: u64 = 1 << 63;

/// One instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and the throttle.
    pub mono: Mono,
    /// For people.
    pub wall: Wall,
}

impl Now {
    /// The instant `span` before this one, on both clocks.
    #[must_use]
    pub fn earlier(self, span: Duration) -> Self {
        Self {
            mono: self.mono - span,
            wall: self.wall - span,
        }
    }

    /// The wall time of a monotonic instant that is not after this one.
    #[must_use]
    pub fn wall_of(self, mono: Mono) -> Wall {
        self.wall - self.mono.since(mono)
    }

    /// The monotonic instant of a wall time that is not after this one; a later wall time is clamped to now.
    #[must_use]
    pub fn mono_of(self, wall: Wall) -> Mono {
        self.mono - self.wall.since(wall)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_convert_into_each_other() {
        let now = Now {
            mono: Mono::START + Duration::from_secs(100),
            wall: Wall::from_millis(1_700_000_000_000),
        };
        let before = now.earlier(Duration::from_millis(1_234));
        assert_eq!(now.wall_of(before.mono), before.wall);
        assert_eq!(now.mono_of(before.wall), before.mono);
    }

    #[test]
    fn wall_times_keep_their_value_and_order_and_cost_nothing_to_be_optional() {
        let times = [i64::MIN + 1, -1, 0, 1, 1_700_000_000_000, i64::MAX];
        let walls = times.map(Wall::from_millis);
        assert_eq!(walls.map(Wall::as_millis), times);
        assert!(walls.is_sorted());
        assert_eq!(size_of::<Option<Wall>>(), 8);
        assert_eq!(size_of::<Option<Now>>(), 16);
    }

    #[test]
    fn a_wall_time_in_the_future_is_clamped_to_now() {
        let now = Now {
            mono: Mono::START,
            wall: Wall::from_millis(5_000),
        };
        assert_eq!(now.mono_of(Wall::from_millis(9_000)), now.mono);
    }
}
