//! The text frames of Engine.IO 4 and the Socket.IO packets inside them.
//!
//! In: one text frame; out: what it says, borrowed from the frame. And the reverse.
//! Only the main namespace `/` exists here; binary attachments are refused by name.
//! Nothing here waits, and no input can make it panic.

use serde::Deserialize;
use serde_json::Value;

/// One Engine.IO frame from the server.
#[derive(Debug, PartialEq)]
pub(crate) enum EngineFrame<'a> {
    /// `0`: the transport is open.
    Open(Handshake),
    /// `1`: the server ends the transport.
    Close,
    /// `2`: a sign of life is asked for; the text comes back in the pong.
    Ping(&'a str),
    /// `4`: a Socket.IO packet.
    Message(Packet<'a>),
    /// `3`, `5` and `6`: nothing a WebSocket-only client has to answer.
    Other,
}

/// What the server announces when the transport opens; periods in milliseconds.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Handshake {
    /// The engine's id for this transport.
    pub sid: String,
    /// Time between two pings of the server.
    pub ping_interval: u64,
    /// How long after a missed ping the transport counts as dead.
    pub ping_timeout: u64,
}

/// One Socket.IO packet of the main namespace.
#[derive(Debug, PartialEq)]
pub(crate) enum Packet<'a> {
    /// `0{"sid":…}`: the namespace accepted us.
    Connect(Value),
    /// `1`: the server closed the namespace.
    Disconnect,
    /// `2`: an event; `body` is its JSON array, name first, not parsed yet.
    Event {
        /// `["name", arguments…]`.
        body: &'a str,
    },
    /// `3`: the answer to one of our events.
    Ack {
        /// The number we gave the event.
        id: u64,
        /// The answer's arguments.
        arguments: Vec<Value>,
    },
    /// `4`: the namespace refused us.
    ConnectError(Value),
}

/// Why a frame could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A frame with no type, or a type that Engine.IO 4 does not know.
    #[error("not an Engine.IO frame: {0:?}")]
    Frame(String),
    /// A message with no type, or a type that Socket.IO does not know.
    #[error("not a Socket.IO packet: {0:?}")]
    Packet(String),
    /// The JSON inside a packet is not what its type promises.
    #[error("bad JSON in a packet: {0:?}")]
    Json(String),
    /// A packet for a namespace that was never joined.
    #[error("packet for another namespace: {0:?}")]
    Namespace(String),
    /// A binary packet; Vigie's wire has none.
    #[error("binary packets are not part of this wire")]
    Binary,
}

/// Reads one text frame.
///
/// # Errors
/// [`DecodeError`] when the frame breaks the protocol.
pub(crate) fn decode(frame: &str) -> Result<EngineFrame<'_>, DecodeError> {
    let (kind, rest) = split_kind(frame).ok_or_else(|| DecodeError::Frame(excerpt(frame)))?;
    match kind {
        b'0' => json(rest).map(EngineFrame::Open),
        b'1' => Ok(EngineFrame::Close),
        b'2' => Ok(EngineFrame::Ping(rest)),
        b'3' | b'5' | b'6' => Ok(EngineFrame::Other),
        b'4' => decode_packet(rest).map(EngineFrame::Message),
        _ => Err(DecodeError::Frame(excerpt(frame))),
    }
}

fn decode_packet(packet: &str) -> Result<Packet<'_>, DecodeError> {
    let (kind, rest) = split_kind(packet).ok_or_else(|| DecodeError::Packet(excerpt(packet)))?;
    if matches!(kind, b'5' | b'6') {
        return Err(DecodeError::Binary);
    }
    let rest = main_namespace(rest)?;
    match kind {
        b'0' => Ok(Packet::Connect(json_or_null(rest)?)),
        b'1' => Ok(Packet::Disconnect),
        b'2' => Ok(Packet::Event {
            body: split_id(rest).1,
        }),
        b'3' => {
            let (id, body) = split_id(rest);
            let id = id.ok_or_else(|| DecodeError::Packet(excerpt(packet)))?;
            Ok(Packet::Ack {
                id,
                arguments: json(body)?,
            })
        }
        b'4' => Ok(Packet::ConnectError(json_or_null(rest)?)),
        _ => Err(DecodeError::Packet(excerpt(packet))),
    }
}

/// The name of an event without parsing what follows it: a busy connection skips
/// the events it does not listen to at the cost of their first few bytes.
pub(crate) fn event_name(body: &str) -> Result<String, DecodeError> {
    body.strip_prefix('[')
        .and_then(|after| {
            serde_json::Deserializer::from_str(after)
                .into_iter::<String>()
                .next()
        })
        .and_then(Result::ok)
        .ok_or_else(|| DecodeError::Json(excerpt(body)))
}

/// The arguments of an event, without its name.
pub(crate) fn event_arguments(body: &str) -> Result<Vec<Value>, DecodeError> {
    let mut all: Vec<Value> = json(body)?;
    if all.is_empty() {
        return Err(DecodeError::Json(excerpt(body)));
    }
    all.remove(0);
    Ok(all)
}

/// `40{auth}`: joins the main namespace.
pub(crate) fn encode_connect(auth: Option<&Value>) -> String {
    auth.map_or_else(|| "40".to_owned(), |auth| format!("40{auth}"))
}

/// `41`: leaves the main namespace, the clean goodbye.
pub(crate) const DISCONNECT: &str = "41";

