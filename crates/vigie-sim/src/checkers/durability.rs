//! Write-behind loses nothing: every accepted update becomes durable and is counted once, and a drained store equals the engine.
//!
//! In: what the engine asked to be written, the batches, the store's answers.
//! Always true: the books here are kept one update at a time, the slow way.

use std::collections::BTreeMap;

use vigie_core::{PresenceRecord, PrincipalKey, Wall};

use super::Scene;
use crate::difference::{Checker, Difference};
use crate::reference::Demanded;
use crate::shell::Observed;
use crate::step::Answer;

/// One accepted activity that is not durable yet.
#[derive(Debug, Clone, Copy)]
struct Update {
    principal: PrincipalKey,
    in_flight: bool,
    failed: bool,
}

/// The books of one process.
#[derive(Debug, Default)]
pub(crate) struct Durability {
    updates: Vec<Update>,
    successful: u64,
    failed: u64,
    /// Activities offered to the throttle, by the rules.
    offered: u64,
    /// The record as it was when the engine last asked for it to be written.
    wanted: BTreeMap<PrincipalKey, PresenceRecord>,
}

impl Durability {
    pub(super) fn saw(&mut self, scene: Scene<'_>, observed: &Observed, demanded: &Demanded) {
        self.offered += u64::from(demanded.offered.is_some());
        for (principal, accepted) in &observed.persisted {
            let record = scene.shell.record(*principal, scene.now);
            self.wanted.insert(*principal, record);
            if *accepted {
                self.updates.push(Update {
                    principal: *principal,
                    in_flight: false,
                    failed: false,
                });
            }
        }
    }

    /// A deleted row is compared again once it was written again.
    pub(super) fn forget(&mut self, principal: PrincipalKey) {
        self.wanted.remove(&principal);
    }

    /// A batch went to the store.
    pub(crate) fn began(&mut self, batch: &[PrincipalKey]) {
        for update in &mut self.updates {
            update.in_flight = batch.contains(&update.principal);
        }
    }

    /// The store answered.
    pub(crate) fn ended(&mut self, answer: Answer) {
        let in_flight = self.updates.iter_mut().filter(|update| update.in_flight);
        if answer == Answer::Stored {
            self.successful += u64::try_from(in_flight.count()).unwrap_or(u64::MAX);
            self.updates.retain(|update| !update.in_flight);
            return;
        }
        for update in in_flight {
            self.failed += u64::from(!update.failed);
            update.failed = true;
            update.in_flight = false;
        }
    }

    /// Offered is throttled, successful or pending.
    pub(super) fn adds_up(&self, scene: Scene<'_>) -> Result<(), Difference> {
        let counters = scene.shell.write_behind();
        let throttled = scene.shell.throttled();
        let (successful, pending) = (counters.successful(), counters.pending());
        if self.offered == throttled + successful + pending {
            return Ok(());
        }
        let message = format!(
            "{} offered, but {throttled} throttled, {successful} successful, {pending} pending",
            self.offered
        );
        Err(Difference::of_all(Checker::Durability, message))
    }

    pub(super) fn state(&self, scene: Scene<'_>) -> Result<(), Difference> {
        let counters = scene.shell.write_behind();
        let seen = [
            counters.successful(),
            counters.failed_updates(),
            counters.pending(),
        ];
        let pending = u64::try_from(self.updates.len()).unwrap_or(u64::MAX);
        let due = [self.successful, self.failed, pending];
        if seen != due {
            let message =
                format!("[successful, failed, pending] are {seen:?}, the books say {due:?}");
            return Err(Difference::of_all(Checker::Durability, message));
        }
        if counters.waiting() == 0 {
            for principal in scene.reference.principals() {
                if !scene.reference.is_due(principal, scene.now.mono) {
                    self.drained(scene, principal)?;
                }
            }
        }
        Ok(())
    }

    /// Nothing waits: the row is the engine's record, but for refreshes that the throttle holds back.
    fn drained(&self, scene: Scene<'_>, principal: PrincipalKey) -> Result<(), Difference> {
        let Some(wanted) = self.wanted.get(&principal) else {
            return Ok(());
        };
        let record = scene.shell.record(principal, scene.now);
        let row = scene.shell.store.record(principal);
        let row = row.cloned().unwrap_or_default();
        let is_late =
            row.last_active_at < wanted.last_active_at || row.last_seen_at < record.last_seen_at;
        if is_late || without_refreshes(row.clone()) != without_refreshes(record.clone()) {
            let message = format!(
                "nothing waits, yet the row differs\n    row    {row:?}\n    record {record:?}"
            );
            return Err(Difference::about(Checker::Durability, principal, message));
        }
        Ok(())
    }

    pub(super) fn at_the_end(&self, scene: Scene<'_>) -> Result<(), Difference> {
        let waiting = scene.shell.write_behind().waiting();
        if waiting != 0 || !self.updates.is_empty() {
            let message = format!("{waiting} records still wait for a healthy store");
            return Err(Difference::of_all(Checker::Durability, message));
        }
        self.state(scene)
    }
}

/// A record without the times that only grow, and without what the throttle may keep from the store for a while.
fn without_refreshes(mut record: PresenceRecord) -> PresenceRecord {
    record.last_active_at = None;
    record.last_seen_at = None;
    // What was taken back is not kept.
    record.choice = record.choice.filter(vigie_core::StoredChoice::is_kept);
    record.sessions.sort_by_key(|session| session.id);
    for session in &mut record.sessions {
        session.active_at = Wall::from_millis(0);
    }
    record
}
