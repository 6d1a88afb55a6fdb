//! `/v1/blocks`: whom people do not want to see, and to be seen by.
//!
//! Always true: an answer is the same whether or not the blocked person exists.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::PrincipalId;

use super::access::{Asker, find, whose};
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::InPath;
use crate::app::App;

/// Whom somebody blocked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlocksView {
    /// Typed ids, in their order; whether anybody has them is not told.
    blocked: Vec<String>,
}

/// List whom somebody blocked; nobody is told who blocked them.
#[utoipa::path(
    get, path = "/v1/blocks/{who}", tag = "visibility",
    params(("who" = String, Path, description = "`me`; or with an API key `user:<id>` or `guest:<id>`")),
    responses(
        (status = 200, body = BlocksView), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn list_blocks(
    State(app): State<Arc<App>>,
    asker: Asker,
    InPath(who): InPath<String>,
) -> Result<Json<BlocksView>, ApiError> {
    let key = find(&app, &whose(&asker, &who)?)?;
    let blocked = app.people.directory().blocked_ids(key);
    let blocked = blocked.iter().map(PrincipalId::to_string).collect();
    Ok(Json(BlocksView { blocked }))
}

/// Block somebody: neither sees anything of the other any more, but for moderators, who see as before.
///
/// An id that nobody has can be blocked as well, and the block holds when somebody gets it.
#[utoipa::path(
    put, path = "/v1/blocks/{who}/{principal}", tag = "visibility",
    params(
        ("who" = String, Path, description = "`me`; or with an API key `user:<id>` or `guest:<id>`"),
        ("principal" = String, Path, description = "Whom to block, as `user:<id>` or `guest:<id>`"),
    ),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "A thousand people are blocked already"),
        (status = 503, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn put_block(
    State(app): State<Arc<App>>,
    asker: Asker,
    InPath((who, principal)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let blocker = whose(&asker, &who)?;
    let blocked: PrincipalId = principal.parse()?;
    if blocker == blocked {
        return Err(ApiError::invalid(
            "Nobody can block themselves; to be seen by nobody, change /v1/privacy.",
        ));
    }
    let before = |one, other| app.fanout.sights_between(one, other);
    if let Some(sights) = app.people.block(&blocker, &blocked, before).await? {
        app.fanout.sights_changed(sights);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// End a block, if there is one.
#[utoipa::path(
    delete, path = "/v1/blocks/{who}/{principal}", tag = "visibility",
    params(
        ("who" = String, Path, description = "`me`; or with an API key `user:<id>` or `guest:<id>`"),
        ("principal" = String, Path, description = "Whom to unblock, as `user:<id>` or `guest:<id>`"),
    ),
    responses(
        (status = 204), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn delete_block(
    State(app): State<Arc<App>>,
    asker: Asker,
    InPath((who, principal)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let blocker = whose(&asker, &who)?;
    let blocked: PrincipalId = principal.parse()?;
    let before = |one, other| app.fanout.sights_between(one, other);
    if let Some(sights) = app.people.unblock(&blocker, &blocked, before).await? {
        app.fanout.sights_changed(sights);
    }
    Ok(StatusCode::NO_CONTENT)
}
