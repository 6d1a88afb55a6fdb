//! How an error is answered: the bodies, and the headers that go with them.
//!
//! Always true: failures of credentials have the bodies that deployed clients match; everything else is a problem document (RFC 9457).

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiError;

/// When to ask again while the store is away, in seconds: the longest wait between two of the server's own attempts.
const RETRY_AFTER_SECONDS: &str = "2";

/// A failure of credentials, as the contract has it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct CredentialFailure {
    /// `Authentication required`, `Invalid JWT token`, `Invalid session token` or `Registered user required`.
    error: String,
    /// `AUTH_REQUIRED`, `AUTH_FAILED` or `REGISTERED_USER_REQUIRED`.
    code: &'static str,
}

/// Any other failure (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct Problem {
    /// Always `about:blank`: `code` tells the kinds apart.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What was wrong, and what to do.
    detail: String,
    /// The stable code, for programs.
    code: &'static str,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let code = self.code();
        let words = self.to_string();
        let mut response = if self.is_of_credentials() {
            (status, Json(CredentialFailure { error: words, code })).into_response()
        } else {
            let problem = Problem {
                r#type: "about:blank",
                title: status.canonical_reason().unwrap_or("Error"),
                status: status.as_u16(),
                detail: words,
                code,
            };
            let kind = HeaderValue::from_static("application/problem+json");
            (status, [(CONTENT_TYPE, kind)], Json(problem)).into_response()
        };
        self.complete(&mut response);
        response
    }
}

impl ApiError {
    /// What an answer carries whatever its body says: headers that tell a client what to do next, and the limit for whoever counts.
    pub(in crate::rest) fn complete(&self, response: &mut Response) {
        if let Some(limit) = self.limit() {
            response.extensions_mut().insert(limit);
        }
        let status = self.status();
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::admission::Refusal;

    async fn body(error: ApiError) -> String {
        let body = error.into_response().into_body();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn failures_of_credentials_have_the_bodies_of_the_contract() {
        let check = async |error: ApiError, status: u16, expected: &str| {
            assert_eq!(error.status().as_u16(), status);
            assert_eq!(body(error).await, expected);
        };
        let failed = |words| format!(r#"{{"error":"{words}","code":"AUTH_FAILED"}}"#);
        let required = r#"{"error":"Authentication required","code":"AUTH_REQUIRED"}"#;
        check(Refusal::Required.into(), 401, required).await;
        check(
            Refusal::InvalidJwt.into(),
            401,
            &failed("Invalid JWT token"),
        )
        .await;
        check(
            Refusal::ExpiredJwt.into(),
            401,
            &failed("Invalid JWT token"),
        )
        .await;
        check(
            Refusal::InvalidSession.into(),
            401,
            &failed("Invalid session token"),
        )
        .await;
        let guest = r#"{"error":"Registered user required","code":"REGISTERED_USER_REQUIRED"}"#;
        check(ApiError::RegisteredUserRequired, 403, guest).await;
    }

    #[tokio::test]
    async fn other_failures_are_problem_documents() {
        let response = ApiError::from(Refusal::StoreAway).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], RETRY_AFTER_SECONDS);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            body(ApiError::NotFound).await,
            r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing at this address; /docs lists every route.","code":"NOT_FOUND"}"#
        );
    }
}
