//! The reference: who may be told what of whom, written from the rules.
//!
//! It keeps the relations by itself, by name; of presence it takes the engine's word, which has a simulation of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vigie_core::{Presence, Wall};

use crate::fanout::wire::iso;

/// Who shares what.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) conversations: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

impl Truth {
    fn shared<'t>(
        &'t self,
        one: &'t str,
        other: &'t str,
    ) -> impl Iterator<Item = &'t BTreeSet<&'static str>> {
        let both = move |group: &&BTreeSet<_>| group.contains(one) && group.contains(other);
        self.conversations.values().filter(both)
    }

    /// Whether a watcher may see somebody at all.
    pub(super) fn may_see(&self, watcher: &str, who: &str) -> bool {
        watcher == who || self.shared(watcher, who).next().is_some()
    }

    /// Whom a watcher is told of by itself, oneself left out.
    pub(super) fn subscriptions(&self, watcher: &str, limit: usize) -> BTreeSet<&'static str> {
        let groups = self.conversations.values();
        let small = groups.filter(|group| group.contains(watcher) && group.len() <= limit);
        let mut told: BTreeSet<_> = small.flatten().copied().collect();
        told.remove(watcher);
        told
    }

    /// What a watcher is to be told of somebody now.
    pub(super) fn status(&self, watcher: &str, who: &str, presence: &Presence) -> Value {
        if !self.may_see(watcher, who) {
            return unknown(who);
        }
        let time = |at: Option<Wall>| at.map(iso);
        json!({
            "userId": who,
            "username": who,
            "isOnline": presence.availability.is_online(),
            "status": presence.availability.as_str(),
            "lastActiveAt": time(presence.last_proof_at),
            "lastActivityAt": time(presence.last_active_at),
            "lastSeenAt": time(presence.last_seen_at),
            "seq": presence.version.0,
        })
    }
}

/// How somebody looks who does not exist.
pub(super) fn unknown(who: &str) -> Value {
    json!({
        "userId": who,
        "username": who,
        "isOnline": false,
        "status": "offline",
        "lastActiveAt": null,
        "lastActivityAt": null,
        "lastSeenAt": null,
    })
}

/// What of a status moves by itself while somebody is there, and is not told at each step.
pub(super) fn without_moving_times(mut status: Value) -> Value {
    if status["isOnline"] == true {
        status["lastActiveAt"] = Value::Null;
        status["lastActivityAt"] = Value::Null;
    }
    status
}
