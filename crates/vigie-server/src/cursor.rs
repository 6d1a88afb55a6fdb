//! Cursors: positions as a client keeps them, sealed, so that they say nothing and cannot be made up.
//!
//! In: where a client stands, and whose client it is. Out: a text of always the same length.
//! Always true: two cursors of one position differ, and one that was changed, cut, or given to somebody else does not open.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vigie_core::{PrincipalId, Wall};

use crate::engine_host::Number;

/// How the fields are laid out; whoever finds another one gives a snapshot.
const FORMAT: u8 = 1;

/// The format, and five numbers.
const BYTES: usize = 1 + 5 * 8;

/// What AES-GCM-SIV adds to prove that nothing was changed.
const TAG_BYTES: usize = 16;

/// Where a client stands: it holds everything up to here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The start of the server that gave it.
    pub(crate) start: u64,
    /// News of that start before this number are held.
    pub(crate) number: Number,
    /// No change that is not held happened before this instant.
    pub(crate) at: Wall,
    /// Whoever's turn to be given fresh times came before this instant has them.
    pub(crate) stamped_at: Wall,
    /// A fingerprint of the relations that the client's view rests on; 0 when they changed since it was taken.
    pub(crate) relations: u64,
}

/// Seals and opens cursors.
///
/// The cipher forgives a nonce that is drawn twice: then two equal positions look equal, and nothing else is given away.
#[derive(Debug)]
pub(crate) struct Seals {
    key: LessSafeKey,
}

impl Seals {
    /// Seals with a key that all starts on one database share; `None` when the cipher refuses it.
    pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key).ok()?;
        Some(Self {
            key: LessSafeKey::new(key),
        })
    }

    /// The text of a cursor for a client of `whose`.
    ///
    /// Empty when the system gives no random numbers; nobody opens that, so its client gets a snapshot.
    pub(crate) fn seal(&self, cursor: &Cursor, whose: &PrincipalId) -> String {
        let mut nonce = [0; NONCE_LEN];
        if getrandom::fill(&mut nonce).is_err() {
            return String::new();
        }
        let mut sealed = Vec::with_capacity(NONCE_LEN + BYTES + TAG_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&cursor.start.to_be_bytes());
        sealed.extend_from_slice(&cursor.number.as_u64().to_be_bytes());
        sealed.extend_from_slice(&cursor.at.as_millis().to_be_bytes());
        sealed.extend_from_slice(&cursor.stamped_at.as_millis().to_be_bytes());
        sealed.extend_from_slice(&cursor.relations.to_be_bytes());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.key.seal_in_place_separate_tag(
            nonce,
            Aad::from(whose.to_string()),
            &mut sealed[NONCE_LEN..],
        );
        let Ok(tag) = tag else {
            return String::new();
        };
        sealed.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Reads a cursor that this key sealed for `whose`.
    pub(crate) fn open(&self, text: &str, whose: &PrincipalId) -> Option<Cursor> {
        // Whatever is longer is not worth decoding.
        let length = base64::encoded_len(NONCE_LEN + BYTES + TAG_BYTES, false)?;
        if text.len() != length {
            return None;
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed[..NONCE_LEN]).ok()?;
        let aad = Aad::from(whose.to_string());
        let opened = self
            .key
            .open_in_place(nonce, aad, &mut sealed[NONCE_LEN..])
            .ok()?;
        let (format, fields) = opened.split_first()?;
        let mut fields = fields
            .as_chunks::<8>()
            .0
            .iter()
            .map(|field| u64::from_be_bytes(*field));
        let cursor = Cursor {
            start: fields.next()?,
            number: Number::from_u64(fields.next()?),
            at: Wall::from_millis(fields.next()?.cast_signed()),
            stamped_at: Wall::from_millis(fields.next()?.cast_signed()),
            relations: fields.next()?,
        };
        (*format == FORMAT).then_some(cursor)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn cursor() -> Cursor {
        Cursor {
            start: u64::MAX,
            number: Number::from_u64(7),
            at: Wall::from_millis(1_700_000_000_123),
            stamped_at: Wall::from_millis(1_600_000_000_000),
            relations: 99,
        }
    }

    #[test]
    fn a_cursor_opens_for_its_owner_alone_and_under_its_key_alone() {
        let (seals, others) = (Seals::new(&[1; 32]).unwrap(), Seals::new(&[2; 32]).unwrap());
        let (alice, bob) = (
            PrincipalId::user("alice").unwrap(),
            PrincipalId::user("bob").unwrap(),
        );
        let text = seals.seal(&cursor(), &alice);
        assert_eq!(seals.open(&text, &alice), Some(cursor()));
        assert_eq!(seals.open(&text, &bob), None);
        assert_eq!(others.open(&text, &alice), None);
        assert_ne!(seals.seal(&cursor(), &alice), text);
        assert_eq!(
            seals
                .seal(
                    &Cursor {
                        number: Number::default(),
                        ..cursor()
                    },
                    &alice
                )
                .len(),
            text.len()
        );
    }

    #[test]
    fn a_cursor_that_was_changed_anywhere_or_cut_does_not_open() {
        let seals = Seals::new(&[1; 32]).unwrap();
        let alice = PrincipalId::user("alice").unwrap();
        let text = seals.seal(&cursor(), &alice);
        for place in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last letter carries bits that mean nothing; then it is refused as no base64, too.
            assert_eq!(seals.open(&forged, &alice), None, "at {place}");
            assert_eq!(seals.open(&text[..place], &alice), None, "cut at {place}");
        }
        for odd in [
            "",
            "é",
            "null",
            &"A".repeat(text.len()),
            &"=".repeat(text.len()),
        ] {
            assert_eq!(seals.open(odd, &alice), None, "{odd}");
        }
    }
}
