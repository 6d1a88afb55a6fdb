//! The table of settings: every number, address and secret that an operator can set, in the order of the documentation.
//!
//! To add a setting, add its field to [`super::Config`] and its row in the table of its group, here or in a file of its own; nothing else needs to know.

mod connections;
mod limits;
mod rules;

use super::setting::Reading::{AsWritten, Port};
use super::setting::{Setting, field};

/// Settings that belong together, under one heading.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The settings, in the order in which they are read.
    pub settings: &'static [Setting],
}

/// Every setting, by group.
pub const GROUPS: &[Group] = &[
    Group {
        title: "Server",
        settings: SERVER,
    },
    Group {
        title: "Credentials",
        settings: CREDENTIALS,
    },
    Group {
        title: "Rules of presence",
        settings: rules::RULES,
    },
    Group {
        title: "Connections",
        settings: connections::CONNECTIONS,
    },
    Group {
        title: "Housekeeping",
        settings: HOUSEKEEPING,
    },
    Group {
        title: "Webhooks",
        settings: WEBHOOKS,
    },
    Group {
        title: "Limits",
        settings: limits::LIMITS,
    },
];

/// Every setting, in the order of [`GROUPS`].
pub fn all() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|group| group.settings)
}

const SERVER: &[Setting] = &[
    Setting::new(
        "listen",
        "127.0.0.1:3000",
        field!(listen),
        "Where clients connect; port 0 takes a free port.",
    )
    .known_as(&[("PORT", Port)]),
    Setting::new(
        "ops_listen",
        "",
        field!(ops_listen),
        "A listener of its own for maintenance, metrics and probes.",
    ),
    Setting::new(
        "data_dir",
        "vigie-data",
        field!(data_dir),
        "The folder of made secrets and of the default database.",
    ),
    Setting::new(
        "database_url",
        "sqlite:{data_dir}/vigie.db",
        field!(database),
        "Where the directory and the times are kept: `sqlite:PATH`, a file that is created when missing, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, a database of its own (add `?sslmode=require` to insist on TLS).",
    )
    .known_as(&[("DATABASE_URL", AsWritten)]),
    Setting::new(
        "redis_url",
        "",
        field!(redis),
        "Refused: several nodes are not supported yet.",
    )
    .known_as(&[("REDIS_URL", AsWritten)]),
    Setting::new(
        "cors_origins",
        "",
        field!(cors_origins),
        "Origins of web pages that may connect; none by default, `*` is refused.",
    )
    .known_as(&[("CORS_ORIGINS", AsWritten)]),
    Setting::new(
        "demo",
        "development",
        field!(demo),
        "Whether the page `/demo` is served; it shows what a client can do, and needs a token like any other.",
    ),
    Setting::new(
        "log_format",
        "text",
        field!(log_format),
        "How log lines look on standard error.",
    ),
    Setting::new(
        "log_filter",
        "info",
        field!(log_filter),
        "Which log lines are written: a level, or directives such as `info,vigie_server=debug`.",
    ),
];

const CREDENTIALS: &[Setting] = &[
    Setting::new("jwt_secret", "", field!(jwt_secret),
        "The key of HS256 tokens, at least 32 bytes; without it the server runs in development mode.")
        .known_as(&[("JWT_SECRET", AsWritten)]).secret(),
    Setting::new("api_key", "", field!(api_keys),
        "Keys of other services; without one, a key is made and kept in `{data_dir}/api-key`.").secret(),
    Setting::new("identity.auto_provision", "true", field!(auto_provision),
        "A valid token creates its user on first sight, never a deleted one.")
        .known_as(&[("VIGIE_AUTO_PROVISION", AsWritten)]),
    Setting::new("maintenance_open", "never", field!(maintenance_open),
        "Lets local requests use the maintenance routes without a credential; a reverse proxy on the same machine may open them to everyone."),
    Setting::new("token_cache_size", "65536", field!(limits.token_cache_size),
        "Verified tokens kept in memory, so that each is verified once.").positive(),
];

const HOUSEKEEPING: &[Setting] = &[
    Setting::new(
        "flush_interval",
        "250ms",
        field!(periods.flush_interval),
        "Changes wait this long for others before they are written together.",
    )
    .positive(),
    Setting::new(
        "alive_interval",
        "2s",
        field!(periods.alive_interval),
        "How often the server writes down that it lives, which bounds what a crash forgets.",
    )
    .positive(),
    Setting::new(
        "maintenance_interval",
        "15s",
        field!(periods.maintenance_interval),
        "How often a slice of memory is compared with the store.",
    )
    .positive(),
    Setting::new(
        "guest_retention",
        "24h",
        field!(periods.guest_retention),
        "Guests without an expiry are removed after so much silence.",
    )
    .positive(),
    Setting::new(
        "drain_timeout",
        "5s",
        field!(periods.drain_timeout),
        "How long a stopping server waits for open requests and for the store.",
    )
    .positive(),
];

const WEBHOOKS: &[Setting] = &[
    Setting::new(
        "webhook_allow_private",
        "false",
        field!(webhooks.allow_private),
        "Lets webhooks be in private networks and on this machine, also without TLS: whoever has an API key can then make the server send requests there.",
    ),
    Setting::new(
        "webhook_allow_http",
        "false",
        field!(webhooks.allow_http),
        "Lets webhooks be reached without TLS: whoever is on the way reads along.",
    ),
    Setting::new(
        "webhook_ca_file",
        "",
        field!(webhooks.ca_file),
        "Certificate authorities in PEM that webhooks are trusted by, besides those of the web.",
    ),
    Setting::new(
        "webhook_timeout",
        "10s",
        field!(webhooks.timeout),
        "How long one delivery may take, from the look-up of the name to the end of the answer.",
    )
    .positive(),
    Setting::new(
        "webhook_park_after",
        "24h",
        field!(webhooks.park_after),
        "A webhook that has failed for this long is parked until somebody resumes it.",
    )
    .positive(),
];
