//! Presence as JSON, made of what the one visibility function shows.
//!
//! In: ids and who asks. Out: one [`Shown`] each, in the order of the ids.
//! Always true: all presences of one answer are of one instant, and whoever may not be seen looks like somebody unknown.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use vigie_core::{Bucket, PrincipalId, PrincipalKey, Sight};

use super::access::Asker;
use crate::app::App;
use crate::fanout::visibility::{Shown, shown};
use crate::fanout::wire::{Choice, iso};

/// One person's presence, under the names of `user:status`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PresenceView {
    /// The typed id, `user:<id>` or `guest:<id>`.
    id: String,
    /// The id without its type.
    user_id: String,
    /// What people call them; the id of somebody unknown.
    username: String,
    /// Whether they are online or away.
    is_online: bool,
    /// `online`, `away`, `busy` or `offline`.
    status: &'static str,
    /// Last proof that they were there: activity, or a sign of life of a session.
    #[schema(format = DateTime)]
    last_active_at: Option<String>,
    /// Last activity.
    #[schema(format = DateTime)]
    last_activity_at: Option<String>,
    /// When they were there last, as of the latest change to offline.
    #[schema(format = DateTime)]
    last_seen_at: Option<String>,
    /// Grows with each change of theirs; null of somebody unknown, and where the exact times are hidden.
    seq: Option<u64>,
    /// The person's own line, while shown as present.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    status_text: Option<Arc<str>>,
    /// When the chosen status or its text ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    status_until: Option<String>,
    /// About when they were there last, in place of the exact times: `recently`, `within_week`, `within_month` or `long_ago`.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_bucket: Option<&'static str>,
    /// What was chosen; to oneself and services.
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<Choice>,
}

impl From<Shown<'_>> for PresenceView {
    fn from(shown: Shown<'_>) -> Self {
        Self {
            id: shown.id.to_string(),
            user_id: shown.id.as_str().to_owned(),
            username: shown.name.into_owned(),
            is_online: shown.face.availability.is_online(),
            status: shown.face.availability.as_str(),
            last_active_at: shown.face.last_proof_at.map(iso),
            last_activity_at: shown.face.last_active_at.map(iso),
            last_seen_at: shown.face.last_seen_at.map(iso),
            seq: shown.face.version.map(|version| version.0),
            status_text: shown.face.text,
            status_until: shown.face.until.map(iso),
            last_seen_bucket: shown.face.bucket.map(Bucket::as_str),
            chosen: shown.face.chosen.as_deref().map(Choice::from),
        }
    }
}

/// What the asker may see of each id, in their order.
pub(super) fn see<T>(
    app: &App,
    asker: &Asker,
    ids: &[PrincipalId],
    view: impl Fn(Shown<'_>) -> T,
) -> Vec<T> {
    let keys: Vec<Option<PrincipalKey>> = {
        let directory = app.people.directory();
        ids.iter().map(|id| directory.key(id)).collect()
    };
    let known: Vec<PrincipalKey> = keys.iter().flatten().copied().collect();
    // Asked before the directory is locked again: whoever holds it never calls the engine.
    let mut presences = app.host.presences(&known).into_iter();
    let now = app.host.now().wall;
    let directory = app.people.directory();
    let see_one = |(id, key): (&PrincipalId, Option<PrincipalKey>)| {
        let presence = key.and_then(|_| presences.next());
        let sight = key.map_or(Sight::Nothing, |key| directory.sight(asker.watcher(), key));
        let member = key.map(|key| directory.member(key));
        view(shown(sight, member, id, presence.as_ref(), now))
    };
    ids.iter().zip(keys).map(see_one).collect()
}
