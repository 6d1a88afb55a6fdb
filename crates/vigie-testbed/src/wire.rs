//! A wire between a client and a server that a test can break: a TCP relay on the loopback.
//!
//! In: the server's address. Out: an address to connect to instead, and every way a network fails.
//! Always true: bytes that pass are neither changed nor reordered; what a dead network holds back is delivered when it heals, as TCP would.

mod relay;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use relay::Fate;

/// Bytes that the wire's end at the server takes while nobody reads; small, so that the server soon feels who does not.
const WINDOW: u32 = 16 * 1024;

/// Bytes of a segment between the wire and the server, as on an Ethernet.
/// The system reckons by it how much it takes of a sender in advance: with the loopback's own, megabytes.
const SEGMENT: u32 = 1460;

/// One of the two directions of a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From clients to the server.
    Up,
    /// From the server to clients.
    Down,
}

/// How bytes pass in one direction; by default at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Nothing arrives, and nobody is told.
    pub is_dead: bool,
    /// Each piece arrives this much later.
    pub delay: Duration,
    /// At most so many bytes a second; `None` is no limit.
    pub bytes_per_second: Option<u32>,
}

/// A relay to one server, for any number of connections; dropped, all of them are reset.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    up: watch::Sender<Terms>,
    down: watch::Sender<Terms>,
    fates: Arc<Mutex<Vec<watch::Sender<Fate>>>>,
    accepting: JoinHandle<()>,
}

impl Wire {
    /// Opens a relay to the server at `to`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn to(to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (up, down) = (watch::Sender::default(), watch::Sender::default());
        let fates = Arc::<Mutex<Vec<watch::Sender<Fate>>>>::default();
        let accepting = tokio::spawn(accept(
            listener,
            to,
            up.clone(),
            down.clone(),
            Arc::clone(&fates),
        ));
        Ok(Self {
            address,
            up,
            down,
            fates,
            accepting,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, bytes of all connections pass on these terms in one direction.
    pub fn set(&self, direction: Direction, terms: Terms) {
        match direction {
            Direction::Up => self.up.send_replace(terms),
            Direction::Down => self.down.send_replace(terms),
        };
    }

    /// Lets nothing through in either direction, and tells nobody.
    pub fn kill(&self) {
        let dead = Terms {
            is_dead: true,
            ..Terms::default()
        };
        self.set(Direction::Up, dead);
        self.set(Direction::Down, dead);
    }

    /// Lets everything pass at once again.
    pub fn heal(&self) {
        self.set(Direction::Up, Terms::default());
        self.set(Direction::Down, Terms::default());
    }

    /// Resets every connection on both sides; new ones are taken.
    pub fn cut(&self) {
        self.meet(Fate::Cut);
    }

    /// Resets every connection towards the client; the server's side stays open and silent.
    pub fn cut_clients(&self) {
        self.meet(Fate::CutClient);
    }

    /// Ends every connection on both sides in an orderly way, by FIN.
    pub fn end(&self) {
        self.meet(Fate::End);
    }

    fn meet(&self, fate: Fate) {
        let mut fates = self.fates.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in fates.drain(..) {
            connection.send_replace(fate);
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(
    listener: TcpListener,
    to: SocketAddr,
    up: watch::Sender<Terms>,
    down: watch::Sender<Terms>,
    fates: Arc<Mutex<Vec<watch::Sender<Fate>>>>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (fate, meets) = watch::channel(Fate::Open);
        fates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fate);
        let (up, down) = (up.subscribe(), down.subscribe());
        tokio::spawn(async move {
            // A server that refuses is a server that hangs up.
            if let Ok(server) = reach(to).await {
                relay::run(client, server, up, down, meets).await;
            }
        });
    }
}

async fn reach(server: SocketAddr) -> io::Result<TcpStream> {
    let socket = if server.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_recv_buffer_size(WINDOW)?;
    SockRef::from(&socket).set_tcp_mss(SEGMENT)?;
    socket.connect(server).await
}
