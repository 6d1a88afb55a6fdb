//! `/v1/activity`: other services report what people did.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_core::{PrincipalId, PrincipalKey, Wall};

use super::access::Service;
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{Payload, time};
use crate::app::App;

/// One activity; either `userId` or `guestId`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// A registered user's id.
    user_id: Option<String>,
    /// A guest's id.
    guest_id: Option<String>,
    /// When it happened; now when it is left out or lies in the future.
    #[schema(format = DateTime)]
    at: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reported {
    /// How many activities were taken.
    accepted: usize,
    /// The ids of whom nobody knows, or who may not be here; nobody was created.
    unknown: Vec<String>,
}

/// Report activities of users and guests.
///
/// Either the whole batch is understood, or nothing of it counts.
#[utoipa::path(
    post, path = "/v1/activity", tag = "activity",
    request_body(content = Vec<Report>, description = "At most 10,000"),
    responses(
        (status = 200, body = Reported), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 413, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn report_activity(
    State(app): State<Arc<App>>,
    Service: Service,
    Payload(reports): Payload<Vec<Report>>,
) -> Result<Json<Reported>, ApiError> {
    let most = app.config.limits.activity_batch;
    if reports.len() > most {
        let asked = reports.len();
        return Err(ApiError::TooManyActivities { asked, most });
    }
    let activities: Vec<Activity> = reports
        .iter()
        .enumerate()
        .map(|(place, report)| Activity::read(place, report))
        .collect::<Result<_, _>>()?;
    let keys = admitted(&app, &activities);
    let mut accepted = 0;
    let mut unknown = Vec::new();
    let mut named = HashSet::new();
    for (activity, key) in activities.iter().zip(keys) {
        match (key, activity.at) {
            (None, _) => {
                if named.insert(&activity.who) {
                    unknown.push(activity.who.as_str().to_owned());
                }
                continue;
            }
            (Some(key), Some(at)) => app.status.record_at(key, at),
            (Some(key), None) => app.status.record(key, app.status.begin()),
        }
        accepted += 1;
    }
    Ok(Json(Reported { accepted, unknown }))
}

/// A report that was understood.
pub(super) struct Activity {
    pub(super) who: PrincipalId,
    pub(super) at: Option<Wall>,
}

impl Activity {
    pub(super) fn read(place: usize, report: &Report) -> Result<Self, ApiError> {
        let who = match (&report.user_id, &report.guest_id) {
            (Some(user), None) => PrincipalId::user(user),
            (None, Some(guest)) => PrincipalId::guest(guest),
            (Some(_), Some(_)) | (None, None) => {
                return Err(ApiError::invalid(format!(
                    "Activity {place} names nobody or two: give either userId or guestId."
                )));
            }
        };
        let who = who.map_err(|error| {
            ApiError::invalid(format!(
                "The id of activity {place} cannot be read: {error}."
            ))
        })?;
        let at = report.at.as_deref().map(time).transpose()?;
        Ok(Self { who, at })
    }
}

/// The keys of those who exist and may be here.
fn admitted(app: &App, activities: &[Activity]) -> Vec<Option<PrincipalKey>> {
    let now = app.host.now().wall;
    let directory = app.people.directory();
    let key = |activity: &Activity| {
        let key = directory.key(&activity.who)?;
        directory.member(key).is_admitted(now).then_some(key)
    };
    activities.iter().map(key).collect()
}
