//! A handshake request without the weight that its socket would carry for life.
//!
//! engine.io keeps the request's parts as long as the socket lives.
//! As hyper hands them over, each header is a slice of the connection's read buffer and keeps all of it in memory;
//! copies of the few headers that are looked at later cost some hundred bytes instead.

use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};

use crate::auth::credentials::SESSION_TOKEN_HEADER;

/// Headers that the transport or the authentication reads; all others are left behind.
const KEPT: [HeaderName; 8] = [
    AUTHORIZATION,
    HeaderName::from_static(SESSION_TOKEN_HEADER),
    http::header::CONNECTION,
    http::header::UPGRADE,
    http::header::SEC_WEBSOCKET_KEY,
    http::header::SEC_WEBSOCKET_VERSION,
    http::header::CONTENT_TYPE,
    http::header::ORIGIN,
];

/// The request with copies in place of slices.
pub(super) fn light(request: Request<Body>) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    let mut headers = HeaderMap::with_capacity(KEPT.len());
    for name in KEPT {
        if let Some(value) = parts.headers.get(&name)
            && let Ok(copy) = HeaderValue::from_bytes(value.as_bytes())
        {
            headers.insert(name, copy);
        }
    }
    parts.headers = headers;
    if let Ok(uri) = parts.uri.to_string().parse::<Uri>() {
        parts.uri = uri;
    }
    parts.extensions.remove::<axum::extract::MatchedPath>();
    Request::from_parts(parts, body)
}
