//! One connection from its first request to its end, or to the moment it becomes a WebSocket.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tower::Service;

use super::places::{ClientAddress, Place};
use super::progress::{Progress, Verdict, Watch};
use super::stream::Stream;
use super::{Door, Endless};
use crate::limits::Limit;

pub(super) async fn run(door: Arc<Door>, tcp: TcpStream, peer: SocketAddr, place: Place) {
    let config = &door.app.config;
    let limits = &door.app.metrics.limits;
    let progress = Arc::new(Progress::default());
    let io = TokioIo::new(Stream::new(tcp, Arc::clone(&progress), place));
    let service = service_fn(|request| answer(&door, request, peer, &progress));
    let connection = http1::Builder::new()
        .max_header_size(config.limits.head.0)
        .max_buf_size(config.limits.head.0)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut watch = Watch::new(&config.periods);
    let mut look = pin!(sleep(watch.period));
    let mut stopped = door.stopped.clone();
    let mut is_stopping = false;
    loop {
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    if error.is_parse_too_large() {
                        limits.note(Limit::HeaderSize);
                    }
                    tracing::debug!(%error, "a connection broke");
                }
                return;
            }
            () = look.as_mut() => match watch.look(&progress) {
                Verdict::Stays => look.as_mut().reset(Instant::now() + watch.period),
                Verdict::IsTooSlow => return limits.note(Limit::HeaderTime),
                Verdict::IsIdle => return,
            },
            _ = stopped.wait_for(|stop| *stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer(
    door: &Door,
    request: Request<Incoming>,
    peer: SocketAddr,
    progress: &Progress,
) -> Result<axum::response::Response, std::convert::Infallible> {
    progress.head_came();
    let mut request = request.map(Body::new);
    let client = door.places.client_behind(peer.ip(), request.headers());
    let extensions = request.extensions_mut();
    extensions.insert(ConnectInfo(peer));
    if let Some(ClientAddress(address)) = client {
        extensions.insert(ClientAddress(address));
    }
    let answer = door.router.clone().call(request).await;
    if let Ok(answer) = &answer
        && answer.status() == StatusCode::SWITCHING_PROTOCOLS
    {
        progress.upgraded();
    }
    let is_endless = answer
        .as_ref()
        .is_ok_and(|answer| answer.extensions().get::<Endless>().is_some());
    if !is_endless {
        progress.answered();
    }
    answer
}
