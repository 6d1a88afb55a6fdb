//! The shapes of the compatible wire, and how they are encoded.
//!
//! Times are ISO-8601 in UTC with three decimals, or null; `username` is never null.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::{Bucket, Chosen, ChosenStatus, Wall};

use super::link::Frame;
use super::visibility::Shown;

/// A wall time as the wire writes it: `2026-02-03T04:05:06.789Z`.
#[must_use]
pub(crate) fn iso(wall: Wall) -> String {
    let timestamp = Timestamp::from_millisecond(wall.as_millis()).unwrap_or(Timestamp::MAX);
    format!("{timestamp:.3}")
}

/// An event as Socket.IO writes it, without an acknowledgement.
#[must_use]
pub(crate) fn event(name: &'static str, payload: &impl Serialize) -> Frame {
    // Every payload is made of strings, numbers and lists: encoding it cannot fail.
    let payload = serde_json::to_string(payload).unwrap_or_default();
    Frame::event(name, &payload)
}

/// One person's status: an item of a snapshot, and the payload of `user:status`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    user_id: String,
    username: String,
    is_online: bool,
    last_active_at: Option<String>,
    status: &'static str,
    last_activity_at: Option<String>,
    last_seen_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// The person's own line, while shown as present.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    status_text: Option<Arc<str>>,
    /// When the chosen status or its text ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_until: Option<String>,
    /// About when they were there last, in place of the exact times: `recently`, `within_week`, `within_month` or `long_ago`.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_bucket: Option<&'static str>,
    /// What was chosen; to oneself and services.
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<Choice>,
}

/// What a person chose to be shown as.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Choice {
    /// `away`, `busy` or `invisible`; null when only a text was chosen.
    status: Option<&'static str>,
    /// The person's own line.
    #[schema(value_type = Option<String>)]
    text: Option<Arc<str>>,
    /// When it ends by itself.
    until: Option<String>,
}

impl From<&Chosen> for Choice {
    fn from(chosen: &Chosen) -> Self {
        Self {
            status: chosen.status.map(ChosenStatus::as_str),
            text: chosen.text.clone(),
            until: chosen.until.map(iso),
        }
    }
}

impl From<Shown<'_>> for Status {
    fn from(shown: Shown<'_>) -> Self {
        Self {
            user_id: shown.id.as_str().to_owned(),
            username: shown.name.into_owned(),
            is_online: shown.face.availability.is_online(),
            last_active_at: shown.face.last_proof_at.map(iso),
            status: shown.face.availability.as_str(),
            last_activity_at: shown.face.last_active_at.map(iso),
            last_seen_at: shown.face.last_seen_at.map(iso),
            seq: shown.face.version.map(|version| version.0),
            status_text: shown.face.text,
            status_until: shown.face.until.map(iso),
            last_seen_bucket: shown.face.bucket.map(Bucket::as_str),
            chosen: shown.face.chosen.as_deref().map(Choice::from),
        }
    }
}

/// The payload of `presence:snapshot`, and the answer of the long poll.
///
/// The cursor stands first, where a link finds it that carries it beside the payload.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Snapshot {
    /// The position up to which this and what was told before go.
    pub(crate) cursor: String,
    /// People, each once.
    pub(crate) users: Vec<Status>,
    /// How many there are, also beyond `audience_limit`.
    pub(crate) total: usize,
    /// Whether some were left out.
    pub(crate) truncated: bool,
    /// There and true when these are to be merged; else they take the place of what the client held.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
}

impl Snapshot {
    /// Nobody changed since that cursor.
    pub(crate) fn nothing_since(cursor: &str) -> Self {
        Self {
            cursor: cursor.to_owned(),
            users: Vec::new(),
            total: 0,
            truncated: false,
            partial: true,
        }
    }

    /// Whether it changes nothing in what its reader holds.
    pub(crate) fn is_empty_part(&self) -> bool {
        self.partial && self.users.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_decimals_and_a_z() {
        let check = |millis, expected| assert_eq!(iso(Wall::from_millis(millis)), expected);
        check(0, "1970-01-01T00:00:00.000Z");
        check(1_700_000_000_123, "2023-11-14T22:13:20.123Z");
        check(1_700_000_000_100, "2023-11-14T22:13:20.100Z");
    }

    #[test]
    fn an_event_is_an_array_of_name_and_payload() {
        let frame = event("heartbeat:ack", &serde_json::json!({"ok": true}));
        assert_eq!(
            frame.into_text().as_str(),
            r#"2["heartbeat:ack",{"ok":true}]"#
        );
        let frame = event("heartbeat:ack", &serde_json::json!({"ok": [1]}));
        assert_eq!(frame.parts(), Some(("heartbeat:ack", r#"{"ok":[1]}"#)));
    }
}
