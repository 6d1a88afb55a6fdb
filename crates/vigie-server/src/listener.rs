//! The door: connections are accepted, counted, refused with an answer, and broken when nothing comes of them.
//!
//! In: a bound listener and the routes behind it. Out: requests for the routes, until the server stops.
//! Always true: no more connections are open than there are places, running out of files neither ends the server nor keeps it busy, and a client that sends its request a byte at a time does not keep its place.

mod files;
mod link;
mod places;
mod progress;
mod refusal;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::{ListenerExt, TapIo};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::app::App;

pub(crate) use places::{ClientAddress, Place, Places};

/// How long the door stays shut when the system has no file for another connection: some end meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// Failures to accept that are told in the log: the first of each so many.
const FAILURES_PER_LINE: u64 = 100;

/// Marks an answer whose body goes on until the connection ends: silence on it is no idleness.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endless;

/// What every connection of one listener has in common.
struct Door {
    app: Arc<App>,
    router: Router,
    places: Arc<Places>,
    refusals: refusal::Refusals,
    stopped: watch::Receiver<bool>,
}

/// Serves `router` on `listener` until `stopped` says so or its sender is gone; open requests are finished by tasks of their own.
pub(crate) async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    router: Router,
    places: Arc<Places>,
    mut stopped: watch::Receiver<bool>,
) {
    let door = Arc::new(Door {
        app,
        router,
        places,
        refusals: refusal::Refusals::default(),
        stopped: stopped.clone(),
    });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // The sender going away is a stop, too.
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, peer)) => door.let_in(stream, peer),
            // The client gave up before it was its turn.
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                let failures = door.app.metrics.accept_failures.inc();
                if failures.is_multiple_of(FAILURES_PER_LINE) {
                    tracing::error!(%error, failures, "no connection can be accepted");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Door {
    fn let_in(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        match self.places.take(peer.ip()) {
            Ok(place) => {
                prepare(&stream, self.app.config.periods.ping_timeout);
                tokio::spawn(link::run(Arc::clone(self), stream, peer, place));
            }
            Err(limit) => {
                self.app.metrics.limits.note(limit);
                self.refusals.refuse(stream, limit);
            }
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

/// A listener whose connections break when nothing is read for `give_up_after`, and send small packets at once; for a host application that serves the routes itself.
///
/// Limits of connections and of the time for a request's head are then the host's.
pub fn prepared(
    listener: TcpListener,
    give_up_after: Duration,
) -> TapIo<TcpListener, impl FnMut(&mut TcpStream) + Send + 'static> {
    listener.tap_io(move |stream| prepare(stream, give_up_after))
}

/// Prepares a connection for a client that stops reading.
///
/// A client that reads nothing, while its system goes on answering, keeps a writer waiting for ever; and the transport tells nobody that such a client is gone before its writer gave up.
/// So the system gives up for it: what stays unacknowledged, or unread in a full window, for as long as a ping may stay unanswered breaks the connection.
fn prepare(stream: &TcpStream, give_up_after: Duration) {
    let socket = SockRef::from(stream);
    let prepared = socket
        .set_tcp_user_timeout(Some(give_up_after))
        .and_then(|()| socket.set_tcp_nodelay(true));
    if let Err(error) = prepared {
        tracing::debug!(%error, "a connection could not be prepared");
    }
}
