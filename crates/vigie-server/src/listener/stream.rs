//! An accepted connection with its place, noting that bytes come.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use socket2::SockRef;

use super::places::Place;
use super::progress::Progress;

/// Bytes that the system takes for a WebSocket before it has sent what it has; what waits with us instead can still be replaced by something newer, and a ping passes it sooner.
///
/// An answer to a request has nothing newer behind it, and goes out whole.
const UNSENT: u32 = 8 * 1024;

/// Holds its place for as long as it is open, also as a WebSocket.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TcpStream,
    progress: Arc<Progress>,
    is_held_short: bool,
    _place: Place,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, progress: Arc<Progress>, place: Place) -> Self {
        Self {
            tcp,
            progress,
            is_held_short: false,
            _place: place,
        }
    }

    /// Lets the system take little in advance, from the first write of a WebSocket on.
    fn hold_short(&mut self) {
        if self.is_held_short || !self.progress.is_upgraded() {
            return;
        }
        self.is_held_short = true;
        if let Err(error) = SockRef::from(&self.tcp).set_tcp_notsent_lowat(UNSENT) {
            tracing::debug!(%error, "a WebSocket's share of the system's buffer stays as it is");
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.progress.bytes_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.hold_short();
        Pin::new(&mut self.tcp).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.hold_short();
        Pin::new(&mut self.tcp).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
