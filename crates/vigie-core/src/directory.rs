//! Who exists, and who shares what: principals, conversations and members, all resident.
//!
//! In: changes of membership and of profiles, already durable.
//! Out: keys for ids, names, and the audience of a principal.
//! Always true: keys are dense and never reused, member lists are sorted and without duplicates, and both sides of a membership know of it.
//!
//! A million principals are resident, so each fact is kept once: the id in the principal's row ([`member`]), its key under that id in the [`index`], its names on a shelf ([`shelves`]).

mod blocking;
mod blocks;
mod conversation;
mod index;
mod key_list;
mod member;
mod membership;
mod profile;
mod rows;
mod shelves;

use crate::id::Id;
use crate::principal::{PrincipalId, PrincipalKey, PrincipalKind};
use crate::time::Wall;
use crate::visibility::{Privacy, SightRules};

pub use conversation::{Conversation, ConversationKey};
pub use member::Member;
pub use profile::{Names, Profile, Role, UnknownRole};

use blocks::Blocks;
use index::Index;
use key_list::KeyList;
use member::Row;
use rows::Rows;
use shelves::Shelves;

/// Everyone and every conversation.
#[derive(Debug, Default)]
pub struct Directory {
    rows: Rows,
    shelves: Shelves,
    index: Index,
    conversations: Vec<Option<Conversation>>,
    conversation_index: Index,
    blocks: Blocks,
    sight_rules: SightRules,
    population: Population,
    version: u64,
}

/// How many principals exist: those who were deleted are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Population {
    /// Registered users.
    pub users: usize,
    /// Guests.
    pub guests: usize,
}

impl Population {
    fn of(&mut self, kind: PrincipalKind) -> &mut usize {
        match kind {
            PrincipalKind::User => &mut self.users,
            PrincipalKind::Guest => &mut self.guests,
        }
    }
}

impl Directory {
    /// The key of a principal that was ever known, deleted ones included.
    #[must_use]
    pub fn key(&self, id: &PrincipalId) -> Option<PrincipalKey> {
        self.find(id.as_bytes())
    }

    /// The key behind a bare `userId` of the wire, deleted principals included; text that is no id is nobody's.
    #[must_use]
    pub fn key_of(&self, id: &str) -> Option<PrincipalKey> {
        self.find(id.as_bytes())
    }

