//! How it becomes known who is present in a conversation: once, from everybody's state; from then on by the changes.
//!
//! Always true: nobody else notes a change of the gatherings while states are read, so that none is lost between the reading and the noting.

use std::sync::atomic::Ordering;

use vigie_core::ConversationKey;

use super::Gatherings;
use super::gathering::Gathering;
use super::index::{Index, Standing};
use crate::fanout::Fanout;

/// Members read in one go when a large conversation is looked through, before others get their turn at the engine.
pub(super) const READ: usize = 1_000;

impl Fanout {
    /// Whether a conversation subscribes nobody, and is too large to be read member by member.
    pub(super) fn is_large(&self, conversation: ConversationKey) -> bool {
        let directory = self.people.directory();
        let group = directory.conversation(conversation);
        group.is_some_and(|group| group.members().len() > self.audience_limit)
    }

    /// Makes sure that it is known who is present in a conversation.
    pub(super) fn ensure_index(&self, gatherings: &mut Gatherings, conversation: ConversationKey) {
        let is_known = |gathering: &Gathering| gathering.index.is_some();
        if gatherings.table.get(&conversation).is_some_and(is_known) {
            return;
        }
        let index = self.read_index(conversation);
        let gathering = gatherings.begin(conversation);
        gathering.keep_index(index, &self.people.directory());
    }

    /// Reads who is present, while nobody else may note it.
    pub(super) fn read_index(&self, conversation: ConversationKey) -> Index {
        let members = self.people.members_of(conversation);
        let now = self.host.now().wall;
        let mut index = Index::default();
        for some in members.chunks(READ) {
            let (presences, _) = self.host.survey(some);
            let directory = self.people.directory();
            for (key, presence) in some.iter().zip(presences) {
                let member = directory.member(*key);
                match Standing::of(member, &presence, now) {
                    Standing::Absent => {}
                    standing @ (Standing::Hidden(_) | Standing::Public(_)) => {
                        index.note(member.id(), *key, standing);
                    }
                }
            }
        }
        index
    }

    /// Reads who is present in each conversation that is too large to be read when somebody opens it.
    pub(super) async fn index_large_conversations(&self) {
        let large: Vec<ConversationKey> = {
            let directory = self.people.directory();
            let all = directory.conversations();
            all.filter(|(_, group)| group.members().len() > self.audience_limit)
                .map(|(key, _)| key)
                .collect()
        };
        for conversation in large {
            self.index_one(conversation);
            tokio::task::yield_now().await;
        }
    }

    fn index_one(&self, conversation: ConversationKey) {
        let mut gatherings = self.gatherings();
        self.rooms.is_used.store(true, Ordering::Release);
        self.ensure_index(&mut gatherings, conversation);
    }
}
