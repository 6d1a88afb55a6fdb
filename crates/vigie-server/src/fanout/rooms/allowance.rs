//! How many conversations one socket may look at with presence, and how often it may have one listed.
//!
//! Always true: a view takes memory with every member that it lists, and a listing a walk over them; both are bounded for each socket.

use std::collections::BTreeSet;
use std::time::Duration;

use vigie_core::{ConversationKey, Mono};

/// Listings of one socket within [`SPAN`]: as many as a client opens at a start, and few enough that none keeps the server busy by opening again and again.
const LISTINGS: u32 = 32;

const SPAN: Duration = Duration::from_secs(1);

/// What one socket has open and has asked for.
#[derive(Debug, Default)]
pub(in crate::fanout) struct Allowance {
    open: BTreeSet<ConversationKey>,
    span: Option<(Mono, u32)>,
}

impl Allowance {
    /// A view is opened or wanted anew; `false`, and nothing, when it is too many or too soon.
    pub(super) fn take(&mut self, conversation: ConversationKey, most: usize, now: Mono) -> bool {
        let is_new = !self.open.contains(&conversation);
        if is_new && self.open.len() >= most {
            return false;
        }
        let (began, listings) = self
            .span
            .filter(|(began, _)| now < *began + SPAN)
            .unwrap_or((now, 0));
        if listings >= LISTINGS {
            return false;
        }
        self.span = Some((began, listings + 1));
        self.open.insert(conversation);
        true
    }

    /// A view is closed.
    pub(in crate::fanout) fn give_back(&mut self, conversation: ConversationKey) {
        self.open.remove(&conversation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_bounded_and_so_is_how_often_one_is_listed() {
        let mut allowance = Allowance::default();
        let now = Mono::START;
        let room = ConversationKey;
        assert!(allowance.take(room(1), 2, now) && allowance.take(room(2), 2, now));
        assert!(!allowance.take(room(3), 2, now));
        allowance.give_back(room(1));
        assert!(allowance.take(room(3), 2, now));
        // The same again, up to the last within the span.
        for _ in 3..LISTINGS {
            assert!(allowance.take(room(3), 2, now));
        }
        assert!(!allowance.take(room(3), 2, now));
        assert!(allowance.take(room(3), 2, now + SPAN));
    }
}
