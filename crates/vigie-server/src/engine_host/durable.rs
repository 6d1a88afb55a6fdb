//! Who waits until the newest record of a principal is durable.
//!
//! In: principals that are taken for a write, and the store's answers. Out: a word to each who waits.
//! Always true: whoever waits is answered by a write that was taken after the waiting began, or by one under way that already holds the record.

use std::collections::HashMap;

use tokio::sync::oneshot;
use vigie_core::{PrincipalKey, Stage};

/// Those who wait, beside the queue of principals.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    waiting: HashMap<PrincipalKey, Vec<oneshot::Sender<()>>>,
    in_flight: Vec<(PrincipalKey, oneshot::Sender<()>)>,
}

impl Waiters {
    /// Waits for what is known of a principal now, which is at `stage` of its way to the store.
    pub(super) fn wait(&mut self, principal: PrincipalKey, stage: Stage) -> oneshot::Receiver<()> {
        let (waiter, answer) = oneshot::channel();
        match stage {
            Stage::Waiting => self.waiting.entry(principal).or_default().push(waiter),
            Stage::InFlight => self.in_flight.push((principal, waiter)),
            Stage::Durable => {
                // Whoever stopped waiting is answered in vain.
                waiter.send(()).ok();
            }
        }
        answer
    }

    /// The records of these are on their way from now on.
    pub(super) fn taken(&mut self, principals: &[PrincipalKey]) {
        if self.waiting.is_empty() {
            return;
        }
        for principal in principals {
            let waiters = self.waiting.remove(principal).unwrap_or_default();
            let waiters = waiters.into_iter().map(|waiter| (*principal, waiter));
            self.in_flight.extend(waiters);
        }
    }

    /// The store answered.
    pub(super) fn settle(&mut self, stored: bool) {
        for (principal, waiter) in std::mem::take(&mut self.in_flight) {
            if stored {
                waiter.send(()).ok();
            } else if !waiter.is_closed() {
                self.waiting.entry(principal).or_default().push(waiter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: PrincipalKey = PrincipalKey(1);
    const BOB: PrincipalKey = PrincipalKey(2);

    #[test]
    fn whoever_waits_is_answered_by_the_write_that_holds_the_record() {
        let mut waiters = Waiters::default();
        let mut durable = waiters.wait(ALICE, Stage::Durable);
        let mut on_the_way = waiters.wait(ALICE, Stage::InFlight);
        let mut waits = waiters.wait(ALICE, Stage::Waiting);
        let mut of_another = waiters.wait(BOB, Stage::Waiting);
        assert_eq!(durable.try_recv(), Ok(()));
        waiters.settle(true);
        assert_eq!(on_the_way.try_recv(), Ok(()));
        assert!(waits.try_recv().is_err());
        waiters.taken(&[ALICE]);
        waiters.settle(false);
        assert!(waits.try_recv().is_err(), "a refused write is tried again");
        waiters.taken(&[ALICE]);
        waiters.settle(true);
        assert_eq!(waits.try_recv(), Ok(()));
        assert!(of_another.try_recv().is_err());
    }
}
