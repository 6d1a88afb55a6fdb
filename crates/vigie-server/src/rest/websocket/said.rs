//! What a client says on a WebSocket.
//!
//! In: the text of a message. Out: what it asks for; `None` of whatever means nothing here, which is ignored and counted.

use serde::Deserialize;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// What it missed since a cursor, or everyone anew.
    Resume { since: Option<String> },
    /// To follow these people outside its conversations.
    Watch(Vec<String>),
    /// To follow them no more.
    Unwatch(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct Message {
    event: String,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Debug, Deserialize, Default)]
struct Data {
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    ids: Vec<String>,
}

impl Said {
    /// Reads a message.
    pub(super) fn read(text: &str) -> Option<Self> {
        let message: Message = serde_json::from_str(text).ok()?;
        let Data { since, ids } = message.data.unwrap_or_default();
        match message.event.as_str() {
            "resume" => Some(Self::Resume { since }),
            "watch" => Some(Self::Watch(ids)),
            "unwatch" => Some(Self::Unwatch(ids)),
            _ => None,
        }
    }
}