/// `42[name, payload]`, with a number in between when an answer is wanted.
/// Without a payload the event has no argument.
pub(crate) fn encode_event(name: &str, payload: Option<&Value>, ack: Option<u64>) -> String {
    let id = ack.map(|id| id.to_string()).unwrap_or_default();
    let name = Value::from(name);
    payload.map_or_else(
        || format!("42{id}[{name}]"),
        |payload| format!("42{id}[{name},{payload}]"),
    )
}

/// `3…`: the answer to a ping, with its text.
pub(crate) fn encode_pong(text: &str) -> String {
    format!("3{text}")
}

fn split_kind(text: &str) -> Option<(u8, &str)> {
    let kind = *text.as_bytes().first()?;
    kind.is_ascii_digit().then(|| (kind, &text[1..]))
}

/// A packet may name its namespace (`/chat,…`); the main one may be spelled `/,`.
fn main_namespace(rest: &str) -> Result<&str, DecodeError> {
    if !rest.starts_with('/') {
        return Ok(rest);
    }
    rest.strip_prefix("/,")
        .or_else(|| (rest == "/").then_some(""))
        .ok_or_else(|| DecodeError::Namespace(excerpt(rest)))
}

fn split_id(rest: &str) -> (Option<u64>, &str) {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (id, body) = rest.split_at(digits);
    (id.parse().ok(), body)
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|_| DecodeError::Json(excerpt(text)))
}

fn json_or_null(text: &str) -> Result<Value, DecodeError> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    json(text)
}

/// Error texts show at most this many characters of what was received.
const EXCERPT: usize = 80;

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use serde_json::json;

    fn reads(frame: &str, expected: EngineFrame<'_>) {
        assert_eq!(decode(frame), Ok(expected), "{frame}");
    }

    fn refuses(frame: &str, expected: fn(String) -> DecodeError) {
        let error = decode(frame).unwrap_err();
        assert_eq!(
            std::mem::discriminant(&error),
            std::mem::discriminant(&expected(String::new())),
            "{frame}: {error}"
        );
    }

    #[test]
    fn engine_frames_are_read() {
        let handshake = Handshake {
            sid: "x1".to_owned(),
            ping_interval: 8000,
            ping_timeout: 9000,
        };
        reads(
            r#"0{"sid":"x1","upgrades":[],"pingInterval":8000,"pingTimeout":9000,"maxPayload":5}"#,
            EngineFrame::Open(handshake),
        );
        reads("1", EngineFrame::Close);
        reads("2", EngineFrame::Ping(""));
        reads("2probe", EngineFrame::Ping("probe"));
        reads("3", EngineFrame::Other);
        reads("6", EngineFrame::Other);
    }

    #[test]
    fn packets_are_read() {
        let check = |frame: &str, packet| reads(frame, EngineFrame::Message(packet));
        check(r#"40{"sid":"s"}"#, Packet::Connect(json!({ "sid": "s" })));
        check(r#"40/,{"sid":"s"}"#, Packet::Connect(json!({ "sid": "s" })));
        check("41", Packet::Disconnect);
        check("41/,", Packet::Disconnect);
        check(
            r#"42["a",{}]"#,
            Packet::Event {
                body: r#"["a",{}]"#,
            },
        );
        check(r#"4217["a"]"#, Packet::Event { body: r#"["a"]"# });
        check(
            r#"4312[true,"x"]"#,
            Packet::Ack {
                id: 12,
                arguments: vec![json!(true), json!("x")],
            },
        );
        check(
            r#"44{"message":"no"}"#,
            Packet::ConnectError(json!({ "message": "no" })),
        );
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        refuses("", DecodeError::Frame);
        refuses("x", DecodeError::Frame);
        refuses("é2", DecodeError::Frame);
        refuses("9", DecodeError::Frame);
        refuses("0{}", DecodeError::Json);
        refuses("4", DecodeError::Packet);
        refuses("49", DecodeError::Packet);
        refuses("43[]", DecodeError::Packet);
        refuses("431{", DecodeError::Json);
        refuses("42/chat,[\"a\"]", DecodeError::Namespace);
        refuses("451-[\"a\",{}]", |_| DecodeError::Binary);
    }

    #[test]
    fn an_event_is_named_before_its_payload_is_parsed() {
        assert_eq!(
            event_name(r#"["user:status",{"broken"#).unwrap(),
            "user:status"
        );
        assert_eq!(event_name(r#"["quo\"te"]"#).unwrap(), "quo\"te");
        for bad in ["", "[", "[]", "{}", "[1]", "null"] {
            assert!(event_name(bad).is_err(), "{bad}");
        }
        assert_eq!(
            event_arguments(r#"["a",1,"b"]"#).unwrap(),
            [json!(1), json!("b")]
        );
        assert_eq!(event_arguments(r#"["a"]"#).unwrap(), Vec::<Value>::new());
        assert!(event_arguments("[]").is_err());
    }

    #[test]
    fn what_we_write_is_what_the_protocol_says() {
        assert_eq!(encode_connect(None), "40");
        assert_eq!(
            encode_connect(Some(&json!({ "token": "t" }))),
            r#"40{"token":"t"}"#
        );
        assert_eq!(encode_event("a\"b", None, None), r#"42["a\"b"]"#);
        assert_eq!(
            encode_event("a", Some(&json!({ "b": 1 })), Some(7)),
            r#"427["a",{"b":1}]"#
        );
        assert_eq!(
            encode_event("a", Some(&Value::Null), None),
            r#"42["a",null]"#
        );
        assert_eq!(encode_pong("probe"), "3probe");
    }
}
