//! `/v1/presence`: reading presence; not an activity.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::PrincipalId;

use super::access::Asker;
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{InPath, ids};
use super::view::{PresenceView, see};
use crate::app::App;

/// Several presences.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Presences {
    /// In the order of the ids, each once.
    presences: Vec<PresenceView>,
}

/// Show one person's presence.
///
/// People see themselves and whoever shares a conversation with them; an API key sees everybody.
/// Whoever may not be seen, or does not exist, is offline without any time.
#[utoipa::path(
    get, path = "/v1/presence/{id}", tag = "presence",
    params(("id" = String, Path, description = "`user:<id>`, `guest:<id>`, or a bare id, which is a user")),
    responses(
        (status = 200, body = PresenceView), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn show_presence(
    State(app): State<Arc<App>>,
    asker: Asker,
    InPath(id): InPath<String>,
) -> Result<Json<PresenceView>, ApiError> {
    let id: PrincipalId = id.parse()?;
    let mut seen = see(&app, &asker, &[id], |shown| PresenceView::from(shown));
    seen.pop().map(Json).ok_or(ApiError::Internal)
}

/// Show the presence of several people, in the order of the ids.
#[utoipa::path(
    get, path = "/v1/presence", tag = "presence",
    params(("ids" = String, Query, description = "Typed or bare ids, comma-separated, at most 1,000")),
    responses(
        (status = 200, body = Presences), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn list_presences(
    State(app): State<Arc<App>>,
    asker: Asker,
    RawQuery(query): RawQuery,
) -> Result<Json<Presences>, ApiError> {
    let ids = ids(query.as_deref(), app.config.limits.bulk_presence)?;
    let mut ids: Vec<PrincipalId> = ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?;
    // One id has two spellings.
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    let presences = see(&app, &asker, &ids, |shown| PresenceView::from(shown));
    Ok(Json(Presences { presences }))
}
