//! Acknowledgements: clients that ask for one get the answer that also comes as an event.

use engineioxide::Socket;
use serde_json::{Value, json};

use crate::fanout::Connection;

use super::codec::{self, Event};
use super::handler::Handler;
use super::seat::Seat;

/// Acknowledges an event, if its client asked for that.
pub(super) fn acknowledge(connection: &Connection, event: &Event, payload: &Value) {
    if let Some(number) = event.ack {
        connection.emit(codec::acknowledgement(number, payload));
    }
}

impl Handler {
    /// The same to a socket that may be nobody's: why the event was refused.
    pub(super) fn acknowledge_refusal(&self, event: &Event, error: &str, socket: &Socket<Seat>) {
        if let Some(number) = event.ack {
            let failure = json!({"success": false, "error": error});
            self.answer(socket, codec::acknowledgement(number, &failure));
        }
    }
}
