//! `/v1/conversations/{id}/presence`: who of a conversation is present, and who has it open; not an activity.
//!
//! Always true: an asker is shown what a view of the same person would hold, and a conversation of others looks like one that does not exist.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::{ConversationKey, PrincipalId};

use super::access::Asker;
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{InPath, conversation_id, ids};
use crate::app::App;
use crate::fanout::rooms::{Counts, Entry, Seen};
use crate::fanout::wire::iso;

/// Members in one page unless the query says otherwise.
const PAGE: usize = 100;

/// Most members in one page: about 200 kB.
pub(super) const LARGEST_PAGE: usize = 1_000;

/// Conversations in one call that counts.
pub(super) const MOST_CONVERSATIONS: usize = 100;

/// A member who is shown as present.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PresentMember {
    /// The typed id, `user:<id>` or `guest:<id>`.
    id: String,
    #[serde(flatten)]
    entry: Entry,
    /// Last proof that they were there; null where it is hidden.
    #[schema(format = DateTime)]
    last_active_at: Option<String>,
}

impl From<Seen> for PresentMember {
    fn from(seen: Seen) -> Self {
        Self {
            id: seen.id.to_string(),
            entry: seen.entry,
            last_active_at: seen.last_active_at.map(iso),
        }
    }
}

/// Who is in a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationPresence {
    /// Which.
    conversation_id: String,
    /// How many.
    counts: Counts,
    /// Those who are present, in the order of their ids; left out when counts alone are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<PresentMember>>,
    /// What `after` is to be for the next page; null when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Option<String>>,
}

/// The counts of several conversations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConversationPresences {
    /// In the order of the ids; those of others are left out.
    conversations: Vec<ConversationPresence>,
}

/// Which part of a conversation's presence is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) counts_alone: bool,
    pub(super) limit: usize,
    pub(super) after: Option<PrincipalId>,
}

impl Part {
    pub(super) fn of(query: Option<&str>) -> Result<Self, ApiError> {
        let mut part = Self {
            counts_alone: false,
            limit: PAGE,
            after: None,
        };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match (&*name, &*value) {
                ("fields", "count") => part.counts_alone = true,
                ("fields", _) => {
                    return Err(ApiError::invalid(
                        "`fields` may be `count`, or be left out.",
                    ));
                }
                ("limit", text) => {
                    let limit = text.parse().ok();
                    let limit = limit.filter(|limit| (1..=LARGEST_PAGE).contains(limit));
                    let refusal = || {
                        ApiError::invalid(format!("`limit` is a number from 1 to {LARGEST_PAGE}."))
                    };
                    part.limit = limit.ok_or_else(refusal)?;
                }
                ("after", text) => part.after = Some(text.parse()?),
                _ => {}
            }
        }
        Ok(part)
    }
}

/// Show who of a conversation is present, and who has it open.
///
/// For its members, and by API key.
/// Whoever the asker may not see as present is neither listed nor counted.
#[utoipa::path(
    get, path = "/v1/conversations/{id}/presence", tag = "presence",
    params(
        ("id" = String, Path, description = "A conversation's id"),
        ("fields" = Option<String>, Query, description = "`count` for the counts alone"),
        ("limit" = Option<usize>, Query, description = "Members in a page, at most 1,000; 100 by default"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
    ),
    responses(
        (status = 200, body = ConversationPresence), (status = 400, body = Problem),
        (status = 401, body = CredentialFailure), (status = 404, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn show_conversation_presence(
    State(app): State<Arc<App>>,
    asker: Asker,
    InPath(id): InPath<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ConversationPresence>, ApiError> {
    let part = Part::of(query.as_deref())?;
    let key = find(&app, &asker, &id)?.ok_or(ApiError::UnknownConversation)?;
    if part.counts_alone {
        let counts = count(&app, &asker, id, key);
        return counts.map(Json).ok_or(ApiError::UnknownConversation);
    }
    let page = app
        .fanout
        .page_conversation(asker.watcher(), key, part.after.as_ref(), part.limit)
        .ok_or(ApiError::UnknownConversation)?;
    Ok(Json(ConversationPresence {
        conversation_id: id,
        counts: page.counts,
        members: Some(page.members.into_iter().map(PresentMember::from).collect()),
        next: Some(page.next.map(|id| id.to_string())),
    }))
}

/// Count who is present in several conversations, and who has them open.
///
/// Of those alone of which the asker is a member; an API key may ask for any.
#[utoipa::path(
    get, path = "/v1/conversations/presence", tag = "presence",
    params(("ids" = String, Query, description = "Ids of conversations, comma-separated, at most 100")),
    responses(
        (status = 200, body = ConversationPresences), (status = 400, body = Problem),
        (status = 401, body = CredentialFailure),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn count_conversations(
    State(app): State<Arc<App>>,
    asker: Asker,
    RawQuery(query): RawQuery,
) -> Result<Json<ConversationPresences>, ApiError> {
    let mut conversations = Vec::new();
    for id in ids(query.as_deref(), MOST_CONVERSATIONS)? {
        if let Some(key) = find(&app, &asker, &id)? {
            conversations.extend(count(&app, &asker, id, key));
        }
        tokio::task::yield_now().await;
    }
    Ok(Json(ConversationPresences { conversations }))
}

fn count(
    app: &App,
    asker: &Asker,
    id: String,
    key: ConversationKey,
) -> Option<ConversationPresence> {
    let counts = app.fanout.count_conversation(asker.watcher(), key)?;
    Some(ConversationPresence {
        conversation_id: id,
        counts,
        members: None,
        next: None,
    })
}

/// A conversation that the asker may look at.
fn find(app: &App, asker: &Asker, id: &str) -> Result<Option<ConversationKey>, ApiError> {
    let id = conversation_id(id)?;
    let directory = app.people.directory();
    let key = directory.conversation_key(&id);
    Ok(key.filter(|key| match asker {
        Asker::Service => true,
        Asker::Person(identity) => directory.is_member(*key, identity.key),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_part_within_its_bounds() {
        let check = |query: &str, expected: Option<(bool, usize, Option<&str>)>| {
            let part = Part::of(Some(query)).ok();
            let part = part.map(|part| {
                let after = part.after.map(|after| after.to_string());
                (part.counts_alone, part.limit, after)
            });
            let expected =
                expected.map(|(counts, limit, after)| (counts, limit, after.map(str::to_owned)));
            assert_eq!(part, expected, "{query}");
        };
        check("", Some((false, 100, None)));
        check("fields=count", Some((true, 100, None)));
        check(
            "limit=1000&after=user:ann",
            Some((false, 1_000, Some("user:ann"))),
        );
        check("after=ann&x=1", Some((false, 100, Some("user:ann"))));
        check("after=guest:g_a", Some((false, 100, Some("guest:g_a"))));
        for bad in [
            "fields=names",
            "limit=0",
            "limit=1001",
            "limit=-1",
            "limit=x",
            "after=?",
        ] {
            check(bad, None);
        }
    }
}
