//! Checks the settings against each other; each rule names both settings and says why they exclude each other.
//!
//! Contradictions between two numbers of the engine are [`vigie_core::Rules::check`]'s; what the shell adds is here.

use std::collections::BTreeSet;
use std::time::Duration;

use super::layers::Loaded;
use super::problem::Problem;
use super::{ByteSize, Config};

/// Clients fade the dot of a person whose time is older than this.
const CLIENTS_FADE_AFTER: Duration = Duration::from_secs(300);

/// Watchers get a fresh time of passive people at least this often.
const LONGEST_RESTAMP: Duration = Duration::from_secs(240);

/// The smallest head that the HTTP library can be limited to.
const SMALLEST_HEAD: ByteSize = ByteSize(8 * 1024);

/// The JSON library refuses the 128th level by itself.
const DEEPEST_JSON: usize = 127;

/// A burst of news to a socket that reads in time.
const SMALLEST_ROOM: ByteSize = ByteSize(16 * 1024);

/// Every contradiction between settings that could be read.
pub(super) fn problems(loaded: &Loaded, unread: &BTreeSet<&str>) -> Vec<Problem> {
    let config = &loaded.config;
    let mut problems = Vec::new();
    for (wrong, setting, reason) in alone(config) {
        if wrong && !unread.contains(setting) {
            let (_, source) = loaded.shown(setting);
            problems.push(Problem::Value {
                setting,
                source,
                reason: reason.to_owned(),
            });
        }
    }
    let core = config
        .rules
        .check()
        .into_iter()
        .map(|found| (found.settings, found.reason));
    for ((first, second), reason) in core.chain(contradictions(loaded)) {
        if unread.contains(first) || unread.contains(second) {
            continue;
        }
        let named = |name| {
            let (value, source) = loaded.shown(name);
            let value = if value.is_empty() {
                "(none)".to_owned()
            } else {
                value
            };
            (name, value, source)
        };
        problems.push(Problem::Contradiction {
            settings: [named(first), named(second)],
            reason: reason.to_owned(),
        });
    }
    problems
}

/// What is wrong with one setting alone, as a table: wrong when, which, why.
fn alone(config: &Config) -> [(bool, &'static str, &'static str); 4] {
    let limits = &config.limits;
    [
        (
            config.periods.restamp_interval > LONGEST_RESTAMP,
            "restamp_interval",
            "must be at most 4m: clients fade the dot of a person whose time is 5 minutes old",
        ),
        (
            limits.head < SMALLEST_HEAD,
            "header_limit",
            "must be at least 8KiB: browsers send as much with their cookies",
        ),
        (
            limits.json_depth > DEEPEST_JSON,
            "json_depth_limit",
            "must be at most 127: the parser goes no deeper",
        ),
        (
            limits.slow_socket < SMALLEST_ROOM,
            "slow_socket_limit",
            "must be at least 16KiB: a socket that reads in time must find room, too",
        ),
    ]
}

/// The contradictions of the shell, as a table: wrong when, which two, why.
fn contradictions(
    loaded: &Loaded,
) -> impl Iterator<Item = ((&'static str, &'static str), &'static str)> {
    let config = &loaded.config;
    let (rules, periods, limits) = (&config.rules, &config.periods, &config.limits);
    let silence = periods.ping_interval + periods.ping_timeout;
    let eio3_silence = periods.eio3_ping_interval + periods.eio3_ping_timeout;
    let same_port = config.ops_listen == Some(config.listen) && config.listen.port() != 0;
    let is_exposed = config.is_development()
        && (!config.listen.ip().is_loopback()
            || config
                .ops_listen
                .is_some_and(|address| !address.ip().is_loopback()));
    let exposed = if config.listen.ip().is_loopback() {
        "ops_listen"
    } else {
        "listen"
    };
    let table = [
        (
            is_exposed,
            (exposed, "jwt_secret"),
            "without JWT_SECRET the server runs in development mode and listens on loopback only, so give it a secret or a loopback address",
        ),
        (
            same_port,
            ("ops_listen", "listen"),
            "two listeners cannot share an address",
        ),
        (
            periods.restamp_interval + silence >= CLIENTS_FADE_AFTER,
            (
                "restamp_interval",
                longer(
                    ["ping_interval", "ping_timeout"],
                    [periods.ping_interval, periods.ping_timeout],
                ),
            ),
            "between two re-stamps a proof of life (ping_interval + ping_timeout old) must not become 5 minutes old",
        ),
        (
            periods.restamp_interval + eio3_silence >= CLIENTS_FADE_AFTER,
            (
                "restamp_interval",
                longer(
                    ["eio3_ping_interval", "eio3_ping_timeout"],
                    [periods.eio3_ping_interval, periods.eio3_ping_timeout],
                ),
            ),
            "between two re-stamps a proof of life (eio3_ping_interval + eio3_ping_timeout old) must not become 5 minutes old",
        ),
        (
            periods.cache_cleanup_interval > rules.cache_max_age,
            ("cache_cleanup_interval", "cache_max_age"),
            "throttle entries would outlive their age more than twice",
        ),
        (
            periods.flush_interval >= rules.throttle_interval,
            ("flush_interval", "throttle_interval"),
            "a change must be written before the next one is accepted",
        ),
        (
            periods.alive_interval >= rules.offline_after,
            ("alive_interval", "offline_after"),
            "after a crash nobody's lease would be young enough to be restored",
        ),
        (
            limits.url >= limits.head,
            ("url_limit", "header_limit"),
            "the URL is a part of the head",
        ),
        (
            limits.message > limits.body,
            ("message_limit", "body_limit"),
            "a message sent by polling travels in a request body",
        ),
    ];
    table
        .into_iter()
        .filter(|(wrong, ..)| *wrong)
        .map(|(_, settings, reason)| (settings, reason))
}

