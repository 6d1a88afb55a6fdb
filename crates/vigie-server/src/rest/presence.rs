//! `/v1/presence`: reading presence, which is not an activity, and choosing one's own, which is.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::{PrincipalId, Signal};

use super::access::{Actor, Asker, Passive};
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{InPath, Payload, ids};
use super::view::{PresenceView, see};
use crate::admission::Identity;
use crate::app::App;
use crate::choosing::{Wish, choose};

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

/// Show one's own presence, and what one chose.
#[utoipa::path(
    get, path = "/v1/presence/me", tag = "presence",
    responses((status = 200, body = PresenceView), (status = 401, body = CredentialFailure)),
    security(("jwt" = []), ("guest" = [])),
)]
pub(super) async fn show_own_presence(
    State(app): State<Arc<App>>,
    Passive(identity): Passive,
) -> Result<Json<PresenceView>, ApiError> {
    own(&app, identity)
}

/// Choose how to be shown, in place of everything chosen before.
///
/// The choice is in force at once, on every device and over restarts; the answer comes when no crash takes it back.
/// An activity, except that others are told what was chosen and not what was before.
#[utoipa::path(
    put, path = "/v1/presence/me", tag = "presence",
    request_body = Wish,
    responses(
        (status = 200, body = PresenceView), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 429, body = Problem), (status = 503, body = Problem, description = "In force, but not durable yet"),
    ),
    security(("jwt" = []), ("guest" = [])),
)]
pub(super) async fn choose_own_status(
    State(app): State<Arc<App>>,
    Actor {
        identity,
        uncounted,
    }: Actor,
    Payload(wish): Payload<Wish>,
) -> Result<Json<PresenceView>, ApiError> {
    let principal = identity.key;
    let activity = uncounted.map(|began| Signal::ActivityReported {
        principal,
        at: began,
        began: began.mono,
    });
    let in_force = choose(&app, principal, wish, activity)?;
    in_force.durable(&app).await?;
    own(&app, identity)
}

fn own(app: &App, identity: Identity) -> Result<Json<PresenceView>, ApiError> {
    let id = identity.id.clone();
    let mut seen = see(app, &Asker::Person(identity), &[id], |shown| {
        PresenceView::from(shown)
    });
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
