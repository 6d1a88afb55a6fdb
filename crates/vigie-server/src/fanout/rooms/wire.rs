//! What a viewer's client is sent: `conversation:presence` and `conversation:presence_diff`.

use serde::Serialize;
use serde_json::Value;
use vigie_core::{Availability, Directory, PrincipalKey};

use super::diff::{Counts, Told};
use super::here::Here;
use super::view::Message;
use crate::fanout::link::Frame;
use crate::fanout::wire::event;

/// A member who is shown as present.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// The id without its type.
    pub(crate) user_id: String,
    /// What people call them.
    pub(crate) username: String,
    /// `online`, `away` or `busy`.
    pub(crate) status: &'static str,
    /// Whether they have the conversation open.
    pub(crate) here: bool,
    /// What their device says of itself there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<Value>,
}

impl Entry {
    pub(super) fn of(directory: &Directory, here: &Here, key: PrincipalKey, told: Told) -> Self {
        let member = directory.member(key);
        let metadata = here.metadata(key).filter(|_| told.metadata != 0);
        Self {
            user_id: member.id().as_str().to_owned(),
            username: member.name().into_owned(),
            status: Availability::as_str(told.availability),
            here: told.is_here,
            metadata: metadata.and_then(|(_, text)| serde_json::from_str(text).ok()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    conversation_id: &'a str,
    mode: &'static str,
    members: Vec<Entry>,
    counts: Counts,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    conversation_id: &'a str,
    mode: &'static str,
    joins: Vec<Entry>,
    updates: Vec<Entry>,
    leaves: Vec<&'a str>,
    counts: Counts,
}

/// A message as it is sent.
pub(super) fn encode(directory: &Directory, here: &Here, id: &str, message: &Message) -> Frame {
    let entries = |people: &[(PrincipalKey, Told)]| {
        let entry = |(key, told): &(PrincipalKey, Told)| Entry::of(directory, here, *key, *told);
        let mut entries: Vec<_> = people.iter().map(entry).collect();
        // By id: the order of keys would tell who was known first.
        entries.sort_by(|one, other| one.user_id.cmp(&other.user_id));
        entries
    };
    let Message {
        rung,
        is_whole,
        diff,
        counts,
    } = message;
    if *is_whole {
        let whole = Whole {
            conversation_id: id,
            mode: rung.as_str(),
            members: entries(&diff.joins),
            counts: *counts,
            truncated: diff.joins.len() < counts.online,
        };
        return event("conversation:presence", &whole);
    }
    let leaves = diff.leaves.iter();
    let change = Change {
        conversation_id: id,
        mode: rung.as_str(),
        joins: entries(&diff.joins),
        updates: entries(&diff.updates),
        leaves: leaves
            .map(|key| directory.member(*key).id().as_str())
            .collect(),
        counts: *counts,
    };
    event("conversation:presence_diff", &change)
}
