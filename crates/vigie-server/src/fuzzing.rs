//! What a fuzzer may throw at this crate: every decoder of bytes that strangers send, behind one function.
//!
//! In: bytes, of which the first names the decoder; out: whether it took the rest.
//! Always true: whatever is accepted obeys the wire contract, and reads as the same when it is said again; everything else is refused, and nothing panics.
//! The checks stand beside the decoders that they check; they are compiled for tests and for the fuzzer only.

#[cfg(test)]
pub(crate) mod corpus;
mod credentials;
mod cursors;
pub(crate) mod oracle;
mod tokens;

pub(crate) use credentials::check_payload;

use crate::{config, rest, socketio};

/// Who reads a stranger's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decoder {
    /// A Socket.IO packet, and the event, connect payload and credentials in it.
    Packet,
    /// The credentials in the headers of a request.
    Request,
    /// The credentials in the handshake of a socket: headers, query, `auth`.
    Handshake,
    /// A JWT, as it is sent.
    Token,
    /// A JWT that is signed as it should be, whatever it says.
    SignedToken,
    /// An id, alone or in a path.
    Id,
    /// The list of ids in a query.
    Query,
    /// A JSON body, of each route that takes one.
    Body,
    /// A time.
    Time,
    /// A value of a setting.
    Setting,
    /// A cursor that a client comes back with.
    Cursor,
    /// A message on a WebSocket.
    Message,
}

/// Bytes from here on name the decoders that came later, so that all smaller ones go on to name those that they named.
const LATER: u8 = 254;

impl Decoder {
    /// All of them, in the order of the bytes that name them first.
    pub const ALL: [Self; 12] = [
        Self::Packet,
        Self::Request,
        Self::Handshake,
        Self::Token,
        Self::SignedToken,
        Self::Id,
        Self::Query,
        Self::Body,
        Self::Time,
        Self::Setting,
        Self::Message,
        Self::Cursor,
    ];

    /// Those that came first, and share the bytes below [`LATER`].
    const FIRST: usize = 10;

    /// The one that a byte names.
    #[must_use]
    pub fn named_by(byte: u8) -> Self {
        let place = match byte.checked_sub(LATER) {
            Some(later) => Self::FIRST + usize::from(later),
            None => usize::from(byte) % Self::FIRST,
        };
        Self::ALL[place]
    }
}

/// What a decoder made of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// They mean something.
    Accepted,
    /// They mean nothing.
    Refused,
}

impl Outcome {
    pub(crate) const fn of(is_accepted: bool) -> Self {
        if is_accepted {
            Self::Accepted
        } else {
            Self::Refused
        }
    }
}

/// Gives bytes to the decoder that the first of them names, and checks what comes of it.
///
/// # Panics
/// When a decoder accepts what the contract forbids, or does not read again what it said.
pub fn inbound(bytes: &[u8]) -> Option<(Decoder, Outcome)> {
    let (first, rest) = bytes.split_first()?;
    let decoder = Decoder::named_by(*first);
    let outcome = match decoder {
        Decoder::Packet => socketio::fuzzing::read_packet(rest),
        Decoder::Request => credentials::read_request(rest),
        Decoder::Handshake => credentials::read_handshake(rest),
        Decoder::Token => tokens::read_token(rest),
        Decoder::SignedToken => tokens::read_signed(rest),
        Decoder::Id => rest::fuzzing::read_id(rest),
        Decoder::Query => rest::fuzzing::read_query(rest),
        Decoder::Body => rest::fuzzing::read_body(rest),
        Decoder::Time => rest::fuzzing::read_time(rest),
        Decoder::Setting => config::fuzzing::read_setting(rest),
        Decoder::Cursor => cursors::read_cursor(rest),
        Decoder::Message => rest::fuzzing::read_message(rest),
    };
    Some((decoder, outcome))
}

/// The first line of some bytes, and what comes after it.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let line = end.map_or(bytes, |end| &bytes[..end]);
    (line, end.map_or(&[], |end| &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_corpus_is_read_as_the_contract_demands_and_reaches_every_decoder_both_ways() {
        let reached: BTreeSet<_> = corpus::inputs()
            .filter_map(|bytes| inbound(&bytes))
            .collect();
        let unreached: Vec<_> = Decoder::ALL
            .into_iter()
            .flat_map(|decoder| [(decoder, Outcome::Accepted), (decoder, Outcome::Refused)])
            // Nobody can make a signature by chance.
            .filter(|pair| *pair != (Decoder::Token, Outcome::Accepted))
            .filter(|pair| !reached.contains(pair))
            .collect();
        assert_eq!(unreached, []);
    }
}
