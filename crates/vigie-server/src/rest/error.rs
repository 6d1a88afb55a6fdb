//! Errors of HTTP routes: one list, each with its status, its stable code and its words.
//!
//! The cause of a server's error is logged here, once, and never told to the client.

mod answer;

use std::borrow::Cow;

use axum::http::StatusCode;
use vigie_core::{IdError, PrincipalId};

use crate::admission::Refusal;
use crate::choosing::Unchosen;
use crate::limits::Limit;
use crate::people::{ChangeError, MOST_BLOCKS};
use crate::webhooks::MOST_WEBHOOKS;

pub(super) use answer::{CredentialFailure, Problem};

/// Why a request was not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Nobody was admitted.
    #[error("{}", refusal_text(*.0))]
    Refused(#[from] Refusal),
    /// A guest, where only registered users may be.
    #[error("Registered user required")]
    RegisteredUserRequired,
    /// A person, where only a service may be.
    #[error("This route is for services: send an API key in X-API-Key.")]
    ApiKeyRequired,
    /// A user without the role.
    #[error("Administrator required: use a token with the role ADMIN or BIGBOSS, or an API key.")]
    AdministratorRequired,
    /// Something of somebody else's.
    #[error("People may do this for themselves only; an API key may do it for anybody.")]
    NotOneself,
    /// As many people are blocked as can be.
    #[error("At most {MOST_BLOCKS} people can be blocked; unblock somebody first.")]
    TooManyBlocks,
    /// Input that cannot be understood; says what to send instead.
    #[error("{0}")]
    InvalidPayload(Cow<'static, str>),
    /// Nobody has this id.
    #[error("Nobody has the id {0}.")]
    UnknownPrincipal(PrincipalId),
    /// No conversation has this id.
    #[error("There is no such conversation.")]
    UnknownConversation,
    /// No route has this path.
    #[error("There is nothing at this address; /docs lists every route.")]
    NotFound,
    /// The route exists for other methods.
    #[error("This route does not take this method; the header Allow names those it takes.")]
    MethodNotAllowed,
    /// The body is larger than `body_limit`.
    #[error("The body is larger than {limit} bytes; send it in parts.")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body took longer than `body_timeout` to come.
    #[error("The body did not come in time; send it again on a better connection.")]
    BodyTooSlow,
    /// More ids than `presence_ids_limit` or `bulk_presence_limit`.
    #[error("{asked} ids are too many: ask for at most {most} at a time.")]
    TooManyIds {
        /// How many were asked for.
        asked: usize,
        /// The limit.
        most: usize,
    },
    /// More entries than `activity_batch_limit`.
    #[error("{asked} activities are too many: send at most {most} at a time.")]
    TooManyActivities {
        /// How many were sent.
        asked: usize,
        /// The limit.
        most: usize,
    },
    /// The URL is longer than `url_limit`.
    #[error("The address is longer than {limit} bytes; ask for less at a time.")]
    UrlTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// More sockets are unauthenticated than `unauthenticated_limit`.
    #[error("Too many clients are signing in; try again in a moment.")]
    TooManyNewcomers,
    /// The person has as many sockets as `connections_per_principal`.
    #[error("Too many connections of yours are open; close one first.")]
    TooManyLinks,
    /// The address has as many connections as `connections_per_address`.
    #[error("Too many connections come from your address; close one first.")]
    TooManyOfAddress,
    /// The person began to watch as many people within the minute as it may.
    #[error("You began to watch too many people within a minute; try again in a minute.")]
    TooManyWatched,
    /// The person has as many open tickets as it may have.
    #[error("Too many tickets of yours are open; use them, or wait until they end.")]
    TooManyTickets,
    /// No webhook has this id.
    #[error("There is no such webhook.")]
    UnknownWebhook,
    /// There are as many webhooks as there may be.
    #[error("There are {MOST_WEBHOOKS} webhooks already; delete one first.")]
    TooManyWebhooks,
    /// A choice that is not in force, or not durable.
    #[error(transparent)]
    Unchosen(#[from] Unchosen),
    /// The store is away, and the answer depends on it.
    #[error(
        "The store is away. What was asked for may still be done when it is back; ask again in a moment."
    )]
    StoreAway,
    /// The fault is the server's; the log knows more.
    #[error("The server could not serve this request; its log says why.")]
    Internal,
}

/// The words of a refusal that clients of the old system match.
const fn refusal_text(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Required => "Authentication required",
        Refusal::InvalidJwt | Refusal::ExpiredJwt => "Invalid JWT token",
        Refusal::InvalidSession => "Invalid session token",
        Refusal::StoreAway => {
            "The store is away, and it alone may know who this is. Try again in a moment."
        }
    }
}

