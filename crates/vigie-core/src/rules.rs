//! The numbers of the presence rules, each under its own name, checked against its neighbours.
//!
//! A [`Rules`] that [`Rules::check`] accepts contains no contradiction; the engine trusts it.

use core::time::Duration;

/// Every period of the presence rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Refreshes of `last_active_at` reach the store at most this often per principal.
    pub throttle_interval: Duration,
    /// A REST lease ends this long after the last REST activity.
    pub offline_after: Duration,
    /// A session is idle this long after its last activity.
    pub away_after: Duration,
    /// An abruptly lost session still counts this long.
    pub grace: Duration,
    /// After a clean leave, REST activity opens no lease for this long.
    pub leave_guard: Duration,
    /// After a start, restored leases count at least this long.
    pub restart_grace: Duration,
    /// Throttle entries of principals silent for this long are dropped.
    pub cache_max_age: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            throttle_interval: Duration::from_secs(60),
            offline_after: Duration::from_secs(300),
            away_after: Duration::from_secs(300),
            grace: Duration::from_secs(4),
            leave_guard: Duration::from_secs(5),
            restart_grace: Duration::from_secs(30),
            cache_max_age: Duration::from_secs(600),
        }
    }
}

/// Two settings that cannot both be in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The names of the two settings.
    pub settings: (&'static str, &'static str),
    /// What is wrong, as a sentence that names no value.
    pub reason: &'static str,
}

impl Rules {
    /// Every contradiction between two rules; empty when the rules can be used.
    #[must_use]
    pub fn check(&self) -> Vec<Contradiction> {
        let table = [
            (
                self.throttle_interval >= self.offline_after,
                ("throttle_interval", "offline_after"),
                "a REST lease must outlast the throttle, or a restart would forget active people",
            ),
            (
                self.throttle_interval >= self.away_after,
                ("throttle_interval", "away_after"),
                "idleness must outlast the throttle, or a restart would show active people as away",
            ),
            (
                self.cache_max_age < self.throttle_interval,
                ("cache_max_age", "throttle_interval"),
                "a throttle entry must live at least as long as it throttles",
            ),
            (
                self.grace >= self.offline_after,
                ("grace", "offline_after"),
                "the grace of a lost session must end before a REST lease would",
            ),
            (
                self.restart_grace < self.grace,
                ("restart_grace", "grace"),
                "people need at least as long to come back after a restart as after a lost connection",
            ),
            (
                self.leave_guard >= self.offline_after,
                ("leave_guard", "offline_after"),
                "the guard after a leave must be shorter than a REST lease",
            ),
        ];
        table
            .into_iter()
            .filter(|(wrong, ..)| *wrong)
            .map(|(_, settings, reason)| Contradiction { settings, reason })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_do_not_contradict_each_other() {
        assert_eq!(Rules::default().check(), []);
    }

    #[test]
    fn a_throttle_longer_than_the_online_window_is_refused_with_both_names() {
        let rules = Rules {
            throttle_interval: Duration::from_secs(300),
            ..Rules::default()
        };
        let names: Vec<_> = rules
            .check()
            .into_iter()
            .map(|found| found.settings)
            .collect();
        assert_eq!(
            names,
            [
                ("throttle_interval", "offline_after"),
                ("throttle_interval", "away_after")
            ]
        );
    }
}
