//! Messages as any client of a WebSocket may send them.

use serde_json::{Value, json};

use super::said::Said;
use crate::fuzzing::Outcome;
use crate::fuzzing::oracle::is_id;
use crate::socketio::attending::principal_id;

/// The text of a message.
pub(crate) fn read_message(bytes: &[u8]) -> Outcome {
    read_message_with(Said::read, bytes)
}

fn read_message_with(read: impl Fn(&str) -> Option<Said>, bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let Some(said) = read(text) else {
        return Outcome::Refused;
    };
    // As a client would have written it.
    let again = match &said {
        Said::Resume { since } => json!({"event": "resume", "data": {"since": since}}),
        Said::Watch(ids) => json!({"event": "watch", "data": {"ids": ids}}),
        Said::Unwatch(ids) => json!({"event": "unwatch", "data": {"ids": ids}}),
    };
    assert_eq!(
        Said::read(&again.to_string()).as_ref(),
        Some(&said),
        "{text}"
    );
    check_reading(text, &said);
    if let Said::Watch(ids) | Said::Unwatch(ids) = &said {
        for id in ids.iter().filter_map(|id| principal_id(id)) {
            assert!(is_id(id.as_str()), "{text}");
        }
    }
    Outcome::Accepted
}

/// A message, read a second time by the names of its fields, or by their places.
fn check_reading(text: &str, said: &Said) {
    // What nobody looks at may be a number that no value holds.
    let Ok(message) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let field = |of: &Value, name: &str, place: usize| {
        let field = of.get(name).or_else(|| of.get(place));
        field.cloned().unwrap_or_default()
    };
    let data = field(&message, "data", 1);
    let ids = field(&data, "ids", 1);
    let ids = if ids.is_null() { json!([]) } else { ids };
    let (event, expected) = match said {
        Said::Resume { since } => ("resume", field(&data, "since", 0) == json!(since)),
        Said::Watch(found) => ("watch", ids == json!(found)),
        Said::Unwatch(found) => ("unwatch", ids == json!(found)),
    };
    assert!(expected && field(&message, "event", 0) == event, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::Decoder;
    use crate::fuzzing::corpus::shows_the_mistake_of;

    #[test]
    fn messages_that_forget_whom_to_watch_are_found() {
        let read = |text: &str| {
            Said::read(text).map(|said| match said {
                Said::Watch(_) => Said::Watch(Vec::new()),
                Said::Resume { .. } | Said::Unwatch(_) => said,
            })
        };
        shows_the_mistake_of(Decoder::Message, |bytes| read_message_with(read, bytes));
    }

    #[test]
    fn messages_that_lose_their_cursor_are_found() {
        let read = |text: &str| {
            Said::read(text).map(|said| match said {
                Said::Resume { .. } => Said::Resume { since: None },
                Said::Watch(_) | Said::Unwatch(_) => said,
            })
        };
        shows_the_mistake_of(Decoder::Message, |bytes| read_message_with(read, bytes));
    }
}
