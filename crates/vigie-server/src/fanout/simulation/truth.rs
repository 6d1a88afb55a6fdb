//! The reference: who may be told what of whom, written from the rules.
//!
//! It keeps the relations by itself, by name; of presence it takes the engine's word, which has a simulation of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use vigie_core::{Presence, Privacy, Reach, Wall};

use super::client::Room;
use crate::fanout::wire::iso;

/// Who shares what, and lets whom see what.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) conversations: BTreeMap<&'static str, BTreeSet<&'static str>>,
    pub(super) privacy: BTreeMap<&'static str, Privacy>,
    /// Who blocked whom.
    pub(super) blocks: BTreeSet<(&'static str, &'static str)>,
    pub(super) is_reciprocal: bool,
}

/// The two facts of a person that can be shown apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Availability,
    LastSeen,
}

impl Truth {
    fn share(&self, one: &str, other: &str) -> bool {
        let both = |group: &BTreeSet<_>| group.contains(one) && group.contains(other);
        self.conversations.values().any(both)
    }

    fn are_blocked(&self, one: &str, other: &str) -> bool {
        let has = |blocker, blocked| {
            let mut blocks = self.blocks.iter();
            blocks.any(|block| *block == (blocker, blocked))
        };
        has(one, other) || has(other, one)
    }

    /// Whether somebody shows a fact to somebody else, by their own privacy.
    fn shows(&self, who: &str, to: &str, fact: Fact) -> bool {
        let privacy = self.privacy.get(who).copied().unwrap_or_default();
        let reaches = |reach| match reach {
            Reach::Nobody => false,
            Reach::Contacts => self.share(who, to),
            Reach::Everyone => true,
        };
        reaches(privacy.availability) && (fact == Fact::Availability || reaches(privacy.last_seen))
    }

    fn sees(&self, watcher: &str, who: &str, fact: Fact) -> bool {
        let is_returned = || self.shows(watcher, who, fact);
        !self.are_blocked(watcher, who)
            && self.shows(who, watcher, fact)
            && (!self.is_reciprocal || is_returned())
    }

    /// Whether a watcher may know of somebody at all.
    pub(super) fn may_see(&self, watcher: &str, who: &str) -> bool {
        let knows = self.share(watcher, who) || self.sees(watcher, who, Fact::Availability);
        watcher == who || knows && !self.are_blocked(watcher, who)
    }

    /// Whom a watcher is told of by itself, oneself left out.
    pub(super) fn subscriptions(&self, watcher: &str, limit: usize) -> BTreeSet<&'static str> {
        let groups = self.conversations.values();
        let small = groups.filter(|group| group.contains(watcher) && group.len() <= limit);
        let mut told: BTreeSet<_> = small.flatten().copied().collect();
        told.retain(|other| *other != watcher && !self.are_blocked(watcher, other));
        told
    }

    /// What a viewer is to hold of a conversation, given who has it open and how they are.
    pub(super) fn room(
        &self,
        viewer: &str,
        conversation: &str,
        is_here: impl Fn(&str) -> bool,
        presence_of: impl Fn(&str) -> Presence,
        now: Wall,
    ) -> Room {
        let mut room = Room::default();
        let (mut members, mut here) = (0, 0);
        for who in &self.conversations[conversation] {
            if self.are_blocked(viewer, who) {
                continue;
            }
            members += 1;
            let presence = presence_of(who);
            let status = self.status(viewer, who, &presence, now);
            // Whoever is invisible sees itself in conversations as the others do.
            let is_listed = status["isOnline"] == true && presence.veil.is_none();
            if is_listed {
                let entry = json!({
                    "userId": who,
                    "username": who,
                    "status": status["status"],
                    "here": is_here(who),
                });
                here += u32::from(is_here(who));
                room.members.insert((*who).to_owned(), entry);
            }
        }
        room.counts = json!({"members": members, "online": room.members.len(), "here": here});
        room
    }

    /// What a watcher is to be told of somebody now.
    pub(super) fn status(&self, watcher: &str, who: &str, presence: &Presence, now: Wall) -> Value {
        if watcher == who {
            return with_choice(real(who, presence), presence);
        }
        if !self.sees(watcher, who, Fact::Availability) {
            return unknown(who);
        }
        let mut shown = match presence.veil {
            // What is told of the times goes on where the veil ended.
            None => match presence.times_shown {
                None => real(who, presence),
                Some(times) => {
                    let mut shown = real(who, presence);
                    shown["lastActivityAt"] = time(times.last_active_at);
                    shown["lastSeenAt"] = time(times.last_seen_at);
                    shown["lastActiveAt"] = time(times.last_proof_at);
                    shown
                }
            },
            Some(veil) => {
                let mut shown = unknown(who);
                shown["lastActivityAt"] = time(veil.last_active_at);
                shown["lastSeenAt"] = time(veil.last_seen_at);
                shown["lastActiveAt"] = time(veil.last_active_at.max(veil.last_seen_at));
                shown["seq"] = veil.version.0.into();
                shown
            }
        };
        if !self.sees(watcher, who, Fact::LastSeen) {
            hide_times(&mut shown, presence, now);
        }
        shown
    }
}

fn time(at: Option<Wall>) -> Value {
    at.map(iso).into()
}

fn real(who: &str, presence: &Presence) -> Value {
    let mut shown = json!({
        "userId": who,
        "username": who,
        "isOnline": presence.availability.is_online(),
        "status": presence.availability.as_str(),
        "lastActiveAt": time(presence.last_proof_at),
        "lastActivityAt": time(presence.last_active_at),
        "lastSeenAt": time(presence.last_seen_at),
        "seq": presence.version.0,
    });
    if let Some(chosen) = presence.chosen.as_deref()
        && presence.availability.is_online()
    {
        if let Some(text) = &chosen.text {
            shown["statusText"] = (**text).into();
        }
        if chosen.until.is_some() {
            shown["statusUntil"] = time(chosen.until);
        }
    }
    shown
}

fn with_choice(mut shown: Value, presence: &Presence) -> Value {
    if let Some(chosen) = presence.chosen.as_deref() {
        shown["chosen"] = json!({
            "status": chosen.status.map(|status| status.as_str()),
            "text": chosen.text.as_deref(),
            "until": time(chosen.until),
        });
    }
    shown
}

/// Leaves a rough word of the times, and no number that would tell them.
fn hide_times(shown: &mut Value, presence: &Presence, now: Wall) {
    let last = match (presence.veil, presence.times_shown) {
        (Some(veil), _) => veil.last_active_at.max(veil.last_seen_at),
        (None, Some(times)) => times.last_proof_at,
        (None, None) => presence.last_proof_at,
    };
    let days = |count: u64| Duration::from_secs(count * 24 * 60 * 60);
    let word = match last.map(|last| now.since(last)) {
        _ if shown["isOnline"] == true => Some("recently"),
        None => None,
        Some(ago) if ago <= days(3) => Some("recently"),
        Some(ago) if ago <= days(7) => Some("within_week"),
        Some(ago) if ago <= days(30) => Some("within_month"),
        Some(_) => Some("long_ago"),
    };
    for name in ["lastActiveAt", "lastActivityAt", "lastSeenAt"] {
        shown[name] = Value::Null;
    }
    if let Some(shown) = shown.as_object_mut() {
        shown.remove("seq");
    }
    if let Some(word) = word {
        shown["lastSeenBucket"] = word.into();
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
