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

/// The same for the cursors of services.
const SERVICE_FORMAT: u8 = 2;

/// The owner of cursors of services; no id of a person has this form.
const SERVICE: &str = "service";

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

/// Where a service stands, which may know of everybody and rests on no relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServiceCursor {
    /// The start of the server that gave it; 0 for one that stands before everything.
    pub(crate) start: u64,
    /// News of that start before this number are held.
    pub(crate) number: Number,
    /// No change that is not held happened before this instant.
    pub(crate) at: Wall,
    /// How far what was missed has been given, when it did not fit into one answer.
    pub(crate) walk: Option<UnfinishedWalk>,
}

/// A walk over everybody, half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnfinishedWalk {
    /// The start in which it began: people are numbered anew in the next one.
    pub(crate) start: u64,
    /// The number of the first person that it has not come to.
    pub(crate) next: u32,
    /// What is held once it is over.
    pub(crate) goal_number: Number,
    /// No later change will be held than of this instant.
    pub(crate) goal_at: Wall,
}

impl Default for UnfinishedWalk {
    fn default() -> Self {
        Self {
            start: 0,
            next: 0,
            goal_number: Number::default(),
            goal_at: Wall::from_millis(0),
        }
    }
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
        let fields = [
            cursor.start,
            cursor.number.as_u64(),
            cursor.at.as_millis().cast_unsigned(),
            cursor.stamped_at.as_millis().cast_unsigned(),
            cursor.relations,
        ];
        self.seal_fields(FORMAT, fields, &whose.to_string())
    }

    /// Reads a cursor that this key sealed for `whose`.
    pub(crate) fn open(&self, text: &str, whose: &PrincipalId) -> Option<Cursor> {
        let [start, number, at, stamped_at, relations] =
            self.open_fields(FORMAT, text, &whose.to_string())?;
        Some(Cursor {
            start,
            number: Number::from_u64(number),
            at: Wall::from_millis(at.cast_signed()),
            stamped_at: Wall::from_millis(stamped_at.cast_signed()),
            relations,
        })
    }

    /// The text of a cursor for services; empty as that of [`Self::seal`].
    pub(crate) fn seal_for_service(&self, cursor: &ServiceCursor) -> String {
        let walk = cursor.walk.unwrap_or_default();
        let fields = [
            cursor.start,
            cursor.number.as_u64(),
            cursor.at.as_millis().cast_unsigned(),
            u64::from(cursor.walk.is_some()),
            walk.start,
            u64::from(walk.next),
            walk.goal_number.as_u64(),
            walk.goal_at.as_millis().cast_unsigned(),
        ];
        self.seal_fields(SERVICE_FORMAT, fields, SERVICE)
    }

    /// Reads a cursor that this key sealed for services.
    pub(crate) fn open_of_service(&self, text: &str) -> Option<ServiceCursor> {
        let [
            start,
            number,
            at,
            walks,
            walk_start,
            next,
            goal_number,
            goal_at,
        ] = self.open_fields(SERVICE_FORMAT, text, SERVICE)?;
        let walk = UnfinishedWalk {
            start: walk_start,
            next: u32::try_from(next).ok()?,
            goal_number: Number::from_u64(goal_number),
            goal_at: Wall::from_millis(goal_at.cast_signed()),
        };
        Some(ServiceCursor {
            start,
            number: Number::from_u64(number),
            at: Wall::from_millis(at.cast_signed()),
            walk: (walks == 1).then_some(walk),
        })
    }

    fn seal_fields<const N: usize>(&self, format: u8, fields: [u64; N], whose: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        if getrandom::fill(&mut nonce).is_err() {
            return String::new();
        }
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain_bytes(N) + TAG_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.push(format);
        for field in fields {
            sealed.extend_from_slice(&field.to_be_bytes());
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag =
            self.key
                .seal_in_place_separate_tag(nonce, Aad::from(whose), &mut sealed[NONCE_LEN..]);
        let Ok(tag) = tag else {
            return String::new();
        };
        sealed.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    fn open_fields<const N: usize>(&self, format: u8, text: &str, whose: &str) -> Option<[u64; N]> {
        // Whatever is longer is not worth decoding.
        let length = base64::encoded_len(NONCE_LEN + plain_bytes(N) + TAG_BYTES, false)?;
        if text.len() != length {
            return None;
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed[..NONCE_LEN]).ok()?;
        let opened = self
            .key
            .open_in_place(nonce, Aad::from(whose), &mut sealed[NONCE_LEN..])
            .ok()?;
        let (found, fields) = opened.split_first()?;
        let fields = fields.as_chunks::<8>().0;
        let fields: [[u8; 8]; N] = fields.try_into().ok()?;
        (*found == format).then(|| fields.map(u64::from_be_bytes))
    }
}

/// The format, and so many numbers.
const fn plain_bytes(fields: usize) -> usize {
    1 + fields * 8
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
    fn a_cursor_of_services_opens_as_nobody_elses() {
        let seals = Seals::new(&[1; 32]).unwrap();
        let at = ServiceCursor {
            start: 9,
            number: Number::from_u64(7),
            at: Wall::from_millis(1_700_000_000_123),
            walk: None,
        };
        let walking = ServiceCursor {
            walk: Some(UnfinishedWalk {
                start: 9,
                next: u32::MAX,
                goal_number: Number::from_u64(8),
                goal_at: Wall::from_millis(1_700_000_000_456),
            }),
            ..at
        };
        for cursor in [at, walking] {
            let text = seals.seal_for_service(&cursor);
            assert_eq!(seals.open_of_service(&text), Some(cursor));
            let service = PrincipalId::user("service").unwrap();
            assert_eq!(seals.open(&text, &service), None);
            let theirs = seals.seal(&self::cursor(), &service);
            assert_eq!(seals.open_of_service(&theirs), None);
        }
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
