//! Settings of limits: how much one client, one request and all of them together may take.

use crate::config::setting::{Setting, field};

pub(super) const LIMITS: &[Setting] = &[
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
        "room_views_limit",
        "32",
        field!(limits.room_views),
        "Conversations whose presence one socket may look at; so many may it have listed within a second.",
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
