//! `/v1/users`: registered users, by API key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_core::{Member, Revocation, Role};

use super::access::{Asker, Service, find, registered};
use super::departure::see_off;
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{InPath, OptionalPayload, name, user_id};
use crate::app::App;
use crate::people::{Names, Put, UserPatch};

/// What to change of a user; a field that is left out or null stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserChange {
    /// Login name.
    username: Option<String>,
    /// The name to show.
    display_name: Option<String>,
    /// Given name.
    first_name: Option<String>,
    /// Family name.
    last_name: Option<String>,
    /// Language tag.
    language: Option<String>,
    /// Overrides the token's: `USER`, `ADMIN`, `MODERATOR`, `MODO`, `AUDIT`, `ANALYST` or `BIGBOSS`.
    role: Option<String>,
    /// Whether they may authenticate; false cuts their sockets.
    is_active: Option<bool>,
}

/// A user of the directory.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserView {
    /// The id, without its type.
    id: String,
    /// What people call them: display name, else first and last name, else username, else the id.
    name: String,
    username: Option<String>,
    display_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    language: Option<String>,
    /// The role set through the API; null when the token decides.
    role: Option<&'static str>,
    /// Whether they may authenticate.
    is_active: bool,
}

impl From<Member<'_>> for UserView {
    fn from(member: Member<'_>) -> Self {
        let names = member.names();
        let text = |field: Option<&str>| field.map(str::to_owned);
        Self {
            id: member.id().as_str().to_owned(),
            name: member.name().into_owned(),
            username: text(names.username),
            display_name: text(names.display_name),
            first_name: text(names.first_name),
            last_name: text(names.last_name),
            language: text(names.language),
            role: member.role().map(Role::as_str),
            is_active: member.is_active(),
        }
    }
}

impl TryFrom<UserChange> for UserPatch {
    type Error = ApiError;

    fn try_from(change: UserChange) -> Result<Self, ApiError> {
        let role = change.role.map(|word| word.parse()).transpose();
        let role =
            role.map_err(|error| ApiError::invalid(format!("The role cannot be read: {error}.")))?;
        Ok(Self {
            names: Names {
                username: name("username", change.username)?,
                display_name: name("displayName", change.display_name)?,
                first_name: name("firstName", change.first_name)?,
                last_name: name("lastName", change.last_name)?,
                language: name("language", change.language)?,
            },
            role,
            is_active: change.is_active,
        })
    }
}

/// Add a user, or change one; a deleted one comes back.
#[utoipa::path(
    put, path = "/v1/users/{id}", tag = "directory",
    params(("id" = String, Path, description = "A registered user's id")),
    request_body(content = Option<UserChange>),
    responses(
        (status = 200, body = UserView, description = "Changed"), (status = 201, body = UserView, description = "Added"),
        (status = 400, body = Problem), (status = 401, body = CredentialFailure), (status = 403, body = Problem),
        (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn put_user(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
    OptionalPayload(change): OptionalPayload<UserChange>,
) -> Result<(StatusCode, Json<UserView>), ApiError> {
    let id = user_id(&id)?;
    let patch = UserPatch::try_from(change)?;
    let is_deactivated = patch.is_active == Some(false);
    let before = |key| app.fanout.sights_around(key);
    let (Put { key, is_new }, sights) = app.people.put_user(id, patch, before).await?;
    if let Some(sights) = sights {
        app.fanout.sights_changed(sights);
    }
    if is_deactivated {
        app.fanout.revoke(key, Revocation::Deactivated);
    }
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let view = UserView::from(app.people.directory().member(key));
    Ok((status, Json(view)))
}

/// Show a user.
#[utoipa::path(
    get, path = "/v1/users/{id}", tag = "directory",
    params(("id" = String, Path, description = "A registered user's id")),
    responses(
        (status = 200, body = UserView), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn show_user(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
) -> Result<Json<UserView>, ApiError> {
    let key = find(&app, &user_id(&id)?)?;
    let view = UserView::from(app.people.directory().member(key));
    Ok(Json(view))
}

/// Forget a user and cut their sockets; no token brings them back.
#[utoipa::path(
    delete, path = "/v1/users/{id}", tag = "directory",
    params(("id" = String, Path, description = "A registered user's id")),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn delete_user(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    let id = user_id(&id)?;
    let key = find(&app, &id)?;
    let note = |moved| app.fanout.note_members(moved);
    let limit = app.config.limits.audience;
    let deletion = app.people.delete_user(&id, limit, note);
    see_off(&app, key, Revocation::Deleted, deletion).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Log a user out everywhere: every lease ends, every socket is closed.
///
/// By API key, or by oneself.
#[utoipa::path(
    delete, path = "/v1/users/{id}/sessions", tag = "directory",
    params(("id" = String, Path, description = "A registered user's id")),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem),
    ),
    security(("api_key" = []), ("jwt" = [])),
)]
pub(super) async fn delete_sessions(
    State(app): State<Arc<App>>,
    asker: Asker,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    let id = user_id(&id)?;
    if let Asker::Person(identity) = asker {
        registered(&identity)?;
        if identity.id != id {
            return Err(ApiError::NotOneself);
        }
    }
    let key = find(&app, &id)?;
    app.fanout.revoke(key, Revocation::LoggedOut);
    Ok(StatusCode::NO_CONTENT)
}
