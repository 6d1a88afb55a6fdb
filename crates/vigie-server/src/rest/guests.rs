//! `/v1/guests`: anonymous participants, by API key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_core::{PrincipalId, Revocation, Wall};

use super::access::{Service, find};
use super::departure::see_off;
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{InPath, Payload, conversation_id, guest_id, name, time, user_id};
use crate::app::App;
use crate::fanout::wire::iso;
use crate::people::NewGuest;

/// A guest to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuestRequest {
    /// The one conversation; it is created when missing.
    conversation_id: String,
    /// The name to show.
    display_name: String,
    /// Language tag.
    language: Option<String>,
    /// When the stay ends by itself.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl GuestRequest {
    /// The guest that is asked for at `now`.
    pub(super) fn read(self, now: Wall) -> Result<NewGuest, ApiError> {
        let conversation = conversation_id(&self.conversation_id)?;
        let display_name = name("displayName", Some(self.display_name))?
            .filter(|name| !name.is_empty())
            .ok_or_else(|| ApiError::invalid("A guest needs a displayName that is not empty."))?;
        let expires_at = self.expires_at.as_deref().map(time).transpose()?;
        if expires_at.is_some_and(|end| end <= now) {
            return Err(ApiError::invalid(
                "expiresAt lies in the past: give a later time, or none.",
            ));
        }
        Ok(NewGuest {
            conversation,
            display_name,
            language: name("language", self.language)?,
            expires_at,
        })
    }
}

/// A guest who was just made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuestMade {
    /// The id, which starts with `g_`.
    id: String,
    /// The credential; it is kept nowhere, and this is the only time it is shown.
    session_token: String,
    /// When the stay ends by itself.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Make a guest of a conversation; the only time the token is shown.
#[utoipa::path(
    post, path = "/v1/guests", tag = "directory",
    request_body(content = GuestRequest),
    responses(
        (status = 201, body = GuestMade), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn create_guest(
    State(app): State<Arc<App>>,
    Service: Service,
    Payload(request): Payload<GuestRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let new = request.read(app.host.now().wall)?;
    let expires_at = new.expires_at;
    let limit = app.config.limits.audience;
    let note = |moved| app.fanout.note_members(moved);
    let (id, token, noted) = app.people.create_guest(new, limit, note).await?;
    app.fanout.members_changed(noted);
    let made = GuestMade {
        id: id.as_str().to_owned(),
        session_token: token.expose().to_owned(),
        expires_at: expires_at.map(iso),
    };
    let no_store = HeaderValue::from_static("no-store");
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, no_store)], Json(made)))
}

/// Who a guest became.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MergeRequest {
    /// A registered user's id; a user that is missing is created.
    user_id: String,
}

impl MergeRequest {
    pub(super) fn read(&self) -> Result<PrincipalId, ApiError> {
        user_id(&self.user_id)
    }
}

/// A guest became a user: the user is a member where the guest was, and the guest is gone.
///
/// Blocks by and against the guest are the user's; what the guest let others see is not taken over.
/// Whoever sees the conversation is told of both in one change.
#[utoipa::path(
    post, path = "/v1/guests/{id}/merge", tag = "directory",
    params(("id" = String, Path, description = "A guest's id")),
    request_body(content = MergeRequest),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn merge_guest(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
    Payload(request): Payload<MergeRequest>,
) -> Result<StatusCode, ApiError> {
    let guest = guest_id(&id)?;
    let user = request.read()?;
    let before = |one, other| app.fanout.sights_between(one, other);
    let limit = app.config.limits.audience;
    let note = |moved| app.fanout.note_members(moved);
    let merging = app.people.merge_guest(&guest, &user, before, limit, note);
    let (merged, sights) = merging.await?;
    // Both in one go, before the end of the guest's sessions is an edge of its own.
    app.fanout.guest_merged(&merged);
    app.fanout.revoke(merged.guest, Revocation::Merged);
    app.host.forget(merged.guest);
    for sights in sights {
        app.fanout.sights_changed(sights);
    }
    for noted in merged.noted {
        app.fanout.members_changed(noted);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// End a guest's stay: the token is void, the sockets are cut.
#[utoipa::path(
    delete, path = "/v1/guests/{id}", tag = "directory",
    params(("id" = String, Path, description = "A guest's id")),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn delete_guest(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    let id = guest_id(&id)?;
    let key = find(&app, &id)?;
    let ids = [id];
    let note = |moved| app.fanout.note_members(moved);
    let limit = app.config.limits.audience;
    let deletion = app.people.delete_guests(&ids, limit, note);
    see_off(&app, key, Revocation::Deleted, deletion).await?;
    Ok(StatusCode::NO_CONTENT)
}
