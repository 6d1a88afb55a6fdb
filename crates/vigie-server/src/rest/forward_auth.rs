//! `/v1/auth/forward`: a reverse proxy asks who sends a request before it passes the request on.
//!
//! Headers `X-Vigie-*` of the request are not read, and the proxy must overwrite them all with those of the answer.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::IntoResponse;
use utoipa::OpenApi;

use super::access::admit;
use super::error::{ApiError, CredentialFailure};
use crate::admission::Identity;
use crate::app::App;

/// Whose request it is.
const USER_ID: HeaderName = HeaderName::from_static("x-vigie-user-id");

/// `user` or `guest`.
const KIND: HeaderName = HeaderName::from_static("x-vigie-kind");

/// Say whose request this is, and count it as their activity.
#[utoipa::path(
    get, path = "/v1/auth/forward", tag = "activity",
    params(("activity" = Option<u8>, Query, description = "0: do not count it as activity")),
    responses(
        (status = 200, description = "Admitted", headers(
            ("x-vigie-user-id" = String, description = "The id without its type"),
            ("x-vigie-kind" = String, description = "`user` or `guest`"),
        )),
        (status = 401, body = CredentialFailure),
    ),
    security(("jwt" = []), ("guest" = [])),
)]
pub(super) async fn forward_auth(
    Forwarded(identity): Forwarded,
) -> Result<impl IntoResponse, ApiError> {
    // Ids are made of characters that headers take.
    let id = HeaderValue::from_str(identity.id.as_str()).map_err(|_| ApiError::Internal)?;
    let kind = HeaderValue::from_static(identity.id.kind().as_str());
    let no_store = HeaderValue::from_static("no-store");
    Ok([(USER_ID, id), (KIND, kind), (CACHE_CONTROL, no_store)])
}

/// The same for Envoy, which puts the original path behind this one and keeps the method.
///
/// Neither the path nor the method is looked at.
#[utoipa::path(
    method(get, head, options, put, post, patch, delete),
    path = "/v1/auth/forward/{original}", tag = "activity",
    params(
        ("original" = String, Path, description = "The path of the request that is asked about, with all its slashes"),
        ("activity" = Option<u8>, Query, description = "0: do not count it as activity"),
    ),
    responses(
        (status = 200, description = "Admitted", headers(
            ("x-vigie-user-id" = String, description = "The id without its type"),
            ("x-vigie-kind" = String, description = "`user` or `guest`"),
        )),
        (status = 401, body = CredentialFailure),
    ),
    security(("jwt" = []), ("guest" = [])),
)]
pub(super) async fn forward_auth_of_envoy(
    forwarded: Forwarded,
) -> Result<impl IntoResponse, ApiError> {
    forward_auth(forwarded).await
}

/// What a description can say of a route that takes the rest of a path.
#[derive(OpenApi)]
#[openapi(paths(forward_auth_of_envoy))]
pub(super) struct Envoy;

/// Whoever sends the request that a proxy asks about; an activity, unless the query says otherwise.
#[derive(Debug)]
pub(super) struct Forwarded(Identity);

impl FromRequestParts<Arc<App>> for Forwarded {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let began = app.status.begin();
        let identity = admit(&parts.headers, app, began).await?;
        if !is_passive(parts.uri.query()) {
            app.status.record(identity.key, began);
        }
        Ok(Self(identity))
    }
}

fn is_passive(query: Option<&str>) -> bool {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .any(|(name, value)| name == "activity" && value == "0")
}
