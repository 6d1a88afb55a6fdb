//! What kind of world a seed makes: how many people, which rules, and how often each thing happens.
//!
//! In: a stream of chance.
//! Out: a [`Weather`].
//! Worlds differ on purpose: in one the store fails half of the time, in the next nobody ever leaves; together they reach more than a thousand average ones.

use core::time::Duration;

use vigie_core::Rules;

use crate::rng::Rng;

/// What may happen, as far as the odds are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Wait,
    Oversleep,
    Fire,
    Connect,
    Prove,
    Act,
    Background,
    Foreground,
    Leave,
    Lose,
    Stale,
    Revoke,
    Delete,
    Request,
    Batch,
    Force,
    Choose,
    Flush,
    Answer,
    Sweep,
    Restart,
    Jump,
    Pause,
}

/// How often each happens in a world of average weather.
const ODDS: [(Kind, u64); 23] = [
    (Kind::Wait, 300),
    (Kind::Oversleep, 40),
    (Kind::Fire, 40),
    (Kind::Connect, 120),
    (Kind::Prove, 60),
    (Kind::Act, 80),
    (Kind::Background, 30),
    (Kind::Foreground, 30),
    (Kind::Leave, 45),
    (Kind::Lose, 80),
    (Kind::Stale, 20),
    (Kind::Revoke, 12),
    (Kind::Delete, 6),
    (Kind::Request, 140),
    (Kind::Batch, 40),
    (Kind::Force, 24),
    (Kind::Choose, 60),
    (Kind::Flush, 60),
    (Kind::Answer, 60),
    (Kind::Sweep, 5),
    (Kind::Restart, 4),
    (Kind::Jump, 8),
    (Kind::Pause, 8),
];

/// One world's conditions.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    pub(crate) rules: Rules,
    pub(crate) principals: u32,
    odds: Vec<(Kind, u64)>,
    /// How many of 100 answers of the store are refusals.
    pub(crate) refusals: u64,
}

impl Weather {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let factor = |rng: &mut Rng, kind| match kind {
            // These make a world at all.
            Kind::Wait | Kind::Connect => 2,
            // Clocks that jump and processes that stop are rare, and absent from most worlds.
            Kind::Jump | Kind::Pause => u64::from(rng.chance(30)),
            Kind::Oversleep
            | Kind::Fire
            | Kind::Prove
            | Kind::Act
            | Kind::Background
            | Kind::Foreground
            | Kind::Leave
            | Kind::Lose
            | Kind::Stale
            | Kind::Revoke
            | Kind::Delete
            | Kind::Request
            | Kind::Batch
            | Kind::Force
            | Kind::Choose
            | Kind::Flush
            | Kind::Answer
            | Kind::Sweep
            | Kind::Restart => rng.pick(&[0, 1, 2, 2, 2, 4]).copied().unwrap_or(2),
        };
        let odds = ODDS.map(|(kind, odds)| (kind, odds * factor(rng, kind)));
        Self {
            rules: draw_rules(rng),
            principals: u32::try_from(rng.between(50, 80)).unwrap_or(50),
            odds: odds.to_vec(),
            refusals: rng.pick(&[0, 0, 10, 50]).copied().unwrap_or(0),
        }
    }

    pub(crate) fn next(&self, rng: &mut Rng) -> Kind {
        let total = self.odds.iter().map(|(_, odds)| odds).sum();
        let mut left = rng.below(total);
        for (kind, odds) in &self.odds {
            if left < *odds {
                return *kind;
            }
            left -= odds;
        }
        Kind::Wait
    }
}

/// The rules as shipped in half of the worlds; else shorter ones, whose deadlines fall closer together.
fn draw_rules(rng: &mut Rng) -> Rules {
    if rng.chance(50) {
        return Rules::default();
    }
    let millis = |rng: &mut Rng, low, high| Duration::from_millis(rng.between(low, high));
    let throttle_interval = match rng.below(4) {
        0 => Duration::ZERO,
        1 => Duration::from_secs(60),
        _ => millis(rng, 1, 8_000),
    };
    let offline_after = throttle_interval + millis(rng, 6_000, 40_000);
    let away_after = throttle_interval + millis(rng, 1, 40_000);
    // A grace of zero would be decided by the timer at the same instant, not by the loss itself.
    let grace = millis(rng, 1, 5_000);
    let leave_guard = match rng.below(5) {
        0 => Duration::ZERO,
        _ => millis(rng, 1, 5_000),
    };
    Rules {
        throttle_interval,
        offline_after,
        away_after,
        grace,
        leave_guard,
        restart_grace: grace + millis(rng, 0, 20_000),
        cache_max_age: throttle_interval + millis(rng, 0, 30_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_drawn_rule_contradicts_another() {
        let mut rng = Rng::from_seed(0);
        for _ in 0..1_000 {
            assert_eq!(draw_rules(&mut rng).check(), []);
        }
    }
}
