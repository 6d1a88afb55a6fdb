//! Changes of conversations that wait for one webhook.
//!
//! In: changes as they happen. Out: the same in their order; when too many wait, which conversations changed, and when those are too many, that everything is to be read anew.
//! Always true: it is bounded, and what was given out and not taken by the receiver is known until it is.

use std::collections::{HashSet, VecDeque};

use vigie_core::{Id, PrincipalId};

/// Changes that wait one by one; beyond, only which conversations changed is kept.
const MOST_CHANGES: usize = 1_000;

/// Conversations that are known to have changed; beyond, everything is to be read anew.
const MOST_CONVERSATIONS: usize = 1_000;

/// What happened to a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It began.
    Created,
    /// It ended, and every membership with it.
    Deleted,
    /// Somebody became a member.
    MemberAdded(PrincipalId),
    /// Somebody is a member no more.
    MemberRemoved(PrincipalId),
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    /// In their order; without a change, only that something changed.
    queue: VecDeque<(Id, Option<Change>)>,
    /// Those in the queue, while it holds conversations instead of changes.
    collapsed: Option<HashSet<Id>>,
    must_resync: bool,
    /// Given out, and not taken by the receiver yet.
    given: Vec<Id>,
    gave_resync: bool,
}

/// What was taken out of a queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) must_resync: bool,
    pub(super) changes: Vec<(Id, Option<Change>)>,
}

impl Conversations {
    /// What an earlier start did not bring to the receiver.
    pub(super) fn kept(changed: Vec<Id>, must_resync: bool) -> Self {
        let mut conversations = Self {
            must_resync,
            ..Self::default()
        };
        conversations.collapse();
        for conversation in changed {
            conversations.add_collapsed(conversation);
        }
        conversations
    }

    /// These happened to a conversation, in their order.
    pub(super) fn note(&mut self, conversation: &Id, changes: &[Change]) {
        if self.must_resync || changes.is_empty() {
            return;
        }
        if self.collapsed.is_none() && self.queue.len() + changes.len() > MOST_CHANGES {
            self.collapse();
        }
        if self.collapsed.is_some() {
            self.add_collapsed(conversation.clone());
            return;
        }
        let changes = changes.iter().cloned();
        self.queue
            .extend(changes.map(|change| (conversation.clone(), Some(change))));
    }

    /// The receiver has to read everything anew.
    pub(super) fn resync(&mut self) {
        self.queue.clear();
        self.collapsed = None;
        self.must_resync = true;
    }

    /// At most `most` of those that waited longest.
    pub(super) fn take(&mut self, most: usize) -> Taken {
        let must_resync = std::mem::take(&mut self.must_resync);
        let taken = self.queue.drain(..most.min(self.queue.len()));
        let changes: Vec<_> = taken.collect();
        if self.queue.is_empty() {
            self.collapsed = None;
        } else if let Some(collapsed) = &mut self.collapsed {
            for (conversation, _) in &changes {
                collapsed.remove(conversation);
            }
        }
        self.gave_resync |= must_resync;
        self.given.extend(changes.iter().map(|(id, _)| id.clone()));
        Taken {
            must_resync,
            changes,
        }
    }

    /// The receiver took everything that was given out.
    pub(super) fn taken(&mut self) {
        self.given.clear();
        self.gave_resync = false;
    }

    /// What was given out will not be tried again: it waits anew, as conversations that changed.
    pub(super) fn give_back(&mut self) {
        let (changed, must_resync) = self.untaken();
        *self = Self::kept(changed, must_resync);
    }

    /// Conversations whose changes the receiver has not taken, and whether it has to read everything anew.
    pub(super) fn untaken(&self) -> (Vec<Id>, bool) {
        let mut seen = HashSet::new();
        let all = self.given.iter().chain(self.queue.iter().map(|(id, _)| id));
        let changed: Vec<Id> = all.filter(|id| seen.insert(*id)).cloned().collect();
        let must_resync =
            self.must_resync || self.gave_resync || changed.len() > MOST_CONVERSATIONS;
        if must_resync {
            return (Vec::new(), true);
        }
        (changed, false)
    }

    /// How many events wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len() + usize::from(self.must_resync)
    }

    fn collapse(&mut self) {
        let mut collapsed = HashSet::new();
        let queue = std::mem::take(&mut self.queue);
        let mut ids = queue.into_iter().map(|(id, _)| id);
        self.queue = ids
            .by_ref()
            .filter(|id| collapsed.insert(id.clone()))
            .map(|id| (id, None))
            .collect();
        self.collapsed = Some(collapsed);
    }

    fn add_collapsed(&mut self, conversation: Id) {
        let Some(collapsed) = &mut self.collapsed else {
            return;
        };
        if collapsed.contains(&conversation) {
            return;
        }
        if collapsed.len() >= MOST_CONVERSATIONS {
            self.resync();
            return;
        }
        collapsed.insert(conversation.clone());
        self.queue.push_back((conversation, None));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn id(text: &str) -> Id {
        text.parse().unwrap()
    }

    fn added(who: &str) -> Change {
        Change::MemberAdded(PrincipalId::user(who).unwrap())
    }

    #[test]
    fn changes_keep_their_order_and_are_known_until_they_are_taken() {
        let mut conversations = Conversations::default();
        let changes = [Change::Created, added("alice")];
        conversations.note(&id("salon"), &changes);
        conversations.note(&id("lobby"), &[Change::Deleted]);
        let first = conversations.take(2);
        let expected = changes.map(|change| (id("salon"), Some(change)));
        assert_eq!(first.changes, expected);
        let untaken = (vec![id("salon"), id("lobby")], false);
        assert_eq!(conversations.untaken(), untaken);
        conversations.taken();
        assert_eq!(conversations.untaken(), (vec![id("lobby")], false));
        conversations.take(9);
        conversations.give_back();
        let again = conversations.take(9);
        assert_eq!(again.changes, [(id("lobby"), None)]);
    }

    #[test]
    fn too_many_changes_become_one_for_each_conversation() {
        let mut conversations = Conversations::default();
        for number in 0..MOST_CHANGES {
            let change = added(&format!("u{number}"));
            conversations.note(&id(if number % 2 == 0 { "even" } else { "odd" }), &[change]);
        }
        assert_eq!(conversations.len(), MOST_CHANGES);
        conversations.note(&id("last"), &[added("x")]);
        conversations.note(&id("odd"), &[added("y")]);
        let taken = conversations.take(MOST_CHANGES);
        let expected = ["even", "odd", "last"].map(|name| (id(name), None));
        assert_eq!(taken.changes, expected);
        // Once all are out, changes are told one by one again.
        conversations.note(&id("odd"), &[added("z")]);
        assert_eq!(
            conversations.take(9).changes,
            [(id("odd"), Some(added("z")))]
        );
    }

    #[test]
    fn too_many_conversations_mean_that_everything_is_read_anew() {
        let mut conversations = Conversations::default();
        for number in 0..=MOST_CHANGES {
            conversations.note(&id(&format!("c{number}")), &[Change::Created]);
        }
        assert_eq!(conversations.untaken(), (vec![], true));
        let taken = conversations.take(9);
        assert_eq!((taken.must_resync, taken.changes), (true, vec![]));
        assert_eq!(conversations.untaken(), (vec![], true));
        conversations.give_back();
        assert!(conversations.take(9).must_resync);
        conversations.taken();
        assert_eq!(conversations.untaken(), (vec![], false));
    }
}
