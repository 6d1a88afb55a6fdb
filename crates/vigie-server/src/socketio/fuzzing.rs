//! Packets as anybody may send them, and what is read from the events in them.

use serde_json::{Value, json};
use vigie_core::{Id, Wall};

use super::attending::{
    Attendance, MAX_ASKED, MAX_METADATA_BYTES, Refused, id_texts, metadata, principal_id,
};
use super::authenticate::Wishes;
use super::codec::{self, Event, Malformed, Packet};
use super::events::{conversation_id, heartbeat_answer, join_error};
use crate::fanout::rooms::Metadata;
use crate::fuzzing::oracle::{is_id, is_time, without_fractions};
use crate::fuzzing::{Outcome, check_payload};

/// A packet, as engine.io delivers it.
pub(crate) fn read_packet(bytes: &[u8]) -> Outcome {
    read_packet_with(codec::parse, bytes)
}

fn read_packet_with(parse: impl Fn(&str) -> Result<Packet, Malformed>, bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let Ok(packet) = parse(text) else {
        return Outcome::Refused;
    };
    match &packet {
        Packet::Connect { auth } => check_auth(auth),
        Packet::Event(event) => {
            check_reading(text, event);
            check_event(event);
        }
        Packet::Elsewhere { namespace, .. } => check_refusal(namespace),
        Packet::Disconnect | Packet::Ack | Packet::Binary => {}
    }
    let again = parse(&spell(&packet));
    assert_eq!(again.map(comparable), Ok(comparable(packet)), "{text}");
    Outcome::Accepted
}

/// The packet as a client would have written it.
fn spell(packet: &Packet) -> String {
    match packet {
        Packet::Connect { auth } => format!("0{auth}"),
        Packet::Disconnect => "1".to_owned(),
        Packet::Event(event) => {
            let number = event.ack.map(|number| number.to_string());
            let arguments = json!([event.name, event.payload]);
            format!("2{}{arguments}", number.unwrap_or_default())
        }
        Packet::Ack => "3[]".to_owned(),
        Packet::Elsewhere {
            namespace,
            is_connect,
        } => format!("{}{namespace},", if *is_connect { 0 } else { 2 }),
        Packet::Binary => "5".to_owned(),
    }
}

fn comparable(packet: Packet) -> Packet {
    match packet {
        Packet::Connect { auth } => Packet::Connect {
            auth: without_fractions(&auth),
        },
        Packet::Event(event) => Packet::Event(Event {
            payload: without_fractions(&event.payload),
            size: 0,
            ..event
        }),
        Packet::Disconnect | Packet::Ack | Packet::Elsewhere { .. } | Packet::Binary => packet,
    }
}

fn check_auth(auth: &Value) {
    check_payload(auth);
    let wishes = Wishes::of(auth);
    if let Some(language) = &wishes.language {
        assert!(matches!(language.len(), 1..=35), "{language}");
    }
    if let Some(session) = wishes.resumes {
        let again = Wishes::of(&json!({"resume": format!("{:032x}", session.0)}));
        assert_eq!(again.resumes, Some(session));
    }
}

/// An event in the one namespace, read a second time: a number, then the name and the payload; what comes after is nobody's.
fn check_reading(text: &str, event: &Event) {
    let Some((number, _)) = text[1..]
        .split_once('[')
        .filter(|_| !text.starts_with("2/"))
    else {
        return;
    };
    let arguments: Value = serde_json::from_str(&text[1 + number.len()..]).unwrap_or_default();
    let payload = arguments.get(1).unwrap_or(&Value::Null);
    assert_eq!(
        (&arguments[0], payload),
        (&json!(event.name), &event.payload)
    );
    assert_eq!(number.trim().parse().ok(), event.ack);
}

fn check_event(event: &Event) {
    check_auth(&event.payload);
    let id = conversation_id(&event.payload);
    let named = event
        .payload
        .get("conversationId")
        .unwrap_or(&event.payload);
    match &id {
        Some(id) => assert!(is_id(id.as_str()) && named == id.as_str()),
        None => assert!(!named.as_str().is_some_and(is_id)),
    }
    check_join_error(&event.payload, id.as_ref());
    check_attending(&event.payload);
    let now = Wall::from_millis(1_700_000_000_000);
    let answer = heartbeat_answer(&event.payload, now);
    assert!(answer["serverTime"].as_str().is_some_and(is_time));
    let hint = answer.get("latencyHintMs");
    assert!(hint.is_none_or(|hint| hint.as_i64().is_some_and(|hint| hint >= 0)));
    if let Some(number) = event.ack {
        assert!(number < 1_000_000_000_000, "{number}");
        let frame = codec::acknowledgement(number, &answer).into_text();
        let rest = frame.strip_prefix(&format!("3{number}"));
        let arguments = rest.and_then(|rest| serde_json::from_str(rest).ok());
        assert_eq!(arguments, Some(json!([answer])));
    }
}

