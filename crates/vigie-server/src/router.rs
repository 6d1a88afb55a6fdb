//! Every route of a server, and the layers over all of them.

use std::sync::Arc;

use axum::Router;
use axum::routing::any_service;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::CorsLayer;

use crate::app::App;
use crate::auth::api_key::API_KEY_HEADER;
use crate::auth::credentials::SESSION_TOKEN_HEADER;
use crate::config::Config;
use crate::rest::{GateLayer, LAST_EVENT_ID};
use crate::socketio::Entrance;
use crate::{demo, openapi, rest, socketio};

/// The routes for clients and gateways.
pub(crate) fn public(app: &Arc<App>, handler: &Arc<socketio::Handler>) -> Router {
    let routes = rest::compatible(Arc::clone(app)).merge(rest::v1(Arc::clone(app)));
    let routes = match app.config.ops_listen {
        Some(_) => routes,
        None => routes.merge(rest::operations(Arc::clone(app))),
    };
    let mut others = openapi::routes().merge(socket_io(app, handler));
    if app.config.shows_demo() {
        others = others.merge(demo::routes());
    }
    let routes = routes.merge(gated(others, app));
    if app.config.cors_origins.is_empty() {
        // Browsers refuse what no header allows; a layer that adds none would cost every request.
        return routes;
    }
    routes.layer(cors(&app.config))
}

/// The routes for operators, on a listener of their own.
pub(crate) fn operations(app: &Arc<App>) -> Router {
    rest::operations(Arc::clone(app)).merge(gated(Router::new(), app))
}

/// Routes that are not of [`rest`], and the answer where there is none, behind the same gate.
fn gated(routes: Router, app: &Arc<App>) -> Router {
    routes
        .fallback(rest::refuse_unknown_path)
        .layer(GateLayer::new(Arc::clone(app)))
}

/// Socket.IO, with and without the slash that clients differ in.
fn socket_io(app: &Arc<App>, handler: &Arc<socketio::Handler>) -> Router {
    let entrance = Arc::new(Entrance::new(app, handler));
    let service = tower::service_fn(move |request| Arc::clone(&entrance).answer(request));
    Router::new()
        .route(socketio::PATH, any_service(service.clone()))
        .route(&format!("{}/", socketio::PATH), any_service(service))
}

/// No origin unless it is configured, and never every origin: credentials may come along.
fn cors(config: &Config) -> CorsLayer {
    let origins: Vec<HeaderValue> = config
        .cors_origins
        .iter()
        .filter_map(|origin| origin.as_str().parse().ok())
        .collect();
    let headers = [
        AUTHORIZATION,
        CONTENT_TYPE,
        HeaderName::from_static(SESSION_TOKEN_HEADER),
        HeaderName::from_static(API_KEY_HEADER),
        HeaderName::from_static(LAST_EVENT_ID),
    ];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(headers)
}
