//! Settings of connections: how long each may be silent, and how often its client is told what.

use crate::config::setting::{Setting, field};

pub(super) const CONNECTIONS: &[Setting] = &[
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
