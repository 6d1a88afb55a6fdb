//! Who exists, and who shares what: principals, conversations and members, all resident.
//!
//! In: changes of membership and of profiles, already durable.
//! Out: keys for ids, names, and the audience of a principal.
//! Always true: keys are dense and never reused, member lists are sorted and without duplicates, and both sides of a membership know of it.

mod profile;

use std::collections::HashMap;

use crate::principal::{Id, PrincipalId, PrincipalKey};
use crate::time::Wall;

pub use profile::{Profile, Role, UnknownRole};

/// The number that stands for a conversation inside one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationKey(pub u32);

impl ConversationKey {
    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A principal as the directory knows it.
#[derive(Debug, Clone)]
pub struct Member {
    /// The typed id.
    pub id: PrincipalId,
    /// Names, language, role.
    pub profile: Profile,
    /// A guest's end; `None` for users and for guests without one.
    pub expires_at: Option<Wall>,
    /// Deleted principals keep their key and may not come back by themselves.
    pub is_deleted: bool,
    conversations: Vec<ConversationKey>,
}

impl Member {
    /// Whether this principal may authenticate at `now`.
    #[must_use]
    pub fn is_admitted(&self, now: Wall) -> bool {
        let expired = self.expires_at.is_some_and(|end| end <= now);
        self.profile.is_active && !self.is_deleted && !expired
    }

    /// The conversations this principal is a member of, sorted by key.
    #[must_use]
    pub fn conversations(&self) -> &[ConversationKey] {
        &self.conversations
    }

    /// What people call this principal; never empty.
    #[must_use]
    pub fn name(&self) -> std::borrow::Cow<'_, str> {
        self.profile.name_or(self.id.as_str())
    }
}

/// A fan-out group.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its id.
    pub id: Id,
    /// Its title, if it has one.
    pub title: Option<Box<str>>,
    members: Vec<PrincipalKey>,
}

impl Conversation {
    /// Its members, sorted by key.
    #[must_use]
    pub fn members(&self) -> &[PrincipalKey] {
        &self.members
    }
}

/// Everyone and every conversation.
#[derive(Debug, Default)]
pub struct Directory {
    members: Vec<Member>,
    by_id: HashMap<PrincipalId, PrincipalKey>,
    conversations: Vec<Option<Conversation>>,
    conversations_by_id: HashMap<Id, ConversationKey>,
    version: u64,
}

impl Directory {
    /// The key of a principal that was ever known, deleted ones included.
    #[must_use]
    pub fn key(&self, id: &PrincipalId) -> Option<PrincipalKey> {
        self.by_id.get(id).copied()
    }

    /// The principal behind a key that this directory gave.
    #[must_use]
    pub fn member(&self, key: PrincipalKey) -> &Member {
        &self.members[key.index()]
    }

    /// Principals ever known; their keys are `0..len`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody was ever known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Grows with every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Every principal with its key, in the order of keys.
    pub fn members(&self) -> impl Iterator<Item = (PrincipalKey, &Member)> {
        (0..).map(PrincipalKey).zip(&self.members)
    }

    /// Adds a principal, or gives a known one this profile, and its life back if it was deleted.
    pub fn put(
        &mut self,
        id: PrincipalId,
        profile: Profile,
        expires_at: Option<Wall>,
    ) -> PrincipalKey {
        self.version += 1;
        if let Some(key) = self.key(&id) {
            let member = &mut self.members[key.index()];
            member.profile = profile;
            member.expires_at = expires_at;
            member.is_deleted = false;
            return key;
        }
        let key = PrincipalKey(u32::try_from(self.members.len()).unwrap_or(u32::MAX));
        self.by_id.insert(id.clone(), key);
        self.members.push(Member {
            id,
            profile,
            expires_at,
            is_deleted: false,
            conversations: Vec::new(),
        });
        key
    }

    /// Marks a principal as deleted and ends its memberships.
    pub fn delete(&mut self, key: PrincipalKey) {
        self.version += 1;
        for conversation in core::mem::take(&mut self.members[key.index()].conversations) {
            if let Some(conversation) = &mut self.conversations[conversation.index()] {
                remove_sorted(&mut conversation.members, key);
            }
        }
        self.members[key.index()].is_deleted = true;
    }

    /// The key of a conversation that exists.
    #[must_use]
    pub fn conversation_key(&self, id: &Id) -> Option<ConversationKey> {
        self.conversations_by_id.get(id).copied()
    }

    /// The conversation behind a key; `None` once it was deleted.
    #[must_use]
    pub fn conversation(&self, key: ConversationKey) -> Option<&Conversation> {
        self.conversations.get(key.index())?.as_ref()
    }

    /// Adds a conversation, or gives a known one this title; `None` leaves the title as it is.
    pub fn put_conversation(&mut self, id: Id, title: Option<Box<str>>) -> ConversationKey {
        self.version += 1;
        if let Some(key) = self.conversation_key(&id) {
            if let Some(conversation) = &mut self.conversations[key.index()]
                && title.is_some()
            {
                conversation.title = title;
            }
            return key;
        }
        let key = ConversationKey(u32::try_from(self.conversations.len()).unwrap_or(u32::MAX));
        self.conversations_by_id.insert(id.clone(), key);
        self.conversations.push(Some(Conversation {
            id,
            title,
            members: Vec::new(),
        }));
        key
    }

