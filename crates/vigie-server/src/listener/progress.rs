//! Whether anything comes of a connection: a head that is never finished, or silence between two requests.
//!
//! Looked at seldom and never timed byte by byte, so that a request costs no timer.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::config::Periods;

/// How far one connection has come; written as it is read, looked at by [`Watch`].
#[derive(Debug, Default)]
pub(super) struct Progress {
    heads: AtomicU32,
    is_answering: AtomicBool,
    /// Bytes came after the last head.
    has_bytes: AtomicBool,
    /// It became a WebSocket.
    is_upgraded: AtomicBool,
}

impl Progress {
    pub(super) fn bytes_came(&self) {
        self.has_bytes.store(true, Ordering::Relaxed);
    }

    pub(super) fn head_came(&self) {
        self.heads.fetch_add(1, Ordering::Relaxed);
        self.is_answering.store(true, Ordering::Relaxed);
    }

    pub(super) fn upgraded(&self) {
        self.is_upgraded.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.is_upgraded.load(Ordering::Relaxed)
    }

    pub(super) fn answered(&self) {
        // What came since the head was the body.
        self.has_bytes.store(false, Ordering::Relaxed);
        self.is_answering.store(false, Ordering::Relaxed);
    }
}

/// What a look at a connection says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may stay.
    Stays,
    /// A head has been coming for too long.
    IsTooSlow,
    /// It has had no request for longer than it is kept.
    IsIdle,
}

/// Looks at one connection, once per `header_timeout`.
#[derive(Debug)]
pub(super) struct Watch {
    /// Between two looks.
    pub(super) period: Duration,
    keep_alive: Duration,
    heads: u32,
    unfinished_for: Duration,
    idle_for: Duration,
}

impl Watch {
    pub(super) fn new(periods: &Periods) -> Self {
        Self {
            period: periods.header_timeout,
            keep_alive: periods.keep_alive,
            heads: 0,
            unfinished_for: Duration::ZERO,
            idle_for: Duration::ZERO,
        }
    }

    /// One period has passed since the last look, or since the connection came.
    pub(super) fn look(&mut self, progress: &Progress) -> Verdict {
        let heads = progress.heads.load(Ordering::Relaxed);
        let is_new = heads != std::mem::replace(&mut self.heads, heads);
        let is_unfinished = progress.has_bytes.load(Ordering::Relaxed);
        if is_new || progress.is_answering.load(Ordering::Relaxed) {
            self.unfinished_for = Duration::ZERO;
            self.idle_for = Duration::ZERO;
            return Verdict::Stays;
        }
        // A client that never sent a request has had the whole period for it.
        if heads == 0 {
            return Verdict::IsTooSlow;
        }
        if is_unfinished {
            self.unfinished_for += self.period;
            // At the first look the head may just have begun.
            if self.unfinished_for > self.period {
                return Verdict::IsTooSlow;
            }
            return Verdict::Stays;
        }
        self.unfinished_for = Duration::ZERO;
        self.idle_for += self.period;
        if self.idle_for >= self.keep_alive {
            Verdict::IsIdle
        } else {
            Verdict::Stays
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> (Progress, Watch) {
        let periods = Periods {
            header_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(25),
            ..Periods::default()
        };
        (Progress::default(), Watch::new(&periods))
    }

    #[test]
    fn a_first_request_has_one_period() {
        let (progress, mut watch) = watch();
        progress.bytes_came();
        assert_eq!(watch.look(&progress), Verdict::IsTooSlow);
    }

    #[test]
    fn a_later_head_has_more_than_one_period() {
        let (progress, mut watch) = watch();
        progress.head_came();
        progress.answered();
        assert_eq!(watch.look(&progress), Verdict::Stays);
        progress.bytes_came();
        assert_eq!(watch.look(&progress), Verdict::Stays);
        assert_eq!(watch.look(&progress), Verdict::IsTooSlow);
    }

    #[test]
    fn a_long_answer_is_no_idleness_and_silence_after_it_is() {
        let (progress, mut watch) = watch();
        progress.head_came();
        progress.bytes_came();
        for _ in 0..9 {
            assert_eq!(watch.look(&progress), Verdict::Stays);
        }
        progress.answered();
        assert_eq!(watch.look(&progress), Verdict::Stays);
        assert_eq!(watch.look(&progress), Verdict::Stays);
        assert_eq!(watch.look(&progress), Verdict::IsIdle);
    }
}
