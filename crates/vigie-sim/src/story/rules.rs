//! Which rules hold in a story: those that are shipped, or any others that do not contradict each other.

use core::time::Duration;

use vigie_core::Rules;

use super::bytes::Bytes;

/// Bytes of a period in milliseconds: up to four and a half hours.
const WIDTH: usize = 3;

/// What a period is longer than its neighbour at least.
const MOMENT: Duration = Duration::from_millis(1);

/// The rules; `None` when the bytes end before they are said.
pub(super) fn read(bytes: &mut Bytes<'_>) -> Option<Rules> {
    if bytes.pick(&[true, false])? {
        return Some(Rules::default());
    }
    let mut period = || Some(Duration::from_millis(bytes.number(WIDTH)?));
    let throttle_interval = period()?;
    // A grace of zero would be decided by the timer at the same instant, not by the loss itself.
    let grace = period()? + MOMENT;
    let leave_guard = period()?;
    let longest = throttle_interval.max(grace).max(leave_guard);
    Some(Rules {
        throttle_interval,
        offline_after: longest + MOMENT + period()?,
        away_after: throttle_interval + MOMENT + period()?,
        grace,
        leave_guard,
        restart_grace: grace + period()?,
        cache_max_age: throttle_interval + period()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_bytes_the_rules_do_not_contradict_each_other() {
        for byte in [0, 1, 2, 127, 255] {
            let mut text = [byte; 1 + 7 * WIDTH];
            text[0] = 1;
            let rules = read(&mut Bytes::new(&text));
            assert_eq!(rules.map(|rules| rules.check()), Some(Vec::new()));
        }
    }
}
