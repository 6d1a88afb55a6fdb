//! `/v1/conversations`: conversations and who is a member, by API key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_core::{Id, PrincipalId};

use super::access::Service;
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{InPath, OptionalPayload, Payload, conversation_id, name};
use crate::app::App;

/// What to change of a conversation.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ConversationChange {
    /// Its title; left out or null, it stays as it is.
    pub(super) title: Option<String>,
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationView {
    /// Its id.
    id: String,
    /// Its title, if it has one.
    title: Option<String>,
    /// How many people are members.
    member_count: usize,
}

/// Add a conversation, or change its title.
#[utoipa::path(
    put, path = "/v1/conversations/{id}", tag = "directory",
    params(("id" = String, Path, description = "A conversation's id")),
    request_body(content = Option<ConversationChange>),
    responses(
        (status = 200, body = ConversationView, description = "Changed"),
        (status = 201, body = ConversationView, description = "Added"),
        (status = 400, body = Problem), (status = 401, body = CredentialFailure), (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn put_conversation(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
    OptionalPayload(change): OptionalPayload<ConversationChange>,
) -> Result<(StatusCode, Json<ConversationView>), ApiError> {
    let id = conversation_id(&id)?;
    let title = name("title", change.title)?;
    let is_new = app.people.directory().conversation_key(&id).is_none();
    app.people.put_conversation(id.clone(), title).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let view = describe(&app, &id).ok_or(ApiError::UnknownConversation)?;
    Ok((status, Json(view)))
}

/// Forget a conversation and its memberships.
#[utoipa::path(
    delete, path = "/v1/conversations/{id}", tag = "directory",
    params(("id" = String, Path, description = "A conversation's id")),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn delete_conversation(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    let id = conversation_id(&id)?;
    let limit = app.config.limits.audience;
    let note = |moved| app.fanout.note_members(moved);
    let noted = app.people.delete_conversation(&id, limit, note).await?;
    app.fanout.members_changed(noted);
    Ok(StatusCode::NO_CONTENT)
}

/// Make somebody a member; users and conversations that are missing are created.
#[utoipa::path(
    put, path = "/v1/conversations/{id}/members/{principal}", tag = "directory",
    params(
        ("id" = String, Path, description = "A conversation's id"),
        ("principal" = String, Path, description = "`user:<id>` or `guest:<id>`"),
    ),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn put_member(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath((id, principal)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let id = conversation_id(&id)?;
    let principal: PrincipalId = principal.parse()?;
    let limit = app.config.limits.audience;
    let note = |moved| app.fanout.note_members(moved);
    let members = [principal];
    let noted = app.people.add_members(id, &members, limit, note).await?;
    app.fanout.members_changed(noted);
    Ok(StatusCode::NO_CONTENT)
}

/// End a membership.
#[utoipa::path(
    delete, path = "/v1/conversations/{id}/members/{principal}", tag = "directory",
    params(
        ("id" = String, Path, description = "A conversation's id"),
        ("principal" = String, Path, description = "`user:<id>` or `guest:<id>`"),
    ),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn delete_member(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath((id, principal)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let id = conversation_id(&id)?;
    let principal: PrincipalId = principal.parse()?;
    let limit = app.config.limits.audience;
    let note = |moved| app.fanout.note_members(moved);
    let noted = app.people.remove_member(&id, &principal, limit, note);
    app.fanout.members_changed(noted.await?);
    Ok(StatusCode::NO_CONTENT)
}

/// Make exactly these people the members; users and conversations that are missing are created.
#[utoipa::path(
    put, path = "/v1/conversations/{id}/members", tag = "directory",
    params(("id" = String, Path, description = "A conversation's id")),
    request_body(content = Vec<String>, description = "`user:<id>` or `guest:<id>`"),
    responses(
        (status = 200, body = ConversationView), (status = 400, body = Problem),
        (status = 401, body = CredentialFailure), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 413, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn replace_members(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
    Payload(principals): Payload<Vec<String>>,
) -> Result<Json<ConversationView>, ApiError> {
    let id = conversation_id(&id)?;
    let members = read_members(&principals)?;
    let limit = app.config.limits.audience;
    let note = |moved| app.fanout.note_members(moved);
    let replaced = app
        .people
        .replace_members(id.clone(), &members, limit, note);
    app.fanout.members_changed(replaced.await?);
    describe(&app, &id)
        .map(Json)
        .ok_or(ApiError::UnknownConversation)
}

/// What a conversation is called whose path is also that of the counts of many.
const PRESENCE: &str = "presence";

/// [`put_conversation`] of the conversation that is called `presence`.
pub(super) async fn put_conversation_called_presence(
    app: State<Arc<App>>,
    service: Service,
    change: OptionalPayload<ConversationChange>,
) -> Result<(StatusCode, Json<ConversationView>), ApiError> {
    put_conversation(app, service, InPath(PRESENCE.to_owned()), change).await
}

/// [`delete_conversation`] of the conversation that is called `presence`.
pub(super) async fn delete_conversation_called_presence(
    app: State<Arc<App>>,
    service: Service,
) -> Result<StatusCode, ApiError> {
    delete_conversation(app, service, InPath(PRESENCE.to_owned())).await
}

/// The members that a list names, each once.
pub(super) fn read_members(principals: &[String]) -> Result<Vec<PrincipalId>, ApiError> {
    let members: Result<Vec<PrincipalId>, _> = principals.iter().map(|text| text.parse()).collect();
    let mut members = members?;
    members.sort_unstable();
    members.dedup();
    Ok(members)
}

fn describe(app: &App, id: &Id) -> Option<ConversationView> {
    let directory = app.people.directory();
    let conversation = directory.conversation(directory.conversation_key(id)?)?;
    Some(ConversationView {
        id: conversation.id.to_string(),
        title: conversation.title.as_deref().map(str::to_owned),
        member_count: conversation.members().len(),
    })
}
