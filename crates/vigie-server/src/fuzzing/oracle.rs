//! What the contract says of texts and times, written down a second time and as plainly as possible.

use serde_json::Value;

/// 1 to 128 bytes of `A-Z a-z 0-9 . _ ~ @ -`.
pub(crate) fn is_id(text: &str) -> bool {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~@-";
    matches!(text.len(), 1..=128) && text.chars().all(|letter| ALPHABET.contains(letter))
}

/// An id that a registered user can have: `g_` is for guests.
pub(crate) fn is_user_id(text: &str) -> bool {
    is_id(text) && !text.starts_with("g_")
}

/// An id that a guest can have.
pub(crate) fn is_guest_id(text: &str) -> bool {
    is_id(text) && text.starts_with("g_")
}

/// A time of the wire: `2026-02-03T04:05:06.789Z`.
pub(crate) fn is_time(text: &str) -> bool {
    const SHAPE: &str = "0000-00-00T00:00:00.000Z";
    let fits = |(letter, shape): (char, char)| match shape {
        '0' => letter.is_ascii_digit(),
        mark => letter == mark,
    };
    text.len() == SHAPE.len() && text.chars().zip(SHAPE.chars()).all(fits)
}

/// A name that may travel in every event about a person: at most 200 characters, no control characters, no space around it.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().count() <= 200 && !text.chars().any(char::is_control) && text.trim() == text
}

/// The value with null for every fraction: those are read to the last digit but one only.
pub(crate) fn without_fractions(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => Value::Null,
        Value::Array(items) => items.iter().map(without_fractions).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), without_fractions(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
