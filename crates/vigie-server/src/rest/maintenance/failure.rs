//! Errors of maintenance routes: `{success:false,error,code}`, whatever went wrong.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::rest::error::ApiError;

/// An [`ApiError`] in the words of the maintenance routes.
#[derive(Debug)]
pub(super) struct MaintenanceError(ApiError);

impl From<ApiError> for MaintenanceError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

/// The body of any failure of a maintenance route.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MaintenanceFailure {
    success: bool,
    /// What was wrong.
    error: String,
    /// The stable code, for programs.
    code: &'static str,
}

impl IntoResponse for MaintenanceError {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let failure = MaintenanceFailure {
            success: false,
            error: error.to_string(),
            code: error.code(),
        };
        let mut response = (error.status(), Json(failure)).into_response();
        error.complete(&mut response);
        response
    }
}

/// Answers a method that a maintenance route does not take.
pub(super) async fn refuse_method() -> MaintenanceError {
    ApiError::MethodNotAllowed.into()
}
