//! `/v1/tickets`: a way in for browsers, which cannot send a header with an event stream or a WebSocket.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::access::Passive;
use super::error::{ApiError, CredentialFailure, Problem};
use crate::app::App;
use crate::auth::NoTicket;
use crate::fanout::wire::iso;

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ticket {
    /// For the query of `/v1/events`, `/v1/ws` or `/v1/changes`, once.
    ticket: String,
    /// It is of no use from then on.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Give the asker a ticket that stands for its credential once.
#[utoipa::path(
    post, path = "/v1/tickets", tag = "following",
    responses(
        (status = 201, body = Ticket), (status = 401, body = CredentialFailure), (status = 429, body = Problem),
    ),
    security(("jwt" = []), ("guest" = [])),
)]
pub(super) async fn create_ticket(
    State(app): State<Arc<App>>,
    Passive(identity): Passive,
) -> Result<(StatusCode, Json<Ticket>), ApiError> {
    let now = app.host.now();
    let ticket = app
        .tickets
        .issue(identity, now.mono)
        .map_err(|error| match error {
            NoTicket::TooMany => ApiError::TooManyTickets,
            NoTicket::Random => ApiError::Internal,
        })?;
    let ticket = Ticket {
        ticket,
        expires_at: iso(now.wall + app.tickets.lifetime()),
    };
    Ok((StatusCode::CREATED, Json(ticket)))
}
