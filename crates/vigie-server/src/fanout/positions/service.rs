//! Where services stand: they may know of everybody, so no relations matter, and what they missed is found by a walk.
//!
//! Always true: after a crash, and of a start that nobody knows, they missed everybody.

use vigie_core::Version;

use super::{Positions, SLACK, version_at};
use crate::cursor::ServiceCursor;
use crate::engine_host::Number;

/// Whom a service has missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fanout) enum Since {
    /// Whoever changed in this start from this number on.
    Number(Number),
    /// Whoever changed in this start, or has this version or a later one.
    Version(Version),
    /// Everybody.
    Ever,
}

impl Positions {
    /// Which start this is, as cursors name it.
    pub(in crate::fanout) fn this_start(&self) -> u64 {
        self.this
    }

    /// A cursor for services.
    pub(in crate::fanout) fn service_cursor(&self, cursor: &ServiceCursor) -> String {
        self.seals.seal_for_service(cursor)
    }

    /// What a service comes with.
    pub(in crate::fanout) fn open_of_service(&self, text: &str) -> Option<ServiceCursor> {
        self.seals.open_of_service(text)
    }

    /// Whom a service has missed that stands there; everybody after a crash, and when its start is not known.
    ///
    /// How old the cursor is does not matter: states are kept, and so are the latest starts.
    pub(in crate::fanout) fn missed_by_service(&self, cursor: &ServiceCursor) -> Since {
        if cursor.start == self.this {
            return Since::Number(cursor.number);
        }
        let start = self.earlier.iter().find(|start| start.id == cursor.start);
        let earliest = cursor.at - SLACK;
        // It may have been told of changes by later starts without a cursor of theirs: none of them may have crashed.
        let is_of_use = start.is_some_and(|start| {
            start.is_unbroken && cursor.at <= start.ended_at && earliest <= start.followed_at
        });
        if is_of_use {
            Since::Version(version_at(earliest))
        } else {
            Since::Ever
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use vigie_core::Wall;
    use vigie_store::Start;

    use super::*;
    use crate::config::Periods;
    use crate::cursor::Seals;
    use crate::fanout::positions::identity;

    fn at(seconds: i64) -> Wall {
        Wall::from_millis(1_700_000_000_000 + seconds * 1_000)
    }

    #[test]
    fn a_service_misses_everybody_after_any_crash_since_its_cursor() {
        let check = |starts: &[Start], expected: bool| {
            let seals = Seals::new(&[7; 32]).unwrap();
            let positions = Positions::new(seals, starts, &Periods::default(), at(900));
            let cursor = ServiceCursor {
                start: identity(&starts[0]),
                number: Number::from_u64(4),
                at: at(80),
                walk: None,
            };
            let missed = positions.missed_by_service(&cursor);
            assert_eq!(missed == Since::Version(version_at(at(70))), expected);
            assert_eq!(missed == Since::Ever, !expected);
        };
        let start = |number, started_at, ended_at: Option<i64>| Start {
            number,
            started_at: at(started_at),
            ended_at: ended_at.map(at),
        };
        let (first, third) = (start(1, 0, Some(90)), start(3, 200, None));
        check(&[first, start(2, 100, Some(190)), third], true);
        check(&[first, third], true);
        check(&[first, start(2, 100, None), third], false);
        check(&[start(1, 0, None), third], false);
        check(&[start(1, 0, Some(79)), third], false);
    }
}
