//! Acknowledgements: clients that ask for one get the answer that also comes as an event.

use serde_json::Value;

use crate::fanout::Connection;

use super::codec::{self, Event};

/// Acknowledges an event, if its client asked for that.
pub(super) fn acknowledge(connection: &Connection, event: &Event, payload: &Value) {
    if let Some(number) = event.ack {
        connection.emit(codec::acknowledgement(number, payload));
    }
}
