//! `/v1/webhooks`: addresses that are told what changes, by API key.
//!
//! Always true: a secret is shown once, in the answer that registers its webhook.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Service;
use super::error::{ApiError, CredentialFailure, Problem};
use super::input::{InPath, Payload};
use crate::app::App;
use crate::fanout::wire::iso;
use crate::webhooks::{Choice, Endpoint, Hook, RegisterError, Registration, Rules, SigningSecret};

/// What to tell, and where.
#[derive(Deserialize, ToSchema)]
pub(super) struct WebhookRequest {
    /// Where deliveries go: `https://HOST/PATH`.
    url: String,
    /// `status`, `conversation` or both; both when left out.
    events: Option<Vec<String>>,
    /// What deliveries are signed with, 32 to 256 visible ASCII characters; left out, one is drawn, or the known one stays.
    secret: Option<String>,
}

impl WebhookRequest {
    pub(super) fn read(self, rules: Rules) -> Result<Registration, ApiError> {
        let endpoint = Endpoint::parse(&self.url, rules).map_err(ApiError::invalid)?;
        let secret = self.secret.as_deref().map(SigningSecret::given);
        Ok(Registration {
            endpoint,
            choice: read_choice(self.events.as_deref())?,
            secret: secret.transpose().map_err(ApiError::invalid)?,
        })
    }
}

fn read_choice(events: Option<&[String]>) -> Result<Choice, ApiError> {
    let mut choice = Choice {
        status: events.is_none(),
        conversations: events.is_none(),
    };
    for event in events.unwrap_or_default() {
        match event.as_str() {
            "status" => choice.status = true,
            "conversation" => choice.conversations = true,
            _ => {
                return Err(ApiError::invalid(
                    "`events` holds `status`, `conversation` or both.",
                ));
            }
        }
    }
    if !choice.status && !choice.conversations {
        return Err(ApiError::invalid(
            "`events` must name something to tell; leave it out for everything.",
        ));
    }
    Ok(choice)
}

/// A webhook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookView {
    /// Its id.
    id: String,
    /// Where deliveries go.
    url: String,
    /// `status`, `conversation` or both.
    events: Vec<&'static str>,
    /// `active`, `failing` (tried again) or `parked` (until it is resumed).
    state: &'static str,
    /// Since when it fails, or is parked; null while it is active.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// What the latest failure was; null while it is active.
    last_error: Option<String>,
    /// The number of the latest batch that was made; 0 before the first.
    sequence: u64,
    /// Events that wait, as far as they are known.
    waiting: usize,
    /// When it was registered.
    #[schema(format = DateTime)]
    created_at: String,
}

impl WebhookView {
    fn of(hook: &Hook) -> Self {
        let told = hook.told();
        let events = [
            (told.choice.status, "status"),
            (told.choice.conversations, "conversation"),
        ];
        Self {
            id: hook.id().to_owned(),
            url: told.url,
            events: events
                .into_iter()
                .filter_map(|(is_told, name)| is_told.then_some(name))
                .collect(),
            state: told.state.as_str(),
            since: told.since.map(iso),
            last_error: told.last_error,
            sequence: told.sequence,
            waiting: told.waiting,
            created_at: iso(hook.created_at()),
        }
    }
}

/// A webhook as it was registered.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookMade {
    /// What deliveries are signed with; it is not shown again.
    secret: String,
    #[serde(flatten)]
    webhook: WebhookView,
}

/// Every webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookList {
    /// In the order of their ids.
    webhooks: Vec<WebhookView>,
}

/// Register an address that is told what changes from now on.
///
/// The secret that deliveries are signed with is in this answer, and in no later one.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "webhooks",
    request_body(content = WebhookRequest),
    responses(
        (status = 201, body = WebhookMade), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
        (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn register_webhook(
    State(app): State<Arc<App>>,
    Service: Service,
    Payload(request): Payload<WebhookRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let registration = request.read(app.webhooks.rules())?;
    let (hook, secret) = app.webhooks.register(&app, registration).await?;
    let made = WebhookMade {
        secret: secret.expose().to_owned(),
        webhook: WebhookView::of(&hook),
    };
    Ok((
        StatusCode::CREATED,
        [(CACHE_CONTROL, "no-store")],
        Json(made),
    ))
}

/// List every webhook and how it goes.
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "webhooks",
    responses(
        (status = 200, body = WebhookList), (status = 401, body = CredentialFailure), (status = 403, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn list_webhooks(
    State(app): State<Arc<App>>,
    Service: Service,
) -> Json<WebhookList> {
    let webhooks = app.webhooks.all();
    let webhooks = webhooks.iter().map(|hook| WebhookView::of(hook)).collect();
    Json(WebhookList { webhooks })
}

/// Show a webhook and how it goes.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "A webhook's id")),
    responses(
        (status = 200, body = WebhookView), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn show_webhook(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
) -> Result<Json<WebhookView>, ApiError> {
    let hook = app.webhooks.find(&id).ok_or(ApiError::UnknownWebhook)?;
    Ok(Json(WebhookView::of(&hook)))
}

/// Give a webhook another address, choice of events or secret, and try what waits at once.
///
/// Without a secret the known one stays. A parked webhook stays parked.
#[utoipa::path(
    put, path = "/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "A webhook's id")),
    request_body(content = WebhookRequest),
    responses(
        (status = 200, body = WebhookView), (status = 400, body = Problem), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem),
        (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn change_webhook(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
    Payload(request): Payload<WebhookRequest>,
) -> Result<Json<WebhookView>, ApiError> {
    let registration = request.read(app.webhooks.rules())?;
    let hook = app.webhooks.change(&id, registration).await?;
    Ok(Json(WebhookView::of(&hook)))
}

/// Forget a webhook; what waits for it is not delivered.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "A webhook's id")),
    responses(
        (status = 204), (status = 401, body = CredentialFailure), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn delete_webhook(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    app.webhooks.delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deliver to a parked webhook again, everything that it missed in its newest state; one that is failing is tried at once.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/resume", tag = "webhooks",
    params(("id" = String, Path, description = "A webhook's id")),
    responses(
        (status = 200, body = WebhookView), (status = 401, body = CredentialFailure),
        (status = 403, body = Problem), (status = 404, body = Problem),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn resume_webhook(
    State(app): State<Arc<App>>,
    Service: Service,
    InPath(id): InPath<String>,
) -> Result<Json<WebhookView>, ApiError> {
    let hook = app.webhooks.find(&id).ok_or(ApiError::UnknownWebhook)?;
    hook.resume();
    Ok(Json(WebhookView::of(&hook)))
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::TooMany => Self::TooManyWebhooks,
            RegisterError::Unknown => Self::UnknownWebhook,
            RegisterError::Store(_) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a change of webhooks was not stored"
                );
                Self::StoreAway
            }
            RegisterError::Random => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "no webhook could be made"
                );
                Self::Internal
            }
        }
    }
}
