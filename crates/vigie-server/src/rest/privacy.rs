//! `/v1/privacy`: what people let others see of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_core::{Privacy, Reach};

use super::access::{Asker, find, whose};
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{InPath, Payload};
use crate::app::App;

/// What somebody lets others see.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PrivacyView {
    /// Who sees whether they are there: `nobody`, `contacts` (whoever shares a conversation) or `everyone`.
    availability: String,
    /// Who sees the exact times, in the same words; never more people than see whether they are there.
    last_seen: String,
}

impl From<Privacy> for PrivacyView {
    fn from(privacy: Privacy) -> Self {
        Self {
            availability: privacy.availability.as_str().to_owned(),
            last_seen: privacy.last_seen.as_str().to_owned(),
        }
    }
}

impl TryFrom<PrivacyView> for Privacy {
    type Error = ApiError;

    fn try_from(view: PrivacyView) -> Result<Self, ApiError> {
        let reach = |field: &str, word: &str| -> Result<Reach, ApiError> {
            let parsed = word.parse();
            parsed.map_err(|error| ApiError::invalid(format!("{field} cannot be read: {error}.")))
        };
        Ok(Self {
            availability: reach("availability", &view.availability)?,
            last_seen: reach("lastSeen", &view.last_seen)?,
        })
    }
}

/// Show what somebody lets others see; contacts see everything unless they say otherwise.
#[utoipa::path(
    get, path = "/v1/privacy/{who}", tag = "visibility",
    params(("who" = String, Path, description = "`me`; or with an API key `user:<id>` or `guest:<id>`")),
    responses(
        (status = 200, body = PrivacyView), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn show_privacy(
    State(app): State<Arc<App>>,
    asker: Asker,
    InPath(who): InPath<String>,
) -> Result<Json<PrivacyView>, ApiError> {
    let key = find(&app, &whose(&asker, &who)?)?;
    let privacy = app.people.directory().member(key).privacy();
    Ok(Json(privacy.into()))
}

/// Say what others may see; it is durable before it is answered, and those whose view changes are told at once.
#[utoipa::path(
    put, path = "/v1/privacy/{who}", tag = "visibility",
    params(("who" = String, Path, description = "`me`; or with an API key `user:<id>` or `guest:<id>`")),
    request_body(content = PrivacyView),
    responses(
        (status = 200, body = PrivacyView), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem),
    ),
    security(("jwt" = []), ("guest" = []), ("api_key" = [])),
)]
pub(super) async fn put_privacy(
    State(app): State<Arc<App>>,
    asker: Asker,
    InPath(who): InPath<String>,
    Payload(view): Payload<PrivacyView>,
) -> Result<Json<PrivacyView>, ApiError> {
    let id = whose(&asker, &who)?;
    let privacy = Privacy::try_from(view)?;
    if let Asker::Person(identity) = &asker {
        app.choosing.count(identity.key)?;
    }
    let before = |key| app.fanout.sights_around(key);
    if let Some(sights) = app.people.set_privacy(&id, privacy, before).await? {
        app.fanout.sights_changed(sights);
    }
    Ok(Json(privacy.into()))
}
