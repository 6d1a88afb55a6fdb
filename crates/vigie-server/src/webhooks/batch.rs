//! A batch: what one request brings, with the same number and the same bytes however often it is tried.

use bytes::Bytes;

use crate::fanout::Place;

/// Events in one request at most; 200 kB or so.
pub(super) const MOST_EVENTS: usize = 500;

/// Events on their way.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) sequence: u64,
    pub(super) body: Bytes,
    /// Where the receiver stands once it has taken this.
    pub(super) place: Place,
    /// As JSON, each.
    pub(super) events: Vec<String>,
}

/// What a batch says besides its events.
#[derive(Debug)]
pub(super) struct Head<'h> {
    pub(super) webhook: &'h str,
    pub(super) sequence: u64,
    pub(super) cursor: &'h str,
    pub(super) sent_at: &'h str,
}

impl Batch {
    pub(super) fn new(head: &Head<'_>, events: Vec<String>, place: Place) -> Self {
        // Ids, cursors and times hold nothing that JSON would write otherwise.
        let body = format!(
            r#"{{"webhookId":"{}","sequence":{},"cursor":"{}","sentAt":"{}","events":[{}]}}"#,
            head.webhook,
            head.sequence,
            head.cursor,
            head.sent_at,
            events.join(",")
        );
        Self {
            sequence: head.sequence,
            body: body.into(),
            place,
            events,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_body_is_json_with_its_events_in_their_order() {
        let head = Head {
            webhook: "wh_1",
            sequence: 7,
            cursor: "c-_9",
            sent_at: "2026-02-03T04:05:06.789Z",
        };
        let place = Place::Earlier(Arc::from("c-_9"));
        let events = vec![
            json!({"type": "resync"}).to_string(),
            json!({"n": 2}).to_string(),
        ];
        let batch = Batch::new(&head, events, place);
        let body: Value = serde_json::from_slice(&batch.body).unwrap();
        let expected = json!({
            "webhookId": "wh_1", "sequence": 7, "cursor": "c-_9",
            "sentAt": "2026-02-03T04:05:06.789Z", "events": [{"type": "resync"}, {"n": 2}],
        });
        assert_eq!(body, expected);
    }
}
