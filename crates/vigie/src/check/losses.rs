//! Two ways to vanish: a connection that is cut, and one that falls silent; the watcher is told of both, as late as the server's settings say and no later.

use std::time::{Duration, Instant};

use vigie_client::Socket;

use super::arrivals::{is_online, unannounced};
use super::finding::{Fault, Seen, millis};
use super::site::Caller;
use super::watcher::{Mark, Watcher};

/// Deadlines may be this late.
const LATENESS: Duration = Duration::from_secs(1);

/// Periods of the server that bound how long a loss may go unnoticed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periods {
    /// Ping interval and timeout together, from the handshake.
    pub(super) silence: Duration,
    /// How long a lost session counts.
    pub(super) grace: Duration,
}

impl Periods {
    /// From the last sign of life to the announcement.
    pub(super) fn longest(self) -> Duration {
        self.silence + self.grace + LATENESS
    }
}

/// Somebody who vanished.
#[derive(Debug)]
pub(super) struct Vanished {
    /// The id on the wire.
    id: String,
    /// The id in `/v1/presence`.
    typed_id: String,
    at: Instant,
    mark: Mark,
    /// Deaf and mute, if it is still there.
    _silent: Option<Socket>,
}

impl Vanished {
    /// Cuts the user's connection.
    pub(super) async fn by_cut(mut socket: Socket, id: &str, watcher: &mut Watcher) -> Self {
        let mark = watcher.mark();
        let at = Instant::now();
        socket.abort().await;
        Self {
            id: id.to_owned(),
            typed_id: format!("user:{id}"),
            at,
            mark,
            _silent: None,
        }
    }

    /// Lets the guest's connection fall silent.
    pub(super) fn by_silence(socket: Socket, id: &str, watcher: &mut Watcher) -> Self {
        let mark = watcher.mark();
        socket.freeze();
        Self {
            id: id.to_owned(),
            typed_id: format!("guest:{id}"),
            at: Instant::now(),
            mark,
            _silent: Some(socket),
        }
    }

    /// Waits until the watcher is told.
    pub(super) async fn missed(
        &self,
        watcher: &mut Watcher,
        reader: &Caller,
        periods: Periods,
        patience: Duration,
    ) -> Result<Seen, Fault> {
        let within = periods.longest() + patience;
        let told = watcher
            .told(self.mark, &self.id, false, self.at + within)
            .await?;
        let Some(told) = told else {
            let is_decided = !is_online(reader, &self.typed_id).await?;
            return Err(unannounced("offline", is_decided, within));
        };
        let took = told.at.saturating_duration_since(self.at);
        let text = format!(
            "told offline after {:.0} ms (ping and timeout {:?}, grace {:?})",
            millis(took),
            periods.silence,
            periods.grace
        );
        Ok(Seen::from(text).timed("told", took))
    }
}
