//! Who may use the maintenance routes: administrators, services, and where it is open the machine's own operator.
//!
//! Always true: a request that came through a proxy or from a browser is never the operator's own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::failure::MaintenanceError;
use crate::app::App;
use crate::config::{Config, MaintenanceOpen};
use crate::rest::access::{admit, registered};
use crate::rest::error::ApiError;

/// The right to use maintenance routes; not an activity.
#[derive(Debug)]
pub(super) struct MaintenanceAccess;

impl FromRequestParts<Arc<App>> for MaintenanceAccess {
    type Rejection = MaintenanceError;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, MaintenanceError> {
        let by_key = app.api_keys.admit_request(&parts.headers);
        if by_key || (is_open_to_operators(&app.config) && is_operators_own(parts)) {
            return Ok(Self);
        }
        let identity = admit(&parts.headers, app, app.status.begin()).await?;
        registered(&identity)?;
        if !identity.may_maintain() {
            return Err(ApiError::AdministratorRequired.into());
        }
        Ok(Self)
    }
}

fn is_open_to_operators(config: &Config) -> bool {
    let is_opened = match config.maintenance_open {
        MaintenanceOpen::Never => false,
        MaintenanceOpen::Loopback => true,
    };
    is_opened || config.is_development()
}

/// Whether a request comes from this machine, and nothing says that it only passed through.
fn is_operators_own(parts: &Parts) -> bool {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let is_loopback = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    is_loopback && !is_foreign(&parts.headers)
}

/// Whether a header is there that only proxies and browsers add.
fn is_foreign(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .map(axum::http::HeaderName::as_str)
        .any(|name| {
            matches!(name, "forwarded" | "x-real-ip" | "origin")
                || name.starts_with("x-forwarded-")
                || name.starts_with("sec-fetch-")
        })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::http::Request;

    use super::*;

    #[test]
    fn only_plain_local_requests_are_the_operators_own() {
        let check = |peer: Option<&str>, header: &str, expected: bool| {
            let mut request = Request::builder();
            if !header.is_empty() {
                request = request.header(header, "x");
            }
            let mut request = request.body(()).unwrap();
            if let Some(peer) = peer {
                let peer: SocketAddr = peer.parse().unwrap();
                request.extensions_mut().insert(ConnectInfo(peer));
            }
            let (parts, ()) = request.into_parts();
            assert_eq!(is_operators_own(&parts), expected, "{peer:?} {header}");
        };
        let local = Some("127.0.0.1:4000");
        check(local, "", true);
        check(local, "user-agent", true);
        check(Some("[::1]:4000"), "", true);
        check(Some("[::ffff:127.0.0.1]:4000"), "", true);
        check(Some("192.0.2.1:4000"), "", false);
        check(None, "", false);
        for header in [
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Anything",
            "X-Real-IP",
            "Origin",
            "Sec-Fetch-Mode",
        ] {
            check(local, header, false);
        }
    }
}
