//! Cursors as anybody may make them up, and as a server sealed them.

use std::sync::LazyLock;

use vigie_core::PrincipalId;

use super::Outcome;
use crate::cursor::{Cursor, Seals};

/// The key of the cursors in the corpus.
const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

static SEALS: LazyLock<Option<Seals>> = LazyLock::new(|| Seals::new(&KEY));

/// A cursor as a client sends it, to the person `alice` and to services.
pub(super) fn read_cursor(bytes: &[u8]) -> Outcome {
    read_cursor_with(Seals::open, bytes)
}

fn read_cursor_with(
    open: impl Fn(&Seals, &str, &PrincipalId) -> Option<Cursor>,
    bytes: &[u8],
) -> Outcome {
    let alice = PrincipalId::user("alice");
    let bob = PrincipalId::user("bob");
    let (Some(seals), Ok(alice), Ok(bob)) = (&*SEALS, alice, bob) else {
        return Outcome::Refused;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let (own, of_service) = (open(seals, text, &alice), seals.open_of_service(text));
    assert!(own.is_none() || of_service.is_none(), "{text}");
    assert_eq!(open(seals, text, &bob), None, "it is of somebody else");
    if let Some(cursor) = &own {
        let again = seals.seal(cursor, &alice);
        assert_eq!(again.len(), text.len());
        assert_eq!(open(seals, &again, &alice).as_ref(), Some(cursor));
    }
    if let Some(cursor) = &of_service {
        let again = seals.seal_for_service(cursor);
        assert_eq!(again.len(), text.len());
        assert_eq!(seals.open_of_service(&again).as_ref(), Some(cursor));
    }
    Outcome::of(own.is_some() || of_service.is_some())
}

#[cfg(test)]
mod tests {
    use vigie_core::Wall;

    use super::*;
    use crate::fuzzing::Decoder;
    use crate::fuzzing::corpus::shows_the_mistake_of;

    #[test]
    fn cursors_that_open_for_anybody_are_found() {
        let open = |seals: &Seals, text: &str, _: &PrincipalId| {
            let alice = PrincipalId::user("alice").ok()?;
            seals.open(text, &alice)
        };
        shows_the_mistake_of(Decoder::Cursor, |bytes| read_cursor_with(open, bytes));
    }

    #[test]
    fn cursors_that_move_when_they_are_opened_are_found() {
        let open = |seals: &Seals, text: &str, whose: &PrincipalId| {
            let cursor = seals.open(text, whose)?;
            let at = Wall::from_millis(cursor.at.as_millis() + 1);
            Some(Cursor { at, ..cursor })
        };
        shows_the_mistake_of(Decoder::Cursor, |bytes| read_cursor_with(open, bytes));
    }
}
