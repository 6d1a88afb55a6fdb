//! What a client says of the conversations it has open: whether it wants to see who is there, what its device is, and whom it looks for.
//!
//! In: payloads as anybody may send them. Out: what they mean, or the code of the refusal.

use serde_json::{Value, json};
use vigie_core::{PrincipalId, PrincipalKey};

use crate::fanout::rooms::Metadata;
use crate::limits::Limit;

use super::acknowledge::acknowledge;
use super::codec::Event;
use super::handler::Handler;
use super::seat::Seated;

/// What a device may say of itself, in bytes of JSON; every viewer is sent it.
pub(super) const MAX_METADATA_BYTES: usize = 1_024;

/// Members that a viewer of a large conversation may ask for: as many as a screen and what is scrolled past.
pub(super) const MAX_ASKED: usize = 200;

/// Why a payload was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not what the event takes.
    Shape,
    /// There is too much of it.
    Size,
}

impl Refused {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Shape | Self::Size => "invalid_payload",
        }
    }
}

/// What a join asks for beside the join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attendance {
    /// To be told who is there.
    pub(super) shows_presence: bool,
    pub(super) metadata: Metadata,
}

impl Attendance {
    pub(super) fn of(payload: &Value) -> Result<Self, Refused> {
        Ok(Self {
            shows_presence: payload.get("presence") == Some(&Value::Bool(true)),
            metadata: metadata(payload)?,
        })
    }
}

/// The metadata in a payload: an object, null for none, left out to leave it as it was.
pub(super) fn metadata(payload: &Value) -> Result<Metadata, Refused> {
    match payload.get("metadata") {
        None => Ok(Metadata::Unchanged),
        Some(Value::Null) => Ok(Metadata::Removed),
        Some(object @ Value::Object(_)) => {
            let text = object.to_string();
            if text.len() > MAX_METADATA_BYTES {
                return Err(Refused::Size);
            }
            Ok(Metadata::Given(text.into()))
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Refused::Shape)
        }
    }
}

/// The list of ids in a payload, as text and not yet read, at most `most`.
pub(super) fn id_texts(payload: &Value, most: usize) -> Result<Vec<&str>, Refused> {
    let ids = payload.get("ids").and_then(Value::as_array);
    let ids = ids.ok_or(Refused::Shape)?;
    if ids.len() > most {
        return Err(Refused::Size);
    }
    let texts = ids.iter().map(Value::as_str);
    texts.collect::<Option<_>>().ok_or(Refused::Shape)
}

/// A typed id, or the id of `userId`, whose prefix tells a guest.
pub(crate) fn principal_id(text: &str) -> Option<PrincipalId> {
    text.parse().or_else(|_| PrincipalId::from_wire(text)).ok()
}

impl Handler {
    /// `conversation:metadata`: what a device says of itself in a conversation that it has open.
    pub(super) fn change_metadata(&self, event: &Event, seated: &Seated) {
        let outcome = metadata(&event.payload)
            .map_err(|refused| self.refuse_payload(refused))
            .and_then(|metadata| {
                let conversation = self.conversation_of(event, seated)?;
                let connection = &seated.connection;
                if !connection.joined().contains(&conversation) {
                    return Err("not_joined");
                }
                self.app
                    .fanout
                    .attend(connection, conversation, metadata, false);
                Ok(())
            });
        settle(event, seated, outcome);
    }

    /// `conversation:window`: whom a viewer of a large conversation looks for.
    pub(super) fn change_window(&self, event: &Event, seated: &Seated) {
        let outcome = id_texts(&event.payload, MAX_ASKED)
            .map_err(|refused| self.refuse_payload(refused))
            .and_then(|texts| {
                let conversation = self.conversation_of(event, seated)?;
                let asked: Vec<PrincipalKey> = {
                    let directory = self.app.people.directory();
                    let ids = texts.into_iter().filter_map(principal_id);
                    ids.filter_map(|id| directory.key(&id)).collect()
                };
                self.app
                    .fanout
                    .ask_for(&seated.connection, conversation, asked);
                Ok(())
            });
        settle(event, seated, outcome);
    }

    /// `presence:watch` and `presence:unwatch`: people outside one's conversations.
    pub(super) fn change_watched(&self, event: &Event, seated: &Seated) {
        // As many as a message holds: what is beyond the list is refused one by one.
        let outcome = id_texts(&event.payload, usize::MAX)
            .map_err(|refused| self.refuse_payload(refused))
            .map(|ids| {
                let (fanout, connection) = (&self.app.fanout, &seated.connection);
                if event.name == "presence:watch" {
                    fanout.watch(connection, &ids);
                } else {
                    fanout.unwatch(connection, &ids);
                }
            });
        settle(event, seated, outcome);
    }

    /// Counts a refusal for its size; the code of the refusal.
    pub(super) fn refuse_payload(&self, refused: Refused) -> &'static str {
        match refused {
            Refused::Size => self.app.metrics.limits.note(Limit::RoomPayload),
            Refused::Shape => {}
        }
        refused.code()
    }
}

fn settle(event: &Event, seated: &Seated, outcome: Result<(), &'static str>) {
    let answer = match outcome {
        Ok(()) => json!({"success": true}),
        Err(code) => json!({"success": false, "error": code}),
    };
    acknowledge(&seated.connection, event, &answer);
}
