//! `/api/conversations`: what one is a member of; an activity.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::{ConversationKey, PrincipalKey};

use super::access::Active;
use super::answer::Success;
use super::error::{ApiError, CredentialFailure};
use crate::app::App;
use crate::fanout::OnlineMembers;

/// A conversation, as its members see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnConversation {
    /// Its id.
    id: String,
    /// Its title, if it has one.
    title: Option<String>,
    /// How many people are members.
    member_count: usize,
    /// How many of them are shown as present to whoever asks, who counts as the others see them.
    online_count: usize,
}

/// List one's conversations; a guest has one.
#[utoipa::path(
    get, path = "/api/conversations", tag = "compatible",
    responses((status = 200, body = Success<Vec<OwnConversation>>), (status = 401, body = CredentialFailure)),
    security(("jwt" = []), ("guest" = [])),
)]
pub(super) async fn list_own_conversations(
    State(app): State<Arc<App>>,
    Active(identity): Active,
) -> Result<Json<Success<Vec<OwnConversation>>>, ApiError> {
    let keys = {
        let directory = app.people.directory();
        directory.member(identity.key).conversations().to_vec()
    };
    let conversations = keys
        .into_iter()
        .filter_map(|key| describe(&app, identity.key, key));
    Ok(Success::of(conversations.collect()))
}

/// `None` when the conversation ended meanwhile.
fn describe(app: &App, watcher: PrincipalKey, key: ConversationKey) -> Option<OwnConversation> {
    // Asked before the directory is locked: whoever holds it never calls the engine.
    let online = OnlineMembers::of(&app.fanout, key).shown_to(watcher, 0);
    let directory = app.people.directory();
    let conversation = directory.conversation(key)?;
    Some(OwnConversation {
        id: conversation.id.to_string(),
        title: conversation.title.as_deref().map(str::to_owned),
        member_count: conversation.members().len(),
        online_count: online.count,
    })
}
