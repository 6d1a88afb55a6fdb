//! What no request may exceed before anybody looks at it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// Refuses URLs above `limit` bytes.
pub(super) async fn refuse_long_url(limit: usize, request: Request, next: Next) -> Response {
    let url = request.uri().path_and_query();
    if url.is_some_and(|url| url.as_str().len() > limit) {
        return ApiError::UrlTooLong { limit }.into_response();
    }
    next.run(request).await
}
