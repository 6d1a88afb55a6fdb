//! One connection through a wire, from its start to whatever ends it.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::Terms;

/// Bytes that one read takes at most; small, so that a limit of bytes a second is felt early.
const PIECE: usize = 4 * 1024;

/// Pieces that are under way at most; what comes behind waits where it is.
const UNDER_WAY: usize = 4;

/// What the test has decided for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It lives as long as its ends want.
    Open,
    /// Reset on both sides.
    Cut,
    /// Reset towards the client alone.
    CutClient,
    /// Ended by FIN on both sides.
    End,
}

/// Passes bytes until an end hangs up or a fate is met.
pub(super) async fn run(
    mut client: TcpStream,
    mut server: TcpStream,
    up: watch::Receiver<Terms>,
    down: watch::Receiver<Terms>,
    mut meets: watch::Receiver<Fate>,
) {
    let is_prepared = client.set_nodelay(true).is_ok() && server.set_nodelay(true).is_ok();
    let fate = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = async {
            tokio::try_join!(
                pass(from_client, to_server, up),
                pass(from_server, to_client, down)
            )
        };
        tokio::select! {
            ended = both, if is_prepared => if ended.is_ok() { Fate::End } else { Fate::Cut },
            // The wire going away cuts; so does its sender.
            met = meets.wait_for(|fate| *fate != Fate::Open) => met.map_or(Fate::Cut, |fate| *fate),
        }
    };
    match fate {
        Fate::Open | Fate::End => {}
        Fate::Cut => {
            reset(client);
            reset(server);
        }
        Fate::CutClient => {
            reset(client);
            // Whatever the server says goes nowhere, until it gives up by itself.
            let _gave_up = tokio::io::copy(&mut server, &mut tokio::io::sink()).await;
        }
    }
}

/// Passes bytes in one direction on the terms of each moment, and the end of the stream after them.
///
/// A limit of bytes a second holds back what comes behind; a delay does not, for many pieces are under way at the same time.
async fn pass(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    terms: watch::Receiver<Terms>,
) -> io::Result<()> {
    let (departs, arrives) = mpsc::channel(UNDER_WAY);
    tokio::try_join!(
        depart(from, terms.clone(), departs),
        arrive(to, terms, arrives)
    )?;
    Ok(())
}

/// Bytes under way, and when they arrive; none are the end of the stream.
type Piece = (Instant, Vec<u8>);

async fn depart(
    mut from: ReadHalf<'_>,
    mut terms: watch::Receiver<Terms>,
    departs: mpsc::Sender<Piece>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await;
        let now = alive(&mut terms).await;
        let length = read?;
        if let Some(rate) = now.bytes_per_second {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            sleep(std::time::Duration::from_secs(1) * length / rate.max(1)).await;
        }
        let under_way = (Instant::now() + now.delay, piece[..length].to_vec());
        // Nobody waits at the other end any more: its error ends both.
        if departs.send(under_way).await.is_err() || length == 0 {
            return Ok(());
        }
    }
}

async fn arrive(
    mut to: WriteHalf<'_>,
    mut terms: watch::Receiver<Terms>,
    mut arrives: mpsc::Receiver<Piece>,
) -> io::Result<()> {
    while let Some((at, piece)) = arrives.recv().await {
        sleep_until(at).await;
        // It may have died while the bytes were under way.
        alive(&mut terms).await;
        if piece.is_empty() {
            return to.shutdown().await;
        }
        to.write_all(&piece).await?;
    }
    Ok(())
}

/// The terms, as soon as anything passes.
async fn alive(terms: &mut watch::Receiver<Terms>) -> Terms {
    let healed = terms.wait_for(|terms| !terms.is_dead).await;
    let healed = healed.map(|terms| *terms);
    match healed {
        Ok(terms) => terms,
        // A wire that is gone is cut, not healed.
        Err(_) => std::future::pending().await,
    }
}

/// Drops a connection with RST instead of FIN.
fn reset(stream: TcpStream) {
    let _best_effort = stream.set_zero_linger();
}
