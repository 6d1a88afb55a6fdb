//! Settings of the rules of presence: when somebody counts as there, and who is told.

use crate::config::setting::Reading::{Millis, Minutes};
use crate::config::setting::{Setting, field};

pub(super) const RULES: &[Setting] = &[
    Setting::new(
        "throttle_interval",
        "1m",
        field!(rules.throttle_interval),
        "Refreshes of the last activity reach the store at most this often per person.",
    )
    .known_as(&[("THROTTLE_INTERVAL_MS", Millis)])
    .positive(),
    Setting::new(
        "cache_max_age",
        "10m",
        field!(rules.cache_max_age),
        "Throttle entries of people silent for this long are dropped.",
    )
    .known_as(&[("CACHE_MAX_AGE_MS", Millis)])
    .positive(),
    Setting::new(
        "cache_cleanup_interval",
        "5m",
        field!(periods.cache_cleanup_interval),
        "How often such throttle entries are looked for.",
    )
    .known_as(&[("CACHE_CLEANUP_INTERVAL_MS", Millis)])
    .positive(),
    Setting::new(
        "offline_after",
        "5m",
        field!(rules.offline_after),
        "Somebody present by REST alone is offline this long after the last request.",
    )
    .known_as(&[("OFFLINE_THRESHOLD_MINUTES", Minutes)])
    .positive(),
    Setting::new(
        "away_after",
        "5m",
        field!(rules.away_after),
        "A session is idle this long after its last activity.",
    )
    .positive(),
    Setting::new(
        "grace",
        "4s",
        field!(rules.grace),
        "A session lost without a goodbye still counts this long.",
    ),
    Setting::new(
        "leave_guard",
        "5s",
        field!(rules.leave_guard),
        "After a goodbye, requests do not make somebody online again for this long.",
    ),
    Setting::new(
        "restart_grace",
        "30s",
        field!(rules.restart_grace),
        "After a start, people who were present have this long to come back unnoticed.",
    )
    .positive(),
    Setting::new(
        "audience_limit",
        "1000",
        field!(limits.audience),
        "A larger conversation subscribes nobody, and a snapshot holds at most as many people.",
    )
    .positive(),
    Setting::new(
        "reciprocal_visibility",
        "false",
        field!(reciprocal_visibility),
        "People see of others only what they let those others see of themselves.",
    ),
];
