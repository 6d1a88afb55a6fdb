//! How long to wait after a failed delivery: twice as long after each, with full jitter, so that receivers that come back are not met by everybody at once.
//!
//! Always true: the receiver's own wish is honoured up to a cap, and never shortened.

use std::time::Duration;

/// The longest wait after the first failure.
const FIRST: Duration = Duration::from_millis(500);

/// The longest wait of all; who comes back is told within this.
const LONGEST: Duration = Duration::from_mins(5);

/// A receiver may ask for no longer pause than this.
const LONGEST_WISH: Duration = Duration::from_hours(1);

/// The wait after so many failures in a row, of which `chance` in 0..=1 picks a part.
pub(super) fn pause(failures: u32, wish: Option<Duration>, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let longest = (FIRST * 2_u32.pow(doublings)).min(LONGEST);
    let wish = wish.unwrap_or_default().min(LONGEST_WISH);
    wish.max(longest.mul_f64(chance))
}

/// A number in 0..=1, drawn at random; without random numbers the wait is merely regular.
pub(super) fn chance() -> f64 {
    let mut bytes = [0; 4];
    if getrandom::fill(&mut bytes).is_err() {
        return 1.0;
    }
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

/// What `Retry-After` says: seconds, or a date.
pub(super) fn wish(header: &str, now: jiff::Timestamp) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(header.trim()).ok()?;
    let seconds = date.timestamp().as_second() - now.as_second();
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn pauses_double_up_to_a_cap_and_any_part_of_one_may_be_drawn() {
        let millis = |failures, chance| pause(failures, None, chance).as_millis();
        let longest = [1, 2, 3, 4, 10, 11, 1_000].map(|failures| millis(failures, 1.0));
        assert_eq!(
            longest,
            [500, 1_000, 2_000, 4_000, 256_000, 300_000, 300_000]
        );
        assert_eq!([millis(3, 0.0), millis(3, 0.5)], [0, 1_000]);
        assert!((0.0..=1.0).contains(&chance()));
    }

    #[test]
    fn a_receivers_wish_is_honoured_up_to_an_hour() {
        let now: jiff::Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
        let check = |header: &str, expected: Option<u64>| {
            assert_eq!(
                wish(header, now),
                expected.map(Duration::from_secs),
                "{header}"
            );
        };
        check("7", Some(7));
        check(" 0 ", Some(0));
        check("Tue, 03 Feb 2026 04:05:36 GMT", Some(30));
        check("Tue, 03 Feb 2026 04:00:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
        let after = |wished| pause(1, Some(Duration::from_secs(wished)), 1.0);
        assert_eq!(after(7), Duration::from_secs(7));
        assert_eq!(after(0), FIRST);
        assert_eq!(after(86_400), LONGEST_WISH);
    }
}
