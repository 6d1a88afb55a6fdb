//! What a watcher was told, made comparable: what is random or the server's own clock is named, and nothing else is changed.
//!
//! The hidden person's times become their rank among all times of theirs that were told, so that a frozen face is the same in both worlds and a moving one is not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Whose presence is not to be known.
pub(super) const HIDDEN: &str = "xeno";

/// Who left a while before all that is compared.
pub(super) const LONG_GONE: &str = "adam";

/// Fields that no two servers have in common.
const RANDOM: [&str; 4] = ["cursor", "ticket", "session", "sessionToken"];

/// Fields that read the server's own clock.
const CLOCKS: [&str; 6] = [
    "serverTime",
    "timestamp",
    "updatedAt",
    "uptime",
    "expiresAt",
    "latencyHintMs",
];

/// Fields that tell when somebody did something.
const TIMES: [&str; 4] = ["lastActiveAt", "lastActivityAt", "lastSeenAt", "seq"];

/// All that came, by where it came from, in order.
#[derive(Debug, Default)]
pub(super) struct Record(BTreeMap<String, Vec<(String, Value)>>);

impl Record {
    pub(super) fn note(&mut self, channel: &str, name: &str, payload: &Value) {
        let entries = self.0.entry(channel.to_owned()).or_default();
        entries.push((name.to_owned(), payload.clone()));
    }

    /// Notes what a client missed.
    ///
    /// Whoever changed some seconds before its cursor is told once more; whether somebody left that recently depends on how fast the machine is.
    pub(super) fn note_missed(&mut self, channel: &str, name: &str, mut payload: Value) {
        if payload["partial"] == true
            && let Some(users) = payload["users"].as_array_mut()
        {
            let before = users.len();
            users.retain(|user| user["userId"] != LONG_GONE);
            let left_out = u64::try_from(before - users.len()).unwrap();
            payload["total"] = (payload["total"].as_u64().unwrap() - left_out).into();
        }
        self.note(channel, name, &payload);
    }

    /// Partial snapshots up to here are of no interest where the hidden one was still shown.
    pub(super) fn forget_fresh_times(&mut self) {
        for entries in self.0.values_mut() {
            entries.retain(|(_, payload)| {
                let users = payload["users"].as_array().into_iter().flatten();
                let mut shown = users.filter(|user| user["isOnline"] == true);
                payload["partial"] != true || !shown.any(|user| user["userId"] == HIDDEN)
            });
        }
    }

    fn plain(mut self) -> BTreeMap<String, Vec<String>> {
        let mut times = BTreeMap::new();
        for (_, payload) in self.0.values().flatten() {
            gather(payload, false, &mut times);
        }
        let rank = |field: &str, value: &Value| {
            let (known, text): (&BTreeSet<String>, _) = (&times[field], value.to_string());
            let rank = known.iter().position(|known| *known == text);
            format!("{field} {}", rank.unwrap())
        };
        let mut plain = BTreeMap::new();
        for (channel, entries) in &mut self.0 {
            for (name, payload) in entries {
                name_what_is_random(payload, false, &rank);
                if let Some(kind) = kind(channel, name, payload) {
                    let of_kind: &mut Vec<String> = plain.entry(kind).or_default();
                    of_kind.push(payload.to_string());
                }
            }
        }
        // How often fresh times come depends on how fast the machine is.
        for (channel, entries) in &mut plain {
            if channel.ends_with("again") {
                entries.sort();
                entries.dedup();
            }
        }
        plain
    }
}

/// Where an entry is compared: events of one kind are in order, and kinds are not among each other, for they leave by different loops; `None` of what says nothing that can be compared.
fn kind(channel: &str, name: &str, payload: &mut Value) -> Option<String> {
    if name == "conversation:online_stats" {
        return Some(format!(
            "{channel}: {name} of {}",
            payload["conversationId"]
        ));
    }
    // A question that waits is answered as of some moment, and that is not the same in both worlds.
    let is_of_a_moment = payload["partial"] == true || channel.ends_with("follows by Changes");
    let is_snapshot = payload["users"].is_array();
    if !is_snapshot || !is_of_a_moment || channel.contains("caught up") || channel.contains('/') {
        return Some(format!("{channel}: {name}"));
    }
    // Of whoever is there at that moment: only what is said of the hidden person can be compared.
    let users = payload["users"].as_array_mut()?;
    users.retain(|user| user["userId"] == HIDDEN);
    if users.is_empty() {
        return None;
    }
    payload["total"] = Value::Null;
    Some(format!("{channel}: {name} again"))
}

fn is_hidden_one(fields: &serde_json::Map<String, Value>) -> bool {
    let is = |name: &str| {
        let id = fields.get(name).and_then(Value::as_str);
        id.is_some_and(|id| id == HIDDEN || id.strip_prefix("user:") == Some(HIDDEN))
    };
    is("userId") || is("id")
}

/// Every time of the hidden person that was told.
fn gather(value: &Value, is_theirs: bool, times: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::Object(fields) => {
            let is_theirs = is_theirs || is_hidden_one(fields);
            for (name, value) in fields {
                if is_theirs && TIMES.contains(&name.as_str()) && !value.is_null() {
                    times
                        .entry(name.clone())
                        .or_default()
                        .insert(value.to_string());
                } else {
                    gather(value, is_theirs, times);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, is_theirs, times)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn name_what_is_random(value: &mut Value, is_theirs: bool, rank: &impl Fn(&str, &Value) -> String) {
    match value {
        Value::Object(fields) => {
            let is_theirs = is_theirs || is_hidden_one(fields);
            for (name, value) in fields.iter_mut() {
                let is_one_of = |names: &[&str]| names.contains(&name.as_str());
                if value.is_null() {
                } else if is_one_of(&RANDOM) {
                    *value = "random".into();
                } else if is_one_of(&CLOCKS) {
                    *value = "clock".into();
                } else if is_one_of(&TIMES) && is_theirs {
                    *value = rank(name, value).into();
                } else if is_one_of(&TIMES) {
                    *value = "some time".into();
                } else {
                    name_what_is_random(value, is_theirs, rank);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                name_what_is_random(item, is_theirs, rank);
            }
        }
        // The ids of guests are drawn at random.
        Value::String(text) if text.contains("g_") && text.len() > 20 => {
            *text = "the guest".to_owned();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What two texts say where they part.
fn around_difference(one: Option<&String>, other: Option<&String>) -> (String, String) {
    let text = |of: Option<&String>| of.map_or_else(|| "nothing".to_owned(), String::clone);
    let (one, other) = (text(one), text(other));
    let same = one.chars().zip(other.chars());
    let same = same.take_while(|(here, there)| here == there).count();
    let near = |text: &str| {
        text.chars()
            .skip(same.saturating_sub(120))
            .take(300)
            .collect()
    };
    (near(&one), near(&other))
}

/// Where the record of one world is not that of the other, a line each.
pub(super) fn differences(one: Record, other: Record) -> Vec<String> {
    let (one, other) = (one.plain(), other.plain());
    let channels: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let mut found = Vec::new();
    let nothing = Vec::new();
    for channel in channels {
        let here = one.get(channel).unwrap_or(&nothing);
        let there = other.get(channel).unwrap_or(&nothing);
        for at in 0..here.len().max(there.len()) {
            let (here, there) = (here.get(at), there.get(at));
            if here != there {
                let (here, there) = around_difference(here, there);
                found.push(format!(
                    "{channel} [{at}]\n   there: …{here}\n  absent: …{there}"
                ));
                break;
            }
        }
    }
    found
}
