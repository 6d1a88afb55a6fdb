//! The simulated store: rows that survive a crash, and at most one write under way.
//!
//! In: batches of records, what became of them, and the process's own signs of life.
//! Out: the rows that the next process finds, each with the last sign of life of the process that wrote it.
//! Always true: times merge by maximum, a choice by its own version, everything else is the newest write's; what was taken back is not kept.

use std::collections::BTreeMap;

use vigie_core::{PresenceRecord, PrincipalKey, Wall};

/// What is on disk, and what is on its way there.
#[derive(Debug, Default)]
pub struct Store {
    rows: BTreeMap<PrincipalKey, Row>,
    under_way: Option<Vec<(PrincipalKey, PresenceRecord)>>,
    /// When each process last wrote that it lived, the present one last.
    alive: Vec<Option<Wall>>,
}

/// One principal's row.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was written.
    pub record: PresenceRecord,
    /// Which process wrote it: a lease in it is proved by that one's signs of life, not by a successor's.
    writer: usize,
}

impl Store {
    /// A process starts on what is there.
    pub fn open(&mut self) {
        self.alive.push(None);
    }

    /// The present process writes that it lives.
    pub fn note_alive(&mut self, now: Wall) {
        if let Some(alive) = self.alive.last_mut() {
            *alive = (*alive).max(Some(now));
        }
    }

    /// The last sign of life of the process that wrote a row.
    #[must_use]
    pub fn alive_at(&self, row: &Row) -> Option<Wall> {
        *self.alive.get(row.writer)?
    }

    /// A write begins.
    pub fn begin(&mut self, records: Vec<(PrincipalKey, PresenceRecord)>) {
        self.under_way = Some(records);
    }

    /// Whether a write waits for its answer.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// The write under way became durable; returns whose records it held.
    pub fn land(&mut self) -> Vec<PrincipalKey> {
        let landed = self.under_way.take().unwrap_or_default();
        for (principal, record) in &landed {
            let old = self.rows.get(principal);
            let record = merge(old.map(|row| &row.record), record);
            self.overwrite(*principal, record);
        }
        landed.into_iter().map(|(principal, _)| principal).collect()
    }

    /// The write under way never happened.
    pub fn drop_write(&mut self) {
        self.under_way = None;
    }

    /// Puts a record as it is, whatever was there.
    pub(crate) fn overwrite(&mut self, principal: PrincipalKey, record: PresenceRecord) {
        let writer = self.alive.len().saturating_sub(1);
        self.rows.insert(principal, Row { record, writer });
    }

    /// A row is gone; what is under way of it comes too late.
    pub fn delete(&mut self, principal: PrincipalKey) {
        self.rows.remove(&principal);
        if let Some(under_way) = &mut self.under_way {
            under_way.retain(|(of, _)| *of != principal);
        }
    }

    /// A record as the disk has it.
    #[must_use]
    pub fn record(&self, principal: PrincipalKey) -> Option<&PresenceRecord> {
        self.rows.get(&principal).map(|row| &row.record)
    }

    /// Every row, by principal.
    pub fn rows(&self) -> impl Iterator<Item = (PrincipalKey, &Row)> {
        self.rows.iter().map(|(principal, row)| (*principal, row))
    }
}

/// The row after a write.
fn merge(old: Option<&PresenceRecord>, new: &PresenceRecord) -> PresenceRecord {
    let mut merged = new.clone();
    if let Some(old) = old {
        merged.last_active_at = merged.last_active_at.max(old.last_active_at);
        merged.last_seen_at = merged.last_seen_at.max(old.last_seen_at);
        let (new, old) = (merged.choice.take(), old.choice.clone());
        merged.choice = [old, new]
            .into_iter()
            .flatten()
            .max_by_key(|choice| choice.version);
    }
    merged.choice = merged.choice.filter(vigie_core::StoredChoice::is_kept);
    merged
}
