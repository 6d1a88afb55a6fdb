//! The node's store, and the restarts that only the store survives.

use core::time::Duration;

use vigie_core::{Mono, Now, PresenceRecord, PrincipalKey, Signal, StoredChoice};

use super::{ALICE, BOB, Node, World, name};

// Restarts and the store.
impl World {
    /// The process is killed, and another one starts `downtime` later.
    pub(crate) fn crashes_and_restarts_after(&mut self, downtime: Duration) {
        self.node = Node::new(&self.rules);
        // Watchers may know what the store never heard of.
        self.faces.clear();
        self.story += downtime;
        self.now = Now {
            mono: Mono::START,
            wall: self.now.wall + downtime,
        };
        for (principal, mut record) in self.store.clone() {
            // What was cleared is not in a store.
            record.choice = record.choice.filter(StoredChoice::is_kept);
            self.handle(Signal::PresenceLoaded {
                principal,
                record: Box::new(record),
                alive_at: Some(self.alive_at),
            });
        }
        self.alive_at = self.now.wall;
    }

    /// The process persists everything, says goodbye to nobody, and another one starts `downtime` later.
    pub(crate) fn stops_and_restarts_after(&mut self, downtime: Duration) {
        for who in [ALICE, BOB] {
            if self.node.cells.make_durable(who) {
                self.node.write_behind.note(who, false);
            }
        }
        self.written();
        self.alive_at = self.now.wall;
        self.crashes_and_restarts_after(downtime);
    }

    /// Flushes, and says whose records were written.
    pub(crate) fn written(&mut self) -> Vec<&'static str> {
        let mut names = Vec::new();
        while let Some(batch) = self.node.write_behind.take_batch(1_000) {
            for principal in batch.principals {
                self.keep(principal, self.record(principal));
                names.push(name(principal));
            }
            self.node.write_behind.stored();
        }
        names
    }

    /// A flush that the store refuses.
    pub(crate) fn flush_fails(&mut self) {
        self.node.write_behind.take_batch(1_000).unwrap();
        self.node.write_behind.failed();
    }

    /// What a flush would write of somebody.
    pub(super) fn record(&self, principal: PrincipalKey) -> PresenceRecord {
        self.node.engine.record(principal, self.now)
    }

    /// The store keeps the later of two times, and of everything else the newer.
    fn keep(&mut self, principal: PrincipalKey, mut record: PresenceRecord) {
        if let Some(kept) = self.store.get(&principal) {
            record.last_active_at = record.last_active_at.max(kept.last_active_at);
            record.last_seen_at = record.last_seen_at.max(kept.last_seen_at);
            record.choice = record.choice.or_else(|| kept.choice.clone());
        }
        self.store.insert(principal, record);
    }

    pub(crate) fn stored(&self, who: PrincipalKey) -> &PresenceRecord {
        &self.store[&who]
    }

    /// Puts a row into the store as if an earlier process had written it.
    pub(crate) fn store_holds(&mut self, who: PrincipalKey, record: PresenceRecord) {
        self.store.insert(who, record);
    }
}
