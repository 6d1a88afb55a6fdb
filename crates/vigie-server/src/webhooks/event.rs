//! Events as they stand in a delivery.

use serde::Serialize;
use vigie_core::{Id, PrincipalId};

use super::conversations::Change;
use crate::fanout::wire::Status;

/// One event; the order in a delivery is the order in which they are to be taken.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
#[expect(
    clippy::large_enum_variant,
    reason = "each is encoded where it is made, and none is kept"
)]
pub(super) enum Event {
    /// Somebody's newest state.
    #[serde(rename = "status")]
    Status(Status),
    #[serde(rename = "conversation.created")]
    Created(About),
    #[serde(rename = "conversation.deleted")]
    Deleted(About),
    #[serde(rename = "conversation.member_added")]
    MemberAdded(Membership),
    #[serde(rename = "conversation.member_removed")]
    MemberRemoved(Membership),
    /// Too much happened there to be told one by one.
    #[serde(rename = "conversation.changed")]
    Changed(About),
    /// Something may be missing: people and conversations are to be read anew.
    #[serde(rename = "resync")]
    Resync {},
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    conversation_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Membership {
    conversation_id: String,
    user_id: String,
}

impl Event {
    /// A change of a conversation; without one, that it changed.
    pub(super) fn of_conversation(conversation: &Id, change: Option<&Change>) -> Self {
        let conversation_id = conversation.as_str().to_owned();
        let member = |who: &PrincipalId| Membership {
            conversation_id: conversation_id.clone(),
            user_id: who.as_str().to_owned(),
        };
        match change {
            Some(Change::Created) => Self::Created(About { conversation_id }),
            Some(Change::Deleted) => Self::Deleted(About { conversation_id }),
            Some(Change::MemberAdded(who)) => Self::MemberAdded(member(who)),
            Some(Change::MemberRemoved(who)) => Self::MemberRemoved(member(who)),
            None => Self::Changed(About { conversation_id }),
        }
    }

    /// As JSON.
    pub(super) fn encode(&self) -> String {
        // Texts, numbers and nulls: encoding cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}
