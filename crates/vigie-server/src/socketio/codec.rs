//! The packets of Socket.IO in one namespace, as text.
//!
//! In: what engine.io delivers as a message; out: a [`Packet`], or why it is none.
//! `2["name",payload]` is an event, `2` may be followed by the number of an acknowledgement, `/name,` names another namespace.
//! Binary packets are recognised and refused: nothing of this wire is binary.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::surrogates::make_whole;
use crate::fanout::Frame;

/// The longest run of digits read as an acknowledgement's number.
const MAX_ID_DIGITS: usize = 12;

/// A packet of a client.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Packet {
    /// The client enters the namespace; `auth` is null without a payload.
    Connect { auth: Value },
    /// The client says goodbye.
    Disconnect,
    /// Something happened at the client.
    Event(Event),
    /// The client acknowledges something; we never ask it to.
    Ack,
    /// Any packet of another namespace; only a connect is answered.
    Elsewhere { namespace: String, is_connect: bool },
    /// A binary event or acknowledgement.
    Binary,
}

/// A named event with its first argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) name: String,
    /// Null when the event has none.
    pub(super) payload: Value,
    /// The client wants an acknowledgement under this number.
    pub(super) ack: Option<u64>,
    /// Bytes of JSON that it came in.
    pub(super) size: usize,
}

/// A text that is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads a packet.
pub(super) fn parse(text: &str) -> Result<Packet, Malformed> {
    let mut rest = text.chars();
    let kind = rest.next().ok_or(Malformed)?;
    let rest = rest.as_str();
    if kind == '5' || kind == '6' {
        return Ok(Packet::Binary);
    }
    let (namespace, rest) = split_namespace(rest);
    if let Some(namespace) = namespace {
        return Ok(Packet::Elsewhere {
            namespace: namespace.to_owned(),
            is_connect: kind == '0',
        });
    }
    match kind {
        '0' => Ok(Packet::Connect {
            auth: parse_payload(rest)?,
        }),
        '1' => Ok(Packet::Disconnect),
        '2' => parse_event(rest).map(Packet::Event),
        '3' => Ok(Packet::Ack),
        _ => Err(Malformed),
    }
}

/// Splits off the namespace, unless it is `/`; what stands behind `?` belongs to it in old clients.
fn split_namespace(text: &str) -> (Option<&str>, &str) {
    if !text.starts_with('/') {
        return (None, text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    let path = namespace
        .split_once('?')
        .map_or(namespace, |(path, _)| path);
    ((path != "/").then_some(path), rest)
}

fn parse_payload(text: &str) -> Result<Value, Malformed> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    read_json(text)
}

/// Reads JSON, in which a text may have been cut in the middle of a character.
fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, Malformed> {
    serde_json::from_str(text).or_else(|_| match make_whole(text) {
        Cow::Owned(whole) => serde_json::from_str(&whole).map_err(|_| Malformed),
        Cow::Borrowed(_) => Err(Malformed),
    })
}

fn parse_event(text: &str) -> Result<Event, Malformed> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > MAX_ID_DIGITS {
        return Err(Malformed);
    }
    let (number, array) = text.split_at(digits);
    let ack = match number {
        "" => None,
        number => Some(number.parse().map_err(|_| Malformed)?),
    };
    let arguments: Vec<Value> = read_json(array)?;
    let mut arguments = arguments.into_iter();
    match arguments.next() {
        Some(Value::String(name)) => Ok(Event {
            name,
            payload: arguments.next().unwrap_or(Value::Null),
            ack,
            size: array.len(),
        }),
        Some(_) | None => Err(Malformed),
    }
}

/// The answer to a connect: today's clients are told their id, old ones are not.
pub(super) fn connected(sid: Option<&str>) -> Frame {
    Frame::new(match sid {
        Some(sid) => format!(r#"0{{"sid":"{sid}"}}"#),
        None => "0".to_owned(),
    })
}

/// The goodbye of the server.
pub(super) fn disconnect() -> Frame {
    Frame::new("1".to_owned())
}

/// The answer to a connect to a namespace that there is not; the reason is worded as the reference server words it.
pub(super) fn no_such_namespace(namespace: &str, is_old_client: bool) -> Frame {
    let reason = if is_old_client {
        Value::from("Invalid namespace")
    } else {
        serde_json::json!({"message": "Invalid namespace"})
    };
    Frame::new(format!("4{namespace},{reason}"))
}

/// An acknowledgement.
pub(super) fn acknowledgement(number: u64, payload: &Value) -> Frame {
    Frame::new(format!("3{number}[{payload}]"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(name: &str, payload: Value, ack: Option<u64>) -> Result<Packet, Malformed> {
        Ok(Packet::Event(Event {
            name: name.to_owned(),
            payload,
            ack,
            size: 0,
        }))
    }

    /// A packet, whatever the size of its text.
    fn parse(text: &str) -> Result<Packet, Malformed> {
        let mut packet = super::parse(text)?;
        if let Packet::Event(event) = &mut packet {
            let array = text.find('[').map_or("", |from| &text[from..]);
            assert_eq!(event.size, array.len(), "{text}");
            event.size = 0;
        }
        Ok(packet)
    }

    #[test]
    fn packets_of_both_generations_are_read() {
        let check = |text: &str, expected: Result<Packet, Malformed>| {
            assert_eq!(parse(text), expected, "{text}");
        };
        check("0", Ok(Packet::Connect { auth: Value::Null }));
        check(
            r#"0{"token":"t"}"#,
            Ok(Packet::Connect {
                auth: json!({"token": "t"}),
            }),
        );
        check("1", Ok(Packet::Disconnect));
        check(r#"2["heartbeat"]"#, event("heartbeat", Value::Null, None));
        check(r#"2["a",{"b":1},2]"#, event("a", json!({"b": 1}), None));
        check(r#"217["a",null]"#, event("a", Value::Null, Some(17)));
        check(r#"2/,["a"]"#, event("a", Value::Null, None));
        check(
            r#"2["a","half an emoji \ud83d"]"#,
            event("a", json!("half an emoji \u{fffd}"), None),
        );
        check("3[]", Ok(Packet::Ack));
        check(
            r#"51-["a",{"_placeholder":true,"num":0}]"#,
            Ok(Packet::Binary),
        );
        let elsewhere = |is_connect| {
            Ok(Packet::Elsewhere {
                namespace: "/admin".to_owned(),
                is_connect,
            })
        };
        check("0/admin,", elsewhere(true));
        check("0/admin?token=x,", elsewhere(true));
        check(r#"2/admin,["a"]"#, elsewhere(false));
    }

    #[test]
    fn nonsense_is_malformed_and_never_a_panic() {
        let deep = format!("2{}", "[".repeat(10_000));
        for text in [
            "",
            "7",
            "é",
            "2",
            "2[]",
            "2[1]",
            "2{}",
            "2[\"a\"",
            "0{",
            "29999999999999[\"a\"]",
            deep.as_str(),
        ] {
            assert_eq!(parse(text), Err(Malformed), "{text:.20}");
        }
    }
}
