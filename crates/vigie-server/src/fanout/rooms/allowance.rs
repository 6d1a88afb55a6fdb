//! How many conversations one socket may look at with presence, and how often it may have one listed.
//!
//! Always true: a view takes memory with every member that it lists, and a listing a walk over them; both are bounded for each socket.

use std::collections::BTreeSet;
use std::time::Duration;

use vigie_core::{ConversationKey, Mono};

/// A socket may have as many listed within this as it may look at: as many as a client opens at a start, and few enough that none keeps the server busy by opening again and again.
const SPAN: Duration = Duration::from_secs(1);

/// What one socket has open and has asked for.
#[derive(Debug, Default)]
pub(in crate::fanout) struct Allowance {
    open: BTreeSet<ConversationKey>,
    span: Option<(Mono, usize)>,
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
        if listings >= most {
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
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn views_are_bounded_and_so_is_how_often_one_is_listed() {
        let now = Mono::START;
        let room = ConversationKey;
        for places in [2_u32, 40] {
            let most = usize::try_from(places).unwrap();
            let mut allowance = Allowance::default();
            // The last place is opened and closed, up to the last listing within the span.
            for number in 1..places {
                assert!(allowance.take(room(number), most, now));
            }
            assert!(allowance.take(room(places), most, now));
            assert!(!allowance.take(room(places), most, now));
            assert!(!allowance.take(room(places + 1), most, now + SPAN));
            allowance.give_back(room(places));
            assert!(allowance.take(room(places + 1), most, now + SPAN));
        }
    }
}
