//! A page that shows what a client can do: people with dots, one's own status, one conversation.
//!
//! In: the setting `demo`. Out: `/demo`, three files that are part of the binary.
//! Always true: the page loads nothing from elsewhere, runs no inline script, and gets its token behind the `#` of its address, which no server and no log sees.

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Where the page is.
pub const PATH: &str = "/demo/";

/// The page with its slash, as seen from where it has none; relative, it also leads there where the routes are nested.
const PAGE_FROM_BESIDE: &str = "demo/";

/// Built from `clients/js/demo` by `npm run build` there, whose tests compare them with their sources.
const PAGE: &str = include_str!("../assets/demo/index.html");
const SCRIPT: &str = include_str!("../assets/demo/demo.js");
const STYLE: &str = include_str!("../assets/demo/demo.css");

/// Its own script, style and server, and nothing else; no other page may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/demo`.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/demo", get(lead_to_page))
        .route(PATH, get(async || file("text/html; charset=utf-8", PAGE)))
        .route(
            "/demo/demo.js",
            get(async || file("text/javascript; charset=utf-8", SCRIPT)),
        )
        .route(
            "/demo/demo.css",
            get(async || file("text/css; charset=utf-8", STYLE)),
        )
}

async fn lead_to_page() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, PAGE_FROM_BESIDE)]).into_response()
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // Small, and to be that of the server that runs.
        (CACHE_CONTROL, "no-cache"),
    ];
    (
        headers.map(|(name, value)| (name, HeaderValue::from_static(value))),
        text,
    )
        .into_response()
}
