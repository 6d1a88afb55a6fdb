//! Every HTTP route, in routers that a host application can mount one by one.
//!
//! [`compatible`] is what clients and scripts of the old system call, [`v1`] is Vigie's own surface, [`operations`] is for whoever runs it.
//! Handlers read from memory; only changes of the directory wait for the store.
//! Always true: a route is registered and documented by the same line, so the document names every route.

mod access;
mod activity;
mod answer;
mod blocks;
mod changes;
mod conversation_presence;
mod conversations;
mod departure;
mod error;
mod events;
mod exposition;
mod follower;
mod forward_auth;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod gate;
mod guests;
mod input;
mod maintenance;
mod own_conversations;
mod pipe;
mod presence;
mod privacy;
mod probes;
mod tickets;
mod users;
mod users_presence;
mod view;
mod webhooks;
mod websocket;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, put};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::openapi;

pub use error::ApiError;
pub(crate) use error::refuse_unknown_path;
pub(crate) use events::LAST_EVENT_ID;
pub(crate) use gate::GateLayer;
pub(crate) use probes::Health;

/// What clients, scripts and dashboards of the old system call.
///
/// With `ops_listen`, the maintenance routes are on that listener instead.
pub fn compatible(app: Arc<App>) -> Router {
    let routes = match app.config.ops_listen {
        Some(_) => compatible_routes(),
        None => compatible_routes().merge(maintenance::routes()),
    };
    serve(routes.into(), app)
}

/// Vigie's own surface.
pub fn v1(app: Arc<App>) -> Router {
    let routes: Router<Arc<App>> = v1_routes().into();
    let routes = routes.route(
        "/v1/auth/forward/{*original}",
        any(forward_auth::forward_auth_of_envoy),
    );
    // A conversation may have the word that the counts of many have in their path.
    let routes = routes.route(
        "/v1/conversations/presence",
        put(conversations::put_conversation_called_presence)
            .delete(conversations::delete_conversation_called_presence),
    );
    gated(routes, GateLayer::that_gives_up(Arc::clone(&app)), app)
}

/// Probes and metrics; with `ops_listen`, for that listener: metrics without a key, and the maintenance routes.
pub fn operations(app: Arc<App>) -> Router {
    let routes = match app.config.ops_listen {
        Some(_) => {
            let routes: Router<Arc<App>> = probe_routes().merge(maintenance::routes()).into();
            routes.route("/metrics", get(exposition::show_metrics_openly))
        }
        None => operations_routes().into(),
    };
    serve(routes, app)
}

/// The description of every route, in OpenAPI.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let parts = [
        compatible_routes(),
        maintenance::routes(),
        v1_routes(),
        operations_routes(),
    ];
    let described = parts.map(OpenApiRouter::into_openapi);
    openapi::document(
        described
            .into_iter()
            .chain([forward_auth::Envoy::openapi()]),
    )
}

fn compatible_routes() -> OpenApiRouter<Arc<App>> {
    let users = || OpenApiRouter::new().routes(routes!(users_presence::list_users_presence));
    OpenApiRouter::new()
        .routes(routes!(probes::show_health))
        .routes(routes!(own_conversations::list_own_conversations))
        .nest("/users", users())
        .nest("/api/v1/users", users())
}

fn v1_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(presence::list_presences))
        .routes(routes!(
            presence::show_own_presence,
            presence::choose_own_status
        ))
        .routes(routes!(presence::show_presence))
        .routes(routes!(activity::report_activity))
        .routes(routes!(forward_auth::forward_auth))
        .routes(routes!(
            users::put_user,
            users::show_user,
            users::delete_user
        ))
        .routes(routes!(users::delete_sessions))
        .routes(routes!(privacy::show_privacy, privacy::put_privacy))
        .routes(routes!(blocks::list_blocks))
        .routes(routes!(blocks::put_block, blocks::delete_block))
        .routes(routes!(guests::create_guest))
        .routes(routes!(guests::delete_guest))
        .routes(routes!(guests::merge_guest))
        .routes(routes!(
            conversations::put_conversation,
            conversations::delete_conversation
        ))
        .routes(routes!(
            conversations::put_member,
            conversations::delete_member
        ))
        .routes(routes!(conversations::replace_members))
        .routes(routes!(conversation_presence::count_conversations))
        .routes(routes!(conversation_presence::show_conversation_presence))
        .routes(routes!(events::follow_events))
        .routes(routes!(websocket::follow_by_websocket))
        .routes(routes!(changes::list_changes))
        .routes(routes!(tickets::create_ticket))
        .routes(routes!(webhooks::register_webhook, webhooks::list_webhooks))
        .routes(routes!(
            webhooks::show_webhook,
            webhooks::change_webhook,
            webhooks::delete_webhook
        ))
        .routes(routes!(webhooks::resume_webhook))
}

fn operations_routes() -> OpenApiRouter<Arc<App>> {
    probe_routes().routes(routes!(exposition::show_metrics))
}

fn probe_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(probes::show_liveness))
        .routes(routes!(probes::show_readiness))
}

/// What every router has in common.
fn serve(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    gated(routes, GateLayer::new(Arc::clone(&app)), app)
}

fn gated(routes: Router<Arc<App>>, gate: GateLayer, app: Arc<App>) -> Router {
    routes
        .method_not_allowed_fallback(error::refuse_method)
        .layer(gate)
        .with_state(app)
}
