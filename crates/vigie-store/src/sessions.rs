//! The sessions of one principal as one compact value: 25 bytes for an open session, 33 for a lost one.
//!
//! Layout, integers big-endian: one byte of format, then per session its id (16), the last activity (8), flags (1),
//! and the last proof of life (8) when it was lost.
//! Always true: what is encoded decodes to the same sessions, and anything else is refused, never guessed.

use vigie_core::{SessionId, StoredSession, Wall};

/// The layout described above; a different one gets another number.
const FORMAT: u8 = 1;

const BACKGROUNDED: u8 = 1;
const LOST: u8 = 2;

/// Packs sessions; `None` when there is none.
pub(crate) fn encode(sessions: &[StoredSession]) -> Option<Vec<u8>> {
    if sessions.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(1 + sessions.len() * 33);
    bytes.push(FORMAT);
    for session in sessions {
        bytes.extend(session.id.0.to_be_bytes());
        bytes.extend(session.active_at.as_millis().to_be_bytes());
        let backgrounded = if session.backgrounded {
            BACKGROUNDED
        } else {
            0
        };
        let lost = if session.lost_alive_at.is_some() {
            LOST
        } else {
            0
        };
        bytes.push(backgrounded | lost);
        if let Some(alive_at) = session.lost_alive_at {
            bytes.extend(alive_at.as_millis().to_be_bytes());
        }
    }
    Some(bytes)
}

/// Unpacks what [`encode`] made; `None` when it is anything else.
pub(crate) fn decode(bytes: Option<&[u8]>) -> Option<Vec<StoredSession>> {
    let Some(bytes) = bytes else {
        return Some(Vec::new());
    };
    let (&FORMAT, mut rest) = bytes.split_first()? else {
        return None;
    };
    let mut sessions = Vec::with_capacity(rest.len() / 25);
    while !rest.is_empty() {
        let id = SessionId(u128::from_be_bytes(take(&mut rest)?));
        let active_at = wall(&mut rest)?;
        let [flags] = take(&mut rest)?;
        if flags & !(BACKGROUNDED | LOST) != 0 {
            return None;
        }
        let lost_alive_at = if flags & LOST == 0 {
            None
        } else {
            Some(wall(&mut rest)?)
        };
        sessions.push(StoredSession {
            id,
            active_at,
            backgrounded: flags & BACKGROUNDED != 0,
            lost_alive_at,
        });
    }
    Some(sessions)
}

/// Unpacks what [`encode`] made, written in hexadecimal digits; no digits are no sessions.
pub(crate) fn decode_hex(digits: &str) -> Option<Vec<StoredSession>> {
    if digits.is_empty() {
        return decode(None);
    }
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
    decode(Some(&bytes?))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn wall(rest: &mut &[u8]) -> Option<Wall> {
    take(rest).map(|bytes| Wall::from_millis(i64::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<StoredSession> {
        let session = |id, backgrounded, lost: Option<i64>| StoredSession {
            id: SessionId(id),
            active_at: Wall::from_millis(1_700_000_000_123),
            backgrounded,
            lost_alive_at: lost.map(Wall::from_millis),
        };
        vec![
            session(u128::MAX, false, None),
            session(0, true, None),
            session(7, true, Some(-1)),
        ]
    }

    #[test]
    fn sessions_come_back_as_they_went_in() {
        let sessions = three();
        assert_eq!(decode(encode(&sessions).as_deref()), Some(sessions));
        assert_eq!(encode(&[]), None);
        assert_eq!(decode(None), Some(Vec::new()));
    }

    #[test]
    fn hexadecimal_digits_are_unpacked_alike() {
        let digits =
            |bytes: Vec<u8>| -> String { bytes.iter().map(|byte| format!("{byte:02X}")).collect() };
        let packed = digits(encode(&three()).unwrap_or_default());
        assert_eq!(decode_hex(&packed), Some(three()));
        assert_eq!(decode_hex(""), Some(Vec::new()));
        assert_eq!(decode_hex("01x"), None);
    }

    #[test]
    fn anything_else_is_refused() {
        let whole = encode(&three()).unwrap_or_default();
        for length in 0..whole.len() {
            let complete = [1, 26, 51].contains(&length);
            assert_eq!(
                decode(Some(&whole[..length])).is_some(),
                complete,
                "{length}"
            );
        }
        let mut other_format = whole.clone();
        other_format[0] = 2;
        assert_eq!(decode(Some(&other_format)), None);
        let mut unknown_flag = whole;
        unknown_flag[25] |= 4;
        assert_eq!(decode(Some(&unknown_flag)), None);
    }
}
