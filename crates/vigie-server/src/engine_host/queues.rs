//! What leaves the engine: principals that wait to be written, and news that wait to be told.
//!
//! Both queues hold a principal at most once, and both read its newest state when it is taken.

use vigie_core::{Concern, Presence, PresenceRecord, PrincipalKey, Wall};

use super::EngineHost;
use super::news::Number;

/// One principal's news, on its way to those who may know.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) principal: PrincipalKey,
    pub(crate) number: Number,
    pub(crate) presence: Presence,
    pub(crate) concern: Concern,
}

/// Which news have been taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// All before this number.
    pub(crate) before: Number,
    /// When none was left; `None` when some are.
    pub(crate) all_at: Option<Wall>,
}

impl EngineHost {
    /// Waits until principals wait to be written.
    pub(crate) async fn writes_wait(&self) {
        self.writes_wait.notified().await;
    }

    /// How many principals wait to be written.
    pub(crate) fn writes_waiting(&self) -> usize {
        self.inner.lock().writes.waiting()
    }

    /// The newest records of at most `most` principals that wait to be written, as a part of the batch in flight.
    ///
    /// A batch must not take more than waited when it was begun.
    pub(crate) fn take_slice(&self, most: usize) -> Vec<(PrincipalKey, PresenceRecord)> {
        let now = self.now();
        let mut inner = self.inner.lock();
        let slice = inner.writes.take_more(most);
        inner.waiters.taken(&slice.principals);
        let record = |principal| (principal, inner.engine.record(principal, now));
        slice.principals.into_iter().map(record).collect()
    }

    /// The store answered the latest batch; says how many principals still wait.
    pub(crate) fn settle_writes(&self, stored: bool) -> usize {
        let mut inner = self.inner.lock();
        if stored {
            inner.writes.stored();
        } else {
            inner.writes.failed();
        }
        inner.waiters.settle(stored);
        inner.writes.waiting()
    }

    /// Lets everything that the throttle kept in memory be written, of the first `principals`.
    pub(crate) fn write_everything(&self, principals: usize) {
        let mut inner = self.inner.lock();
        for index in 0..u32::try_from(principals).unwrap_or(u32::MAX) {
            if self.cells.make_durable(PrincipalKey(index)) {
                inner.writes.note(PrincipalKey(index), false);
            }
        }
    }

    /// Lets a principal be written again, whatever memory holds; for reconciliation.
    pub(crate) fn write_again(&self, principal: PrincipalKey) {
        self.inner.lock().writes.note(principal, false);
        self.writes_wait.notify_one();
    }

    /// What the store should hold of a principal.
    pub(crate) fn record(&self, principal: PrincipalKey) -> PresenceRecord {
        let now = self.now();
        self.inner.lock().engine.record(principal, now)
    }

    /// Waits for principals whose edges are to be announced.
    pub(crate) async fn news_came(&self) {
        self.news_came.notified().await;
    }

    /// The newest states of at most `most` principals with news, oldest news first; and how far that goes.
    pub(crate) fn take_news(&self, most: usize) -> (Vec<Told>, Taken) {
        let now = self.now();
        let mut inner = self.inner.lock();
        let taken = inner.news.take(most);
        let told = |(principal, number, concern)| Told {
            principal,
            number,
            presence: inner.engine.presence(principal, now),
            concern,
        };
        let told = taken.into_iter().map(told).collect();
        let taken = Taken {
            before: inner.news.taken(),
            all_at: inner.news.is_empty().then_some(now.wall),
        };
        (told, taken)
    }

    /// The number of the news to come.
    pub(crate) fn horizon(&self) -> Number {
        self.inner.lock().news.horizon()
    }

    /// A number for a change that is no edge: what was told before has smaller ones.
    pub(crate) fn draw_number(&self) -> Number {
        self.inner.lock().news.draw()
    }

    /// The states of many principals at one instant, in their order, each with whom news concern that wait to be taken.
    pub(crate) fn survey_with_news(
        &self,
        principals: &[PrincipalKey],
    ) -> Vec<(Presence, Option<Concern>)> {
        let now = self.now();
        let inner = self.inner.lock();
        let state = |principal: &PrincipalKey| {
            let presence = inner.engine.presence(*principal, now);
            (presence, inner.news.concern(*principal))
        };
        principals.iter().map(state).collect()
    }

    /// Those among principals of whom news for watchers wait to be taken.
    pub(crate) fn with_news(&self, principals: &[PrincipalKey]) -> Vec<PrincipalKey> {
        let inner = self.inner.lock();
        let has_news =
            |principal: &PrincipalKey| inner.news.concern(*principal) == Some(Concern::Watchers);
        principals.iter().copied().filter(has_news).collect()
    }

    /// The newest state of a principal; with the number of the news to come while some of its own wait to be taken.
    pub(crate) fn newest(&self, principal: PrincipalKey) -> (Presence, Option<Number>) {
        let now = self.now();
        let inner = self.inner.lock();
        let horizon = inner.news.has(principal).then(|| inner.news.horizon());
        (inner.engine.presence(principal, now), horizon)
    }

    /// The states of many principals at one instant, and the number before which all news are in them.
    pub(crate) fn survey(&self, principals: &[PrincipalKey]) -> (Vec<Presence>, Number) {
        let now = self.now();
        let inner = self.inner.lock();
        let state = |principal: &PrincipalKey| inner.engine.presence(*principal, now);
        let states = principals.iter().map(state).collect();
        (states, inner.news.horizon())
    }
}
