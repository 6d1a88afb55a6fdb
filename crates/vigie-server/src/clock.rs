//! The two clocks of the engine, read in one place.
//!
//! Out: [`Now`], whose monotonic part leaves out the time during which the process itself was stopped.
//! A ticker thread looks at the clock often; when even the ticker has not looked for [`PAUSE`], nobody could run, and that time was nobody's silence.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use vigie_core::{Mono, Now, Wall};

/// A gap between two looks from which on the process counts as having been stopped: longer than any scheduling delay to be expected.
const PAUSE: Duration = Duration::from_secs(2);

/// How often the ticker looks; well below [`PAUSE`], so that a busy machine is not mistaken for a stopped process.
const TICK: Duration = Duration::from_millis(250);

/// Reads both clocks; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    origin: Instant,
    state: Mutex<State>,
    /// Dropped with the last clock, which ends the ticker.
    _ticker: mpsc::Sender<()>,
    /// What a simulated clock shows.
    #[cfg(test)]
    simulated: Option<Mutex<Now>>,
}

#[derive(Debug, Default)]
struct State {
    looked: Duration,
    skipped: Duration,
    unreported: Duration,
}

impl Clock {
    /// Starts to count, and the ticker with it.
    #[must_use]
    pub fn start() -> Self {
        let (stop, stopped) = mpsc::channel();
        let shared = Arc::new(Shared {
            origin: Instant::now(),
            state: Mutex::default(),
            _ticker: stop,
            #[cfg(test)]
            simulated: None,
        });
        let watched = Arc::downgrade(&shared);
        // Without its ticker the clock still counts; it then takes an idle server for a stopped one, which prolongs leases and announces nothing false.
        let spawned = thread::Builder::new().name("clock".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                match watched.upgrade() {
                    Some(shared) => drop(Self { shared }.now()),
                    None => break,
                }
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "the clock runs without its ticker");
        }
        Self { shared }
    }

    /// This instant.
    #[must_use]
    pub fn now(&self) -> Now {
        #[cfg(test)]
        if let Some(simulated) = &self.shared.simulated {
            return *simulated.lock();
        }
        let mut state = self.shared.state.lock();
        let raw = self.shared.origin.elapsed().max(state.looked);
        let gap = raw - state.looked;
        if gap >= PAUSE {
            state.skipped += gap;
            state.unreported += gap;
        }
        state.looked = raw;
        Now {
            mono: Mono::START + (raw - state.skipped),
            wall: wall_now(),
        }
    }

    /// The length of the stops that nobody has asked for yet.
    #[must_use]
    pub fn take_pause(&self) -> Option<Duration> {
        let pause = std::mem::take(&mut self.shared.state.lock().unreported);
        (!pause.is_zero()).then_some(pause)
    }
}

/// Simulated time, which moves when it is told to.
#[cfg(test)]
impl Clock {
    /// A clock that stands still.
    pub(crate) fn simulated(now: Now) -> Self {
        let shared = Shared {
            origin: Instant::now(),
            state: Mutex::default(),
            _ticker: mpsc::channel().0,
            simulated: Some(Mutex::new(now)),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Lets a simulated clock show a later instant.
    pub(crate) fn advance(&self, by: Duration) {
        if let Some(simulated) = &self.shared.simulated {
            let mut now = simulated.lock();
            *now = Now {
                mono: now.mono + by,
                wall: now.wall + by,
            };
        }
    }
}

fn wall_now() -> Wall {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Wall::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_runs_backwards() {
        let clock = Clock::start();
        let mut last = clock.now().mono;
        for _ in 0..10_000 {
            let now = clock.now().mono;
            assert!(now >= last);
            last = now;
        }
        assert_eq!(clock.take_pause(), None);
    }

    #[test]
    fn a_gap_in_which_nobody_looked_is_left_out_and_reported_once() {
        let clock = Clock::start();
        let before = clock.now().mono;
        // As if the process had been stopped for an hour: the last look lies that far back.
        let hour = Duration::from_secs(3_600);
        let shared = Shared {
            origin: Instant::now()
                .checked_sub(hour)
                .unwrap_or_else(Instant::now),
            state: Mutex::default(),
            _ticker: mpsc::channel().0,
            simulated: None,
        };
        let stopped = Clock {
            shared: Arc::new(shared),
        };
        let after = stopped.now().mono;
        assert!(after.since(before) < PAUSE);
        assert!(stopped.take_pause().is_some_and(|pause| pause >= hour));
        assert_eq!(stopped.take_pause(), None);
    }
}