    /// The principal behind a key that this directory gave.
    #[must_use]
    pub fn member(&self, key: PrincipalKey) -> Member<'_> {
        Member {
            directory: self,
            key,
            row: &self.rows[key.index()],
        }
    }

    /// Principals ever known; their keys are `0..len`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody was ever known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many principals exist, without counting them.
    #[must_use]
    pub fn population(&self) -> Population {
        self.population
    }

    /// Grows with every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Every principal with its key, in the order of keys, from the one at `position` on.
    pub fn members_from(
        &self,
        position: usize,
    ) -> impl Iterator<Item = (PrincipalKey, Member<'_>)> {
        let directory = self;
        let keys = (position..).map(key_at);
        keys.zip(self.rows.from(position)).map(move |(key, row)| {
            let member = Member {
                directory,
                key,
                row,
            };
            (key, member)
        })
    }

    /// Every principal with its key, in the order of keys.
    pub fn members(&self) -> impl Iterator<Item = (PrincipalKey, Member<'_>)> {
        self.members_from(0)
    }

    /// Adds a principal, or gives a known one this profile, and its life back if it was deleted.
    pub fn put(
        &mut self,
        id: PrincipalId,
        profile: &Profile,
        expires_at: Option<Wall>,
    ) -> PrincipalKey {
        self.version += 1;
        if let Some(key) = self.key(&id) {
            let row = &mut self.rows[key.index()];
            row.role = profile.role;
            row.is_active = profile.is_active;
            row.set_by_api = profile.set_by_api;
            row.expires_at = expires_at;
            let comes_back = std::mem::take(&mut row.is_deleted);
            if comes_back {
                *self.population.of(row.id.kind()) += 1;
            }
            self.shelves.set(key.index(), profile.names());
            if comes_back {
                self.take_up_blocks(key, &id);
            }
            return key;
        }
        *self.population.of(id.kind()) += 1;
        let whose = id.clone();
        let key = key_at(self.rows.len());
        let rows = &self.rows;
        let id_of = |other: u32| rows[other as usize].id.as_bytes();
        self.index.insert(id.as_bytes(), key.0, id_of);
        self.rows.push(Row {
            id,
            conversations: KeyList::default(),
            expires_at,
            role: profile.role,
            is_active: profile.is_active,
            set_by_api: profile.set_by_api,
            is_deleted: false,
            privacy: Privacy::default(),
            has_blocks: false,
        });
        self.shelves.push(profile.names());
        self.take_up_blocks(key, &whose);
        key
    }

    /// Marks a principal as deleted, forgets its names, its privacy and its blocks, and ends its memberships.
    pub fn delete(&mut self, key: PrincipalKey) {
        self.version += 1;
        self.end_blocks(key);
        self.rows[key.index()].privacy = Privacy::default();
        let row = &mut self.rows[key.index()];
        if !std::mem::replace(&mut row.is_deleted, true) {
            *self.population.of(row.id.kind()) -= 1;
        }
        for conversation in core::mem::take(&mut row.conversations).as_slice() {
            if let Some(conversation) = &mut self.conversations[conversation.index()] {
                remove_sorted(&mut conversation.members, key);
            }
        }
        self.shelves.set(key.index(), Names::default());
    }

    /// Lets others see this much of a principal.
    pub fn set_privacy(&mut self, key: PrincipalKey, privacy: Privacy) {
        self.version += 1;
        self.rows[key.index()].privacy = privacy;
    }

    /// How the operator lets people see each other.
    #[must_use]
    pub fn sight_rules(&self) -> SightRules {
        self.sight_rules
    }

    /// Lets people see each other by these rules; meant for a start.
    pub fn set_sight_rules(&mut self, rules: SightRules) {
        self.sight_rules = rules;
    }

    /// The key of a conversation that exists.
    #[must_use]
    pub fn conversation_key(&self, id: &Id) -> Option<ConversationKey> {
        let id_of = |key: u32| conversation_id(&self.conversations, key);
        let key = self.conversation_index.find(id.as_bytes(), id_of);
        key.map(ConversationKey)
    }

    /// The conversation behind a key; `None` once it was deleted.
    #[must_use]
    pub fn conversation(&self, key: ConversationKey) -> Option<&Conversation> {
        self.conversations.get(key.index())?.as_ref()
    }

    /// Every conversation with its key, in the order of keys.
    pub fn conversations(&self) -> impl Iterator<Item = (ConversationKey, &Conversation)> {
        let numbered = (0..).map(ConversationKey).zip(&self.conversations);
        numbered.filter_map(|(key, group)| Some((key, group.as_ref()?)))
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
        let conversations = &self.conversations;
        let id_of = |other: u32| conversation_id(conversations, other);
        self.conversation_index.insert(id.as_bytes(), key.0, id_of);
        self.conversations.push(Some(Conversation {
            id,
            title,
            members: Vec::new(),
        }));
        key
    }

    /// Deletes a conversation and its memberships; who the members were, sorted.
    pub fn delete_conversation(&mut self, key: ConversationKey) -> Vec<PrincipalKey> {
        self.version += 1;
        let Some(conversation) = self.conversations[key.index()].take() else {
            return Vec::new();
        };
        self.conversation_index
            .remove(conversation.id.as_bytes(), key.0);
        for member in &conversation.members {
            self.rows[member.index()].conversations.remove(key);
        }
        conversation.members
    }

    fn find(&self, id: &[u8]) -> Option<PrincipalKey> {
        let id_of = |key: u32| self.rows[key as usize].id.as_bytes();
        self.index.find(id, id_of).map(PrincipalKey)
    }
}

fn key_at(position: usize) -> PrincipalKey {
    PrincipalKey(u32::try_from(position).unwrap_or(u32::MAX))
}

/// The id that the index holds a key for; it holds none for a conversation that was deleted.
fn conversation_id(conversations: &[Option<Conversation>], key: u32) -> &[u8] {
    let conversation = conversations[key as usize].as_ref();
    conversation.map_or(&[], |conversation| conversation.id.as_bytes())
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
mod tests;