impl ApiError {
    /// Input that cannot be understood; `reason` is a sentence that says what to send instead.
    pub(super) fn invalid(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidPayload(reason.into())
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Refused(Refusal::StoreAway)
            | Self::StoreAway
            | Self::TooManyNewcomers
            | Self::Unchosen(Unchosen::NotDurable) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(_) => StatusCode::UNAUTHORIZED,
            Self::RegisteredUserRequired
            | Self::ApiKeyRequired
            | Self::AdministratorRequired
            | Self::NotOneself => StatusCode::FORBIDDEN,
            Self::TooManyBlocks => StatusCode::CONFLICT,
            Self::InvalidPayload(_)
            | Self::TooManyIds { .. }
            | Self::TooManyActivities { .. }
            | Self::Unchosen(Unchosen::Invalid(_)) => StatusCode::BAD_REQUEST,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooManyLinks
            | Self::TooManyOfAddress
            | Self::TooManyTickets
            | Self::Unchosen(Unchosen::TooOften)
            | Self::TooManyWatched => StatusCode::TOO_MANY_REQUESTS,
            Self::UnknownPrincipal(_)
            | Self::UnknownConversation
            | Self::UnknownWebhook
            | Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooManyWebhooks => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UrlTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::Required) => "AUTH_REQUIRED",
            Self::Refused(Refusal::InvalidJwt | Refusal::ExpiredJwt | Refusal::InvalidSession) => {
                "AUTH_FAILED"
            }
            Self::Refused(Refusal::StoreAway) | Self::StoreAway => "STORE_AWAY",
            Self::RegisteredUserRequired => "REGISTERED_USER_REQUIRED",
            Self::ApiKeyRequired => "API_KEY_REQUIRED",
            Self::AdministratorRequired => "ADMINISTRATOR_REQUIRED",
            Self::NotOneself => "FORBIDDEN",
            Self::TooManyBlocks => "TOO_MANY_BLOCKS",
            Self::InvalidPayload(_) | Self::TooManyIds { .. } | Self::TooManyActivities { .. } => {
                "INVALID_PAYLOAD"
            }
            Self::Unchosen(why) => why.code(),
            Self::BodyTooSlow => "BODY_TOO_SLOW",
            Self::TooManyNewcomers => "TOO_MANY_CONNECTIONS",
            Self::TooManyLinks | Self::TooManyTickets | Self::TooManyWatched => "RATE_LIMITED",
            Self::TooManyOfAddress => "TOO_MANY_FROM_ADDRESS",
            Self::UnknownPrincipal(_) => "UNKNOWN_PRINCIPAL",
            Self::UnknownConversation => "UNKNOWN_CONVERSATION",
            Self::UnknownWebhook => "UNKNOWN_WEBHOOK",
            Self::TooManyWebhooks => "TOO_MANY_WEBHOOKS",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Self::UrlTooLong { .. } => "URL_TOO_LONG",
            Self::Internal => "INTERNAL",
        }
    }

    /// Whether deployed clients know the body of this failure.
    const fn is_of_credentials(&self) -> bool {
        match self {
            Self::Refused(refusal) => !matches!(refusal, Refusal::StoreAway),
            Self::RegisteredUserRequired => true,
            Self::ApiKeyRequired
            | Self::AdministratorRequired
            | Self::NotOneself
            | Self::TooManyBlocks
            | Self::InvalidPayload(_)
            | Self::UnknownPrincipal(_)
            | Self::UnknownConversation
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::BodyTooLarge { .. }
            | Self::BodyTooSlow
            | Self::TooManyNewcomers
            | Self::TooManyLinks
            | Self::TooManyOfAddress
            | Self::TooManyTickets
            | Self::UnknownWebhook
            | Self::TooManyWebhooks
            | Self::TooManyWatched
            | Self::TooManyIds { .. }
            | Self::TooManyActivities { .. }
            | Self::UrlTooLong { .. }
            | Self::Unchosen(_)
            | Self::StoreAway
            | Self::Internal => false,
        }
    }

    /// The limit that was reached, for whoever counts.
    const fn limit(&self) -> Option<Limit> {
        match self {
            Self::BodyTooLarge { .. } => Some(Limit::BodySize),
            Self::BodyTooSlow => Some(Limit::BodyTime),
            Self::TooManyNewcomers => Some(Limit::Unauthenticated),
            Self::TooManyLinks => Some(Limit::ConnectionsPerPrincipal),
            Self::TooManyOfAddress => Some(Limit::ConnectionsPerAddress),
            Self::TooManyTickets => Some(Limit::Tickets),
            Self::TooManyWebhooks => Some(Limit::Webhooks),
            Self::Unchosen(Unchosen::TooOften) => Some(Limit::Choices),
            Self::TooManyWatched => Some(Limit::WatchRate),
            Self::UrlTooLong { .. } => Some(Limit::UrlSize),
            Self::TooManyIds { .. } => Some(Limit::PresenceIds),
            Self::TooManyActivities { .. } => Some(Limit::ActivityBatch),
            Self::Refused(_)
            | Self::RegisteredUserRequired
            | Self::ApiKeyRequired
            | Self::AdministratorRequired
            | Self::NotOneself
            | Self::TooManyBlocks
            | Self::InvalidPayload(_)
            | Self::UnknownPrincipal(_)
            | Self::UnknownConversation
            | Self::UnknownWebhook
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::Unchosen(Unchosen::Invalid(_) | Unchosen::NotDurable)
            | Self::StoreAway
            | Self::Internal => None,
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::UnknownPrincipal(id) => Self::UnknownPrincipal(id),
            ChangeError::UnknownConversation => Self::UnknownConversation,
            ChangeError::TooManyBlocks => Self::TooManyBlocks,
            ChangeError::Store(_) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a change of the directory was not stored"
                );
                Self::StoreAway
            }
            // The change before it says why.
            ChangeError::Stuck(_) => Self::StoreAway,
            ChangeError::Random(_) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "no identity could be made"
                );
                Self::Internal
            }
        }
    }
}

impl From<IdError> for ApiError {
    fn from(error: IdError) -> Self {
        Self::InvalidPayload(format!("An id cannot be read: {error}.").into())
    }
}

/// Answers a path that no route has.
pub(crate) async fn refuse_unknown_path() -> ApiError {
    ApiError::NotFound
}

/// Answers a method that a route does not take.
pub(super) async fn refuse_method() -> ApiError {
    ApiError::MethodNotAllowed
}
