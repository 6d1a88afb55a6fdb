//! `/users/presence`: the bulk read of the compatible surface; not an activity.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::PrincipalId;

use super::access::{Asker, Passive};
use super::answer::Success;
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::ids;
use super::view::see;
use crate::app::App;
use crate::fanout::visibility::Shown;
use crate::fanout::wire::iso;

/// The presences asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Users {
    /// In the order of the ids, each once.
    users: Vec<UserPresence>,
}

/// One presence of the compatible surface.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserPresence {
    /// The id as it was asked for.
    user_id: String,
    /// Whether they are online or away.
    is_online: bool,
    /// Last proof that they were there.
    #[schema(format = DateTime)]
    last_active_at: Option<String>,
}

impl From<Shown<'_>> for UserPresence {
    fn from(shown: Shown<'_>) -> Self {
        Self {
            user_id: shown.id.as_str().to_owned(),
            is_online: shown.face.availability.is_online(),
            last_active_at: shown.face.last_proof_at.map(iso),
        }
    }
}

impl UserPresence {
    /// What is said of a text that nobody can have as an id.
    fn unknown(user_id: String) -> Self {
        Self {
            user_id,
            is_online: false,
            last_active_at: None,
        }
    }
}

/// Show the presence of several people, in the order of the ids; strangers look unknown.
#[utoipa::path(
    get, path = "/presence", tag = "compatible",
    params(("ids" = String, Query, description = "Bare ids, comma-separated, at most 200")),
    responses(
        (status = 200, body = Success<Users>), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
    ),
    security(("jwt" = []), ("guest" = [])),
)]
pub(super) async fn list_users_presence(
    State(app): State<Arc<App>>,
    Passive(identity): Passive,
    RawQuery(query): RawQuery,
) -> Result<Json<Success<Users>>, ApiError> {
    let asked = ids(query.as_deref(), app.config.limits.presence_ids)?;
    let parsed: Vec<_> = asked.iter().map(|id| PrincipalId::from_wire(id)).collect();
    let possible: Vec<_> = parsed.iter().flatten().cloned().collect();
    let mut seen = see(&app, &Asker::Person(identity), &possible, |shown| {
        UserPresence::from(shown)
    })
    .into_iter();
    let users = asked
        .into_iter()
        .zip(parsed)
        .map(|(text, id)| {
            let seen = id.ok().and_then(|_| seen.next());
            seen.unwrap_or_else(|| UserPresence::unknown(text))
        })
        .collect();
    Ok(Success::of(Users { users }))
}
