//! The envelope of the compatible surface.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// `{"success":true,"data":…}`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Success<T> {
    success: bool,
    data: T,
}

impl<T> Success<T> {
    pub(super) fn of(data: T) -> Json<Self> {
        Json(Self {
            success: true,
            data,
        })
    }
}

/// `{"success":true,"message":"…"}`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Said {
    success: bool,
    /// What was done, in French.
    message: String,
}

impl Said {
    pub(super) fn that(message: impl Into<String>) -> Json<Self> {
        Json(Self {
            success: true,
            message: message.into(),
        })
    }
}
