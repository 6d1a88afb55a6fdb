//! Who may use a route: extractors that a handler names, so that its access stands in its signature.
//!
//! Always true: a refused request touched nothing, and an identity that an [`AuthLayer`](crate::auth::AuthLayer) around the route already admitted is taken over, its activity counted once.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use vigie_core::{Now, PrincipalId, PrincipalKey, PrincipalKind, Watcher};

use super::error::ApiError;
use crate::admission::{Identity, Refusal};
use crate::app::App;
use crate::auth::credentials;

/// A user or guest; the request counts as their activity.
#[derive(Debug)]
pub(super) struct Active(pub(super) Identity);

impl FromRequestParts<Arc<App>> for Active {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let began = app.status.begin();
        if let Some(identity) = admitted_before(parts) {
            return Ok(Self(identity));
        }
        let identity = admit(&parts.headers, app, began).await?;
        app.status.record(identity.key, began);
        Ok(Self(identity))
    }
}

/// A user or guest; the request is not an activity.
#[derive(Debug)]
pub(super) struct Passive(pub(super) Identity);

impl FromRequestParts<Arc<App>> for Passive {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        match admitted_before(parts) {
            Some(identity) => Ok(Self(identity)),
            None => admit(&parts.headers, app, app.status.begin())
                .await
                .map(Self),
        }
    }
}

/// A user or guest, whose request the handler counts as their activity when it has done what comes first.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) identity: Identity,
    /// When the request began; `None` when it was counted already.
    pub(super) uncounted: Option<Now>,
}

impl FromRequestParts<Arc<App>> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let began = app.status.begin();
        if let Some(identity) = admitted_before(parts) {
            return Ok(Self {
                identity,
                uncounted: None,
            });
        }
        let identity = admit(&parts.headers, app, began).await?;
        Ok(Self {
            identity,
            uncounted: Some(began),
        })
    }
}

/// Another service, by its API key.
#[derive(Debug)]
pub(super) struct Service;

impl FromRequestParts<Arc<App>> for Service {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        if app.api_keys.admit_request(&parts.headers) {
            return Ok(Self);
        }
        // Whoever proves to be a person is told that this is not enough; everybody else, that the proof is missing or bad.
        admit(&parts.headers, app, app.status.begin()).await?;
        Err(ApiError::ApiKeyRequired)
    }
}

/// A service by its API key, or else a person; not an activity.
#[derive(Debug)]
pub(super) enum Asker {
    /// May see everybody.
    Service,
    /// Sees whom they may see.
    Person(Identity),
}

impl Asker {
    /// Who looks, as the directory knows it.
    pub(super) fn watcher(&self) -> Watcher {
        match self {
            Self::Service => Watcher::Service,
            Self::Person(identity) => Watcher::Principal(identity.key),
        }
    }
}

impl FromRequestParts<Arc<App>> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        if app.api_keys.admit_request(&parts.headers) {
            return Ok(Self::Service);
        }
        let Passive(identity) = Passive::from_request_parts(parts, app).await?;
        Ok(Self::Person(identity))
    }
}

/// Admits by the request's own credential, as of its beginning.
pub(super) async fn admit(
    headers: &HeaderMap,
    app: &App,
    began: Now,
) -> Result<Identity, ApiError> {
    let credential = credentials::of_request(headers).ok_or(Refusal::Required)?;
    Ok(app.admission.admit(&[credential], began).await?)
}

pub(super) fn admitted_before(parts: &Parts) -> Option<Identity> {
    parts.extensions.get::<Identity>().cloned()
}

/// Refuses guests.
pub(super) fn registered(identity: &Identity) -> Result<(), ApiError> {
    match identity.id.kind() {
        PrincipalKind::User => Ok(()),
        PrincipalKind::Guest => Err(ApiError::RegisteredUserRequired),
    }
}

/// Whose settings a path means by `me` or an id: the asker's own, or with an API key anybody's.
pub(super) fn whose(asker: &Asker, text: &str) -> Result<PrincipalId, ApiError> {
    match asker {
        Asker::Person(identity) if text == "me" => Ok(identity.id.clone()),
        Asker::Service if text == "me" => Err(ApiError::invalid(
            "An API key is nobody: say whose settings, as user:<id> or guest:<id>.",
        )),
        Asker::Service => Ok(text.parse()?),
        Asker::Person(identity) => {
            let id: PrincipalId = text.parse()?;
            // Whether somebody else exists is not told.
            if id == identity.id {
                Ok(id)
            } else {
                Err(ApiError::NotOneself)
            }
        }
    }
}

/// The key of somebody who exists.
pub(super) fn find(app: &App, id: &PrincipalId) -> Result<PrincipalKey, ApiError> {
    app.people
        .find(id)
        .ok_or_else(|| ApiError::UnknownPrincipal(id.clone()))
}