/// Metadata is an object and small, and the ids that are taken from a list read as the same.
fn check_attending(payload: &Value) {
    let given = payload.get("metadata");
    match metadata(payload) {
        Ok(Metadata::Given(text)) => {
            assert!(text.len() <= MAX_METADATA_BYTES, "{text}");
            let again: Value = serde_json::from_str(&text).unwrap_or_default();
            assert!(again.is_object());
            assert_eq!(
                Some(without_fractions(&again)),
                given.map(without_fractions)
            );
        }
        Ok(Metadata::Removed) => assert_eq!(given, Some(&Value::Null)),
        Ok(Metadata::Unchanged) => assert_eq!(given, None),
        Err(Refused::Size) => assert!(given.is_some_and(Value::is_object)),
        Err(Refused::Shape) => assert!(given.is_some_and(|given| !given.is_object())),
    }
    let wants = Attendance::of(payload).is_ok_and(|attendance| attendance.shows_presence);
    assert!(!wants || payload["presence"] == true);
    let Ok(texts) = id_texts(payload, MAX_ASKED) else {
        return;
    };
    assert!(texts.len() <= MAX_ASKED);
    for text in texts {
        if let Some(id) = principal_id(text) {
            assert!(is_id(id.as_str()), "{text}");
            assert_eq!(principal_id(&id.to_string()), Some(id));
        }
    }
}

/// The refusal of a join is an event of its own, and says no id but a right one.
fn check_join_error(payload: &Value, id: Option<&Id>) {
    let frame = join_error(payload, "not_a_member").into_text();
    let Ok(Packet::Event(told)) = codec::parse(&frame) else {
        panic!("{} is no event", frame.as_str());
    };
    assert_eq!(told.name, "conversation:join-error");
    assert_eq!(told.payload["conversationId"], json!(id.map(Id::as_str)));
}

/// The refusal of a namespace names it, and nothing that stands behind it.
fn check_refusal(namespace: &str) {
    assert!(
        namespace.starts_with('/') && namespace != "/",
        "{namespace}"
    );
    for is_old_client in [false, true] {
        let frame = codec::no_such_namespace(namespace, is_old_client).into_text();
        let rest = frame
            .strip_prefix('4')
            .and_then(|rest| rest.strip_prefix(namespace));
        let reason = rest.and_then(|rest| rest.strip_prefix(','));
        let reason = reason.and_then(|reason| serde_json::from_str::<Value>(reason).ok());
        assert!(reason.is_some(), "{}", frame.as_str());
        // A client takes what stands before the first comma, and without a query.
        assert!(!namespace.contains([',', '?']), "{namespace}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::Decoder;
    use crate::fuzzing::corpus::shows_the_mistake_of;

    fn is_shown(parse: impl Fn(&str) -> Result<Packet, Malformed>) {
        shows_the_mistake_of(Decoder::Packet, |bytes| read_packet_with(&parse, bytes));
    }

    /// Events with a mistake; everything else as it is.
    fn with_events(bend: impl Fn(&str, Event) -> Event) {
        is_shown(|text| match codec::parse(text) {
            Ok(Packet::Event(event)) => Ok(Packet::Event(bend(text, event))),
            other => other,
        });
    }

    #[test]
    fn a_codec_that_cuts_numbers_is_found() {
        with_events(|_, event| Event {
            ack: event.ack.map(|number| number % (1 << 16)),
            ..event
        });
    }

    #[test]
    fn a_codec_that_takes_the_last_argument_for_the_payload_is_found() {
        with_events(|text, event| {
            let arguments = text
                .find('[')
                .map(|start| serde_json::from_str(&text[start..]));
            match arguments {
                Some(Ok(Value::Array(mut arguments))) if arguments.len() > 2 => Event {
                    payload: arguments.pop().unwrap_or_default(),
                    ..event
                },
                _ => event,
            }
        });
    }

    #[test]
    fn a_codec_that_keeps_the_query_of_a_namespace_is_found() {
        is_shown(|text| match codec::parse(text) {
            Ok(Packet::Elsewhere { is_connect, .. }) => Ok(Packet::Elsewhere {
                namespace: text[1..].trim_end_matches(',').to_owned(),
                is_connect,
            }),
            other => other,
        });
    }
}