/// The name of the longer of two periods that count together: the one to change.
fn longer(names: [&'static str; 2], periods: [Duration; 2]) -> &'static str {
    if periods[0] > periods[1] {
        names[0]
    } else {
        names[1]
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use crate::config::{Sources, load};

    /// Loads with variables given as `VIGIE_<NAME>`, and names the problems found.
    fn problems(variables: &[(&str, &str)]) -> Vec<String> {
        let pair = |(name, value): &(&str, &str)| (format!("VIGIE_{name}"), OsString::from(*value));
        let environment = variables.iter().map(pair).collect();
        let loaded = load(&Sources {
            environment,
            ..Sources::default()
        });
        loaded
            .err()
            .map(|error| error.problems.iter().map(ToString::to_string).collect())
            .unwrap_or_default()
    }

    #[test]
    fn contradictions_name_both_settings() {
        let check = |variables: &[(&str, &str)], expected: &[(&str, &str)]| {
            let found = problems(variables);
            assert_eq!(found.len(), expected.len(), "{variables:?}: {found:#?}");
            for (problem, (first, second)) in found.iter().zip(expected) {
                assert!(
                    problem.contains(first) && problem.contains(second),
                    "{problem}"
                );
            }
        };
        check(&[("THROTTLE_INTERVAL", "4m")], &[]);
        check(
            &[("THROTTLE_INTERVAL", "5m")],
            &[
                ("throttle_interval = 5m", "offline_after = 5m"),
                ("throttle_interval", "away_after"),
            ],
        );
        check(
            &[("LISTEN", "0.0.0.0:3000")],
            &[("listen = 0.0.0.0:3000", "jwt_secret = (none)")],
        );
        check(
            &[("OPS_LISTEN", "0.0.0.0:3001")],
            &[("ops_listen", "jwt_secret")],
        );
        check(
            &[
                ("LISTEN", "0.0.0.0:3000"),
                ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
            ],
            &[],
        );
        check(
            &[("OPS_LISTEN", "127.0.0.1:3000")],
            &[("ops_listen", "listen")],
        );
        check(
            &[("OPS_LISTEN", "127.0.0.1:0"), ("LISTEN", "127.0.0.1:0")],
            &[],
        );
        check(
            &[("RESTAMP_INTERVAL", "4m"), ("PING_TIMEOUT", "52s")],
            &[
                ("restamp_interval", "ping_timeout"),
                ("restamp_interval", "eio3_ping_timeout"),
            ],
        );
        check(
            &[
                ("RESTAMP_INTERVAL", "241s"),
                ("EIO3_PING_INTERVAL", "1s"),
                ("EIO3_PING_TIMEOUT", "1s"),
            ],
            &[("restamp_interval", "at most 4m")],
        );
        check(
            &[("CACHE_CLEANUP_INTERVAL", "11m")],
            &[("cache_cleanup_interval", "cache_max_age")],
        );
        check(
            &[("FLUSH_INTERVAL", "60s")],
            &[("flush_interval", "throttle_interval")],
        );
        check(
            &[("ALIVE_INTERVAL", "5m")],
            &[("alive_interval", "offline_after")],
        );
        check(
            &[("RESTAMP_INTERVAL", "1m"), ("PING_INTERVAL", "4m")],
            &[("restamp_interval = 1m", "ping_interval = 4m")],
        );
        check(&[("URL_LIMIT", "64KiB")], &[("url_limit", "header_limit")]);
        check(
            &[("HEADER_LIMIT", "4KiB"), ("URL_LIMIT", "2KiB")],
            &[("header_limit", "at least 8KiB")],
        );
        check(
            &[("JSON_DEPTH_LIMIT", "128")],
            &[("json_depth_limit", "at most 127")],
        );
        check(
            &[("SLOW_SOCKET_LIMIT", "8KiB")],
            &[("slow_socket_limit", "at least 16KiB")],
        );
        check(
            &[("MESSAGE_LIMIT", "2MiB")],
            &[("message_limit", "body_limit")],
        );
    }

    #[test]
    fn an_unreadable_value_is_not_also_a_contradiction() {
        let found = problems(&[("OFFLINE_AFTER", "soon")]);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
