//! The table of settings: every number, address and secret that an operator can set, in the order of the documentation.
//!
//! To add a setting, add its field to [`super::Config`] and its row here; nothing else needs to know.

use super::setting::Reading::{AsWritten, Millis, Minutes, Port};
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
        settings: RULES,
    },
    Group {
        title: "Connections",
        settings: CONNECTIONS,
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
        settings: LIMITS,
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

const RULES: &[Setting] = &[
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

const CONNECTIONS: &[Setting] = &[
    Setting::new(
        "ping_interval",
        "8s",
        field!(periods.ping_interval),
        "How often a Socket.IO connection is asked for a sign of life.",
    )
    .positive(),
    Setting::new(
        "ping_timeout",
        "8s",
        field!(periods.ping_timeout),
        "How long the answer may take before the connection counts as lost.",
    )
    .positive(),
    Setting::new(
        "eio3_ping_interval",
        "25s",
        field!(periods.eio3_ping_interval),
        "The same for old clients (EIO3), which ping by their own throttled timers.",
    )
    .positive(),
    Setting::new(
        "eio3_ping_timeout",
        "1m",
        field!(periods.eio3_ping_timeout),
        "The same for old clients (EIO3).",
    )
    .positive(),
    Setting::new(
        "keep_alive",
        "75s",
        field!(periods.keep_alive),
        "An HTTP connection without a request is closed after this; longer than proxies keep theirs, so that none is closed while a request is on its way.",
    )
    .positive(),
    Setting::new(
        "auth_timeout",
        "10s",
        field!(periods.auth_timeout),
        "A socket that has not authenticated by then is closed.",
    )
    .positive(),
    Setting::new(
        "restamp_interval",
        "150s",
        field!(periods.restamp_interval),
        "How often watchers get the fresh time of people who are present but passive.",
    )
    .positive(),
    Setting::new(
        "cursor_max_age",
        "24h",
        field!(periods.cursor_max_age),
        "A client that comes back with an older position gets everybody anew.",
    )
    .positive(),
    Setting::new(
        "ticket_lifetime",
        "30s",
        field!(periods.ticket_lifetime),
        "A ticket that lets a browser in without a header can be used for this long, once.",
    )
    .positive(),
    Setting::new(
        "online_stats_interval",
        "10s",
        field!(periods.online_stats_interval),
        "The online list of a conversation is sent at most this often.",
    )
    .positive(),
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

const LIMITS: &[Setting] = &[
    Setting::new(
        "connection_limit",
        "0",
        field!(limits.connections),
        "Open connections; 0 takes what the system's limit of open files leaves.",
    ),
    Setting::new(
        "connections_per_address",
        "0",
        field!(limits.connections_per_address),
        "Open connections of one address; 0 is no limit, since an office shares one.",
    ),
    Setting::new(
        "trusted_proxies",
        "",
        field!(trusted_proxies),
        "Addresses of reverse proxies whose `X-Forwarded-For` is believed where addresses are counted, such as `10.0.0.0/8,::1`.",
    ),
    Setting::new(
        "connections_per_principal",
        "100",
        field!(limits.connections_per_principal),
        "Authenticated sockets of one person.",
    )
    .positive(),
    Setting::new(
        "header_timeout",
        "10s",
        field!(periods.header_timeout),
        "A connection whose request's head does not come in twice this time is closed.",
    )
    .positive(),
    Setting::new(
        "body_timeout",
        "30s",
        field!(periods.body_timeout),
        "A request whose body has not come by then is refused with 408.",
    )
    .positive(),
    Setting::new(
        "header_limit",
        "64KiB",
        field!(limits.head),
        "A larger head of a request is refused with 431.",
    ),
    Setting::new(
        "body_limit",
        "1MiB",
        field!(limits.body),
        "Larger request bodies are refused with 413.",
    )
    .positive(),
    Setting::new(
        "url_limit",
        "16KiB",
        field!(limits.url),
        "Longer URLs are refused with 414.",
    )
    .positive(),
    Setting::new(
        "message_limit",
        "64KiB",
        field!(limits.message),
        "Larger Socket.IO messages close their connection.",
    )
    .positive(),
    Setting::new(
        "json_depth_limit",
        "32",
        field!(limits.json_depth),
        "A Socket.IO message whose lists and objects stand deeper in each other closes its connection.",
    )
    .positive(),
    Setting::new(
        "slow_socket_limit",
        "512KiB",
        field!(limits.slow_socket),
        "Bytes that wait in memory for one socket that reads slowly; beyond, only the names of the people it is to be told of are kept.",
    ),
    Setting::new(
        "events_per_second",
        "50",
        field!(limits.events_per_second),
        "Events of one socket beyond this rate are refused.",
    )
    .positive(),
    Setting::new(
        "early_events_limit",
        "64",
        field!(limits.early_events),
        "Events kept for a socket whose authentication has not settled.",
    )
    .positive(),
    Setting::new(
        "unauthenticated_limit",
        "10000",
        field!(limits.unauthenticated),
        "Sockets that may wait for authentication at the same time.",
    )
    .positive(),
    Setting::new(
        "presence_ids_limit",
        "200",
        field!(limits.presence_ids),
        "Ids in one call of the compatible bulk presence route.",
    )
    .positive(),
    Setting::new(
        "bulk_presence_limit",
        "1000",
        field!(limits.bulk_presence),
        "Ids in one call of `/v1/presence`.",
    )
    .positive(),
    Setting::new(
        "activity_batch_limit",
        "10000",
        field!(limits.activity_batch),
        "Entries in one call of `/v1/activity`.",
    )
    .positive(),
    Setting::new(
        "room_full_limit",
        "100",
        field!(limits.room_full),
        "Up to so many members, viewers of a conversation are told each change as it comes; above, once a second.",
    )
    .positive(),
    Setting::new(
        "room_viewer_limit",
        "5000",
        field!(limits.room_viewers),
        "With more sockets that look at its presence, a conversation tells them counts alone.",
    )
    .positive(),
    Setting::new(
        "watch_limit",
        "1000",
        field!(limits.watch_list),
        "People outside its conversations that one connection may watch.",
    )
    .positive(),
    Setting::new(
        "watch_rate",
        "2000",
        field!(limits.watch_rate),
        "People that one person may begin to watch within a minute.",
    )
    .positive(),
];
