//! A gateway in Rust that carries Vigie inside: no second process, no forward-auth.
//!
//! Its own routes stand behind [`AuthLayer`], so that a request is authenticated and counts as activity;
//! Vigie's routes, Socket.IO included, are nested, because the gateway has a `/health` of its own.
//!
//! Run it with `cargo run -p vigie-server --example embed`; it listens on 127.0.0.1:8080 and is configured as the server is, by the environment.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use vigie_server::admission::Identity;
use vigie_server::auth::AuthLayer;
use vigie_server::config::{Sources, load};
use vigie_server::{Vigie, prepared};

/// The gateway's routes, and Vigie's below `/vigie`.
pub(crate) fn gateway(vigie: &Vigie) -> Router {
    let auth = AuthLayer::new(Arc::clone(vigie.app()));
    let active = Router::new()
        .route("/orders", get(list_orders))
        .layer(auth.clone());
    let passive = Router::new()
        .route("/poll", get(list_orders))
        .layer(auth.clone().passive());
    let open_to_all = Router::new()
        .route("/greeting", get(greet))
        .layer(auth.optional());
    Router::new()
        .merge(active)
        .merge(passive)
        .merge(open_to_all)
        .route("/health", get(|| async { "the gateway is fine" }))
        .nest("/vigie", vigie.router())
}

async fn list_orders(Extension(identity): Extension<Identity>) -> String {
    format!("orders of {}", identity.id)
}

async fn greet(identity: Option<Extension<Identity>>) -> String {
    match identity {
        Some(Extension(identity)) => format!("hello {}", identity.id.as_str()),
        None => "hello stranger".to_owned(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = load(&Sources::of_process(Vec::new(), None))?.config;
    let vigie = Vigie::open(config).await?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let service = gateway(&vigie).into_make_service_with_connect_info::<SocketAddr>();
    // Clients that stop reading must not keep a writer for ever.
    let listener = prepared(listener, vigie.app().config.periods.ping_timeout);
    axum::serve(listener, service)
        .with_graceful_shutdown(async {
            // Without signals there is no way to ask; then the gateway runs until it is killed.
            tokio::signal::ctrl_c().await.ok();
        })
        .await?;
    vigie.close().await?;
    Ok(())
}
