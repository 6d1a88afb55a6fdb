//! Limits, by name, and how often each was reached.
//!
//! What happens when one is reached, and what the client sees of it, stands in `docs/limits.md`; here is the one list that the metric's label comes from.

use std::sync::atomic::{AtomicU64, Ordering};

/// A limit that can be reached; each has a setting or a named constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `connection_limit`.
    Connections,
    /// `connections_per_address`.
    ConnectionsPerAddress,
    /// `connections_per_principal`.
    ConnectionsPerPrincipal,
    /// `unauthenticated_limit`.
    Unauthenticated,
    /// `header_timeout`.
    HeaderTime,
    /// `header_limit`.
    HeaderSize,
    /// `url_limit`.
    UrlSize,
    /// `body_limit`.
    BodySize,
    /// `body_timeout`.
    BodyTime,
    /// `message_limit`.
    MessageSize,
    /// `json_depth_limit`.
    JsonDepth,
    /// `events_per_second`.
    EventRate,
    /// `early_events_limit`.
    EarlyEvents,
    /// `presence_ids_limit` and `bulk_presence_limit`.
    PresenceIds,
    /// `activity_batch_limit`.
    ActivityBatch,
    /// `slow_socket_limit`: news wait outside the socket's buffer.
    SlowSocket,
    /// Tickets of one person that are open at a time.
    Tickets,
    /// Webhooks of one server.
    Webhooks,
    /// Choices of one person in a minute.
    Choices,
    /// Metadata of a member in a conversation, and members that a viewer asks for.
    RoomPayload,
    /// `room_views_limit`, and how often a conversation is listed.
    RoomViews,
    /// `watch_limit`.
    WatchList,
    /// `watch_rate`.
    WatchRate,
}

impl Limit {
    /// Every limit with its name on the wire of metrics.
    const NAMES: [(Self, &'static str); 23] = [
        (Self::Connections, "connections"),
        (Self::ConnectionsPerAddress, "connections_per_address"),
        (Self::ConnectionsPerPrincipal, "connections_per_principal"),
        (Self::Unauthenticated, "unauthenticated"),
        (Self::HeaderTime, "header_time"),
        (Self::HeaderSize, "header_size"),
        (Self::UrlSize, "url_size"),
        (Self::BodySize, "body_size"),
        (Self::BodyTime, "body_time"),
        (Self::MessageSize, "message_size"),
        (Self::JsonDepth, "json_depth"),
        (Self::EventRate, "event_rate"),
        (Self::EarlyEvents, "early_events"),
        (Self::PresenceIds, "presence_ids"),
        (Self::ActivityBatch, "activity_batch"),
        (Self::SlowSocket, "slow_socket"),
        (Self::Tickets, "tickets"),
        (Self::Webhooks, "webhooks"),
        (Self::Choices, "choices"),
        (Self::RoomPayload, "room_payload"),
        (Self::RoomViews, "room_views"),
        (Self::WatchList, "watch_list"),
        (Self::WatchRate, "watch_rate"),
    ];
}

/// How often each limit was reached since the start.
#[derive(Debug, Default)]
pub(crate) struct Reached([AtomicU64; Limit::NAMES.len()]);

impl Reached {
    /// Somebody was refused, or made to wait, by this limit.
    pub(crate) fn note(&self, limit: Limit) {
        self.0[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The count of each, by the name of the limit.
    pub(crate) fn counts(&self) -> [(&'static str, u64); Limit::NAMES.len()] {
        Limit::NAMES.map(|(limit, name)| (name, self.0[limit as usize].load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_a_place_and_a_name_of_its_own() {
        for (place, (limit, name)) in Limit::NAMES.into_iter().enumerate() {
            assert_eq!(limit as usize, place, "{name}");
        }
        let reached = Reached::default();
        reached.note(Limit::SlowSocket);
        reached.note(Limit::Connections);
        reached.note(Limit::Connections);
        let counts: Vec<_> = reached
            .counts()
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .collect();
        assert_eq!(counts, [("connections", 2), ("slow_socket", 1)]);
    }
}