    /// Deletes a conversation and its memberships.
    pub fn delete_conversation(&mut self, key: ConversationKey) {
        self.version += 1;
        let Some(conversation) = self.conversations[key.index()].take() else {
            return;
        };
        self.conversations_by_id.remove(&conversation.id);
        for member in conversation.members {
            remove_sorted(&mut self.members[member.index()].conversations, key);
        }
    }

    /// Makes a principal a member; says whether it was none.
    pub fn join(&mut self, conversation: ConversationKey, principal: PrincipalKey) -> bool {
        self.version += 1;
        let Some(Some(group)) = self.conversations.get_mut(conversation.index()) else {
            return false;
        };
        insert_sorted(
            &mut self.members[principal.index()].conversations,
            conversation,
        );
        insert_sorted(&mut group.members, principal)
    }

    /// Ends a membership; says whether there was one.
    pub fn leave(&mut self, conversation: ConversationKey, principal: PrincipalKey) -> bool {
        self.version += 1;
        let Some(Some(group)) = self.conversations.get_mut(conversation.index()) else {
            return false;
        };
        remove_sorted(
            &mut self.members[principal.index()].conversations,
            conversation,
        );
        remove_sorted(&mut group.members, principal)
    }

    /// Whether a principal is a member of a conversation.
    #[must_use]
    pub fn is_member(&self, conversation: ConversationKey, principal: PrincipalKey) -> bool {
        self.member(principal)
            .conversations
            .binary_search(&conversation)
            .is_ok()
    }

    /// Whether two principals share a conversation of any size: the right to see.
    #[must_use]
    pub fn share_conversation(&self, one: PrincipalKey, other: PrincipalKey) -> bool {
        let (few, many) = (self.member(one), self.member(other));
        let (few, many) = if few.conversations.len() <= many.conversations.len() {
            (few, many)
        } else {
            (many, few)
        };
        few.conversations
            .iter()
            .any(|key| many.conversations.binary_search(key).is_ok())
    }

    /// Whoever is subscribed to a principal by membership, the principal included: each once, sorted by key.
    ///
    /// A conversation above `audience_limit` grants the right to see, not a subscription.
    #[must_use]
    pub fn audience(&self, principal: PrincipalKey, audience_limit: usize) -> Vec<PrincipalKey> {
        let mut audience: Vec<_> = self
            .member(principal)
            .conversations
            .iter()
            .filter_map(|key| self.conversation(*key))
            .filter(|conversation| conversation.members.len() <= audience_limit)
            .flat_map(|conversation| conversation.members.iter().copied())
            .chain([principal])
            .collect();
        audience.sort_unstable();
        audience.dedup();
        audience
    }
}

fn insert_sorted<T: Ord>(list: &mut Vec<T>, item: T) -> bool {
    match list.binary_search(&item) {
        Ok(_) => false,
        Err(place) => {
            list.insert(place, item);
            true
        }
    }
}

fn remove_sorted<T: Ord>(list: &mut Vec<T>, item: T) -> bool {
    match list.binary_search(&item) {
        Ok(place) => {
            list.remove(place);
            true
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn directory(people: &[&str]) -> (Directory, Vec<PrincipalKey>) {
        let mut directory = Directory::default();
        let keys = people
            .iter()
            .map(|id| directory.put(PrincipalId::user(id).unwrap(), Profile::default(), None))
            .collect();
        (directory, keys)
    }

    #[test]
    fn the_audience_names_everyone_once_however_many_conversations_are_shared() {
        let (mut directory, people) = directory(&["alice", "bob", "carol", "mallory"]);
        for (id, members) in [("one", &people[..2]), ("two", &people[..3])] {
            let key = directory.put_conversation(id.parse().unwrap(), None);
            for member in members {
                assert!(directory.join(key, *member));
                assert!(!directory.join(key, *member));
            }
        }
        assert_eq!(directory.audience(people[0], 1_000), people[..3]);
        assert_eq!(directory.audience(people[3], 1_000), [people[3]]);
        assert!(directory.share_conversation(people[0], people[2]));
        assert!(!directory.share_conversation(people[0], people[3]));
    }

    #[test]
    fn a_conversation_above_the_limit_grants_sight_without_subscription() {
        let (mut directory, people) = directory(&["alice", "bob", "carol"]);
        let key = directory.put_conversation("all".parse().unwrap(), None);
        for member in &people {
            directory.join(key, *member);
        }
        assert_eq!(directory.audience(people[0], 2), [people[0]]);
        assert!(directory.share_conversation(people[0], people[1]));
    }

    #[test]
    fn deleting_ends_memberships_on_both_sides() {
        let (mut directory, people) = directory(&["alice", "bob"]);
        let key = directory.put_conversation("one".parse().unwrap(), None);
        directory.join(key, people[0]);
        directory.join(key, people[1]);
        directory.delete(people[1]);
        assert_eq!(directory.conversation(key).unwrap().members(), [people[0]]);
        directory.delete_conversation(key);
        assert!(directory.member(people[0]).conversations().is_empty());
        assert!(directory.conversation(key).is_none());
        assert!(
            directory
                .conversation_key(&"one".parse().unwrap())
                .is_none()
        );
    }
}
