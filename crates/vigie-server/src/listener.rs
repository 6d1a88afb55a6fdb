//! Accepted connections, prepared for clients that stop reading.
//!
//! A client that reads nothing, while its system goes on answering, keeps a writer waiting for ever; and the transport tells nobody that such a client is gone before its writer gave up.
//! So the system gives up for it: what stays unacknowledged, or unread in a full window, for as long as a ping may stay unanswered breaks the connection.

use std::time::Duration;

use axum::serve::{ListenerExt, TapIo};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

/// A listener whose connections break when nothing is read for `give_up_after`, and send small packets at once.
pub fn prepared(
    listener: TcpListener,
    give_up_after: Duration,
) -> TapIo<TcpListener, impl FnMut(&mut TcpStream) + Send + 'static> {
    listener.tap_io(move |stream| {
        let socket = SockRef::from(&*stream);
        let prepared = socket
            .set_tcp_user_timeout(Some(give_up_after))
            .and_then(|()| socket.set_tcp_nodelay(true));
        if let Err(error) = prepared {
            tracing::debug!(%error, "a connection could not be prepared");
        }
    })
}
