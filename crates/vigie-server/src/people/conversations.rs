//! Conversations and their members.
//!
//! In: who is to be a member. Out: what the caller made `note` of the change, before the next one has its turn.

use vigie_core::{Id, PrincipalId, PrincipalKey, PrincipalKind, Profile};
use vigie_store::{StoredConversation, StoredUser};

use super::{ChangeError, Moved, People};
use crate::webhooks::Change;

impl People {
    /// Adds a conversation, or gives a known one this title.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn put_conversation(
        &self,
        id: Id,
        title: Option<Box<str>>,
    ) -> Result<(), ChangeError> {
        let _turn = self.line.turn().await?;
        let conversation = StoredConversation {
            id: id.clone(),
            title: title.clone(),
            members: Vec::new(),
        };
        self.store.upsert_conversations(&[conversation]).await?;
        let mut directory = self.directory.write();
        let is_new = directory.conversation_key(&id).is_none();
        directory.put_conversation(id.clone(), title);
        drop(directory);
        if is_new {
            self.webhooks.note(&id, &[Change::Created]);
        }
        Ok(())
    }

    /// Forgets a conversation and its memberships: everybody left.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub async fn delete_conversation<T>(
        &self,
        id: &Id,
        audience_limit: usize,
        note: impl FnOnce(Moved) -> T,
    ) -> Result<T, ChangeError> {
        let _turn = self.line.turn().await?;
        let key = self
            .directory()
            .conversation_key(id)
            .ok_or(ChangeError::UnknownConversation)?;
        self.store.delete_conversation(id).await?;
        let moved = {
            let mut directory = self.directory.write();
            // Whether it is large goes by what it was.
            let moved = Moved::begin(&directory, key, audience_limit, |members| members, &[]);
            let left = directory.delete_conversation(key);
            Moved { left, ..moved }
        };
        self.webhooks.note(id, &[Change::Deleted]);
        Ok(note(moved))
    }

    /// Makes principals members; what is missing is created, but for guests.
    ///
    /// # Errors
    /// When a guest is unknown, or the store refuses.
    pub async fn add_members<T>(
        &self,
        conversation: Id,
        members: &[PrincipalId],
        audience_limit: usize,
        note: impl FnOnce(Moved) -> T,
    ) -> Result<T, ChangeError> {
        let _turn = self.line.turn().await?;
        self.create_missing(members).await?;
        self.store.add_members(&conversation, members).await?;
        let mut changes = Vec::new();
        let mut directory = self.directory.write();
        if directory.conversation_key(&conversation).is_none() {
            changes.push(Change::Created);
        }
        let key = directory.put_conversation(conversation.clone(), None);
        let members: Vec<_> = members.iter().filter_map(|id| directory.key(id)).collect();
        let moved = Moved::begin(&directory, key, audience_limit, |members| members, &[]);
        let came = directory.join_all(key, &members);
        let added = came.iter().map(|key| directory.member(*key).id().clone());
        changes.extend(added.map(Change::MemberAdded));
        drop(directory);
        self.webhooks.note(&conversation, &changes);
        Ok(note(Moved { came, ..moved }))
    }

    /// Makes exactly these principals the members.
    ///
    /// # Errors
    /// When a guest is unknown, or the store refuses.
    pub async fn replace_members<T>(
        &self,
        conversation: Id,
        members: &[PrincipalId],
        audience_limit: usize,
        note: impl FnOnce(Moved) -> T,
    ) -> Result<T, ChangeError> {
        let _turn = self.line.turn().await?;
        self.create_missing(members).await?;
        self.store.replace_members(&conversation, members).await?;
        let mut changes = Vec::new();
        let mut directory = self.directory.write();
        if directory.conversation_key(&conversation).is_none() {
            changes.push(Change::Created);
        }
        let key = directory.put_conversation(conversation.clone(), None);
        let wanted: Vec<_> = members.iter().filter_map(|id| directory.key(id)).collect();
        let moved = Moved::begin(&directory, key, audience_limit, |_| wanted.len(), &[]);
        let (came, left) = directory.replace_members(key, wanted);
        let id_of = |key: &PrincipalKey| directory.member(*key).id().clone();
        changes.extend(left.iter().map(id_of).map(Change::MemberRemoved));
        changes.extend(came.iter().map(id_of).map(Change::MemberAdded));
        let moved = moved.made(&directory, came, left);
        drop(directory);
        self.webhooks.note(&conversation, &changes);
        Ok(note(moved))
    }

    /// Ends a membership, if there is one.
    ///
    /// # Errors
    /// When the principal or the conversation is unknown, or the store refuses.
    pub async fn remove_member<T>(
        &self,
        conversation: &Id,
        member: &PrincipalId,
        audience_limit: usize,
        note: impl FnOnce(Moved) -> T,
    ) -> Result<T, ChangeError> {
        let _turn = self.line.turn().await?;
        let group = self
            .directory()
            .conversation_key(conversation)
            .ok_or(ChangeError::UnknownConversation)?;
        let key = self
            .find(member)
            .ok_or_else(|| ChangeError::UnknownPrincipal(member.clone()))?;
        self.store
            .remove_members(conversation, std::slice::from_ref(member))
            .await?;
        let moved = {
            let mut directory = self.directory.write();
            let least = |members: usize| members.saturating_sub(1);
            let going = [key];
            let moved = Moved::begin(&directory, group, audience_limit, least, &going);
            let left: Vec<_> = directory
                .leave(group, key)
                .then_some(key)
                .into_iter()
                .collect();
            Moved { left, ..moved }
        };
        if !moved.left.is_empty() {
            let change = Change::MemberRemoved(member.clone());
            self.webhooks.note(conversation, &[change]);
        }
        Ok(note(moved))
    }

    /// Tells that somebody who is forgotten left these conversations, and is nobody any more.
    pub(super) fn tell_forgotten(&self, key: PrincipalKey, id: &PrincipalId, left: &[Id]) {
        for conversation in left {
            let change = Change::MemberRemoved(id.clone());
            self.webhooks.note(conversation, &[change]);
        }
        self.webhooks.mark(&[key]);
    }

    /// The ids of a principal's conversations.
    pub(super) fn conversations_of(&self, key: PrincipalKey) -> Vec<Id> {
        let directory = self.directory();
        let conversations = directory.member(key).conversations().iter();
        conversations
            .filter_map(|conversation| directory.conversation(*conversation))
            .map(|conversation| conversation.id.clone())
            .collect()
    }

    /// Creates the users among `members` that nobody knows; a deleted one comes back, for this is an API call.
    pub(super) async fn create_missing(&self, members: &[PrincipalId]) -> Result<(), ChangeError> {
        let missing: Vec<_> = members
            .iter()
            .filter(|id| self.find(id).is_none())
            .collect();
        if let Some(guest) = missing.iter().find(|id| id.kind() == PrincipalKind::Guest) {
            return Err(ChangeError::UnknownPrincipal((*guest).clone()));
        }
        if missing.is_empty() {
            return Ok(());
        }
        let users: Vec<_> = missing
            .iter()
            .map(|id| StoredUser {
                id: (*id).clone(),
                profile: Profile::default(),
                is_deleted: false,
            })
            .collect();
        self.store.upsert_users(&users).await?;
        let mut directory = self.directory.write();
        for user in users {
            directory.put(user.id, &user.profile, None);
        }
        Ok(())
    }
}
