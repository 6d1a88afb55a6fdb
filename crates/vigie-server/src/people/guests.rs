//! Guests: anonymous participants of one conversation, known by a token that is shown once.

use vigie_core::{ConversationKey, Id, PrincipalId, PrincipalKey, Profile, Wall};
use vigie_store::{StoredBlock, StoredGuest};

use crate::auth::GuestToken;
use crate::webhooks::Change;

use super::moves::forget;
use super::{ChangeError, MOST_BLOCKS, Moved, People};

/// What an API call says of a new guest.
#[derive(Debug, Clone)]
pub struct NewGuest {
    /// The one conversation.
    pub conversation: Id,
    /// The name to show.
    pub display_name: Box<str>,
    /// Preferred language.
    pub language: Option<Box<str>>,
    /// When the stay ends by itself.
    pub expires_at: Option<Wall>,
}

/// A guest who became a user.
#[derive(Debug)]
pub struct Merged<T> {
    /// Who is gone.
    pub guest: PrincipalKey,
    /// Who is a member now.
    pub user: PrincipalKey,
    /// The guest's conversations, and whether the user was no member before.
    pub joined: Vec<(ConversationKey, bool)>,
    /// What was made note of for each of them.
    pub noted: Vec<T>,
}

impl People {
    /// Makes a guest; its id, the token that is kept nowhere, and what was made `note` of.
    ///
    /// # Errors
    /// When the store refuses, or no random numbers can be had.
    pub async fn create_guest<T>(
        &self,
        new: NewGuest,
        audience_limit: usize,
        note: impl FnOnce(Moved) -> T,
    ) -> Result<(PrincipalId, GuestToken, T), ChangeError> {
        let _turn = self.line.turn().await?;
        let token = GuestToken::make()?;
        let id = random_guest_id()?;
        let guest = StoredGuest {
            id: id.clone(),
            token_sha256: token.digest(),
            conversation: new.conversation.clone(),
            display_name: new.display_name,
            language: new.language,
            expires_at: new.expires_at,
            created_at: self.host.now().wall,
        };
        self.store
            .upsert_guests(std::slice::from_ref(&guest))
            .await?;
        let (key, moved) = {
            let mut directory = self.directory.write();
            let key = directory.put(id.clone(), &profile(&guest), guest.expires_at);
            let is_new = directory.conversation_key(&new.conversation).is_none();
            let conversation = directory.put_conversation(new.conversation.clone(), None);
            let least = |members| members;
            let moved = Moved::begin(&directory, conversation, audience_limit, least, &[]);
            directory.join(conversation, key);
            drop(directory);
            let created = is_new.then_some(Change::Created);
            let joined = Change::MemberAdded(id.clone());
            let changes: Vec<Change> = created.into_iter().chain([joined]).collect();
            self.webhooks.note(&new.conversation, &changes);
            let came = vec![key];
            (key, Moved { came, ..moved })
        };
        self.host.know_guest(key);
        self.guests.write().insert(guest.token_sha256, key);
        Ok((id, token, note(moved)))
    }

    /// A guest became a user: the user is a member of what the guest was, and the guest is gone, both at one instant.
    ///
    /// Blocks by and against the guest are the user's, as far as [`MOST_BLOCKS`] allows; what the guest let others see is not taken over.
    /// With it comes what was noted right `before` for each two who are hidden from each other by that.
    /// The guest's leases are still to be revoked, and then its presence forgotten.
    ///
    /// # Errors
    /// When there is no such guest, or the store refuses.
    pub async fn merge_guest<T, M>(
        &self,
        guest: &PrincipalId,
        user: &PrincipalId,
        before: impl Fn(PrincipalKey, PrincipalKey) -> T,
        audience_limit: usize,
        note: impl FnMut(Moved) -> M,
    ) -> Result<(Merged<M>, Vec<T>), ChangeError> {
        let _turn = self.line.turn().await?;
        let guest_key = self
            .find(guest)
            .ok_or_else(|| ChangeError::UnknownPrincipal(guest.clone()))?;
        self.create_missing(std::slice::from_ref(user)).await?;
        let user_key = self
            .find(user)
            .ok_or_else(|| ChangeError::UnknownPrincipal(user.clone()))?;
        let blocks = self.blocks_to_take_over(guest_key, user_key);
        let noted = self.apart(user_key, &blocks);
        let noted = noted.into_iter().map(|other| before(user_key, other));
        let noted = noted.collect();
        self.store.merge_guest(guest, user, &blocks).await?;
        self.guests.write().retain(|_, key| *key != guest_key);
        let mut directory = self.directory.write();
        let conversations = directory.member(guest_key).conversations().to_vec();
        let (mut joined, mut moves) = (Vec::new(), Vec::new());
        for conversation in conversations {
            let (least, left) = (|members: usize| members.saturating_sub(1), vec![guest_key]);
            let moved = Moved::begin(&directory, conversation, audience_limit, least, &left);
            let is_new = directory.join(conversation, user_key);
            let came = is_new.then_some(user_key).into_iter().collect();
            moves.push(Moved {
                came,
                left,
                ..moved
            });
            joined.push((conversation, is_new));
        }
        for block in &blocks {
            if let Some(blocker) = directory.key(&block.blocker) {
                directory.block_id(blocker, &block.blocked);
            }
        }
        directory.delete(guest_key);
        drop(directory);
        self.tell_merged(guest, user, guest_key, &joined);
        let merged = Merged {
            guest: guest_key,
            user: user_key,
            joined,
            noted: moves.into_iter().map(note).collect(),
        };
        Ok((merged, noted))
    }

    fn blocks_to_take_over(&self, guest: PrincipalKey, user: PrincipalKey) -> Vec<StoredBlock> {
        let directory = self.directory();
        let blocks = directory.blocks_to_take_over(guest, user, MOST_BLOCKS);
        let block = |(blocker, blocked)| StoredBlock { blocker, blocked };
        blocks.into_iter().map(block).collect()
    }

    /// Those who exist and are blocked by somebody, or block them, each once.
    fn apart(&self, whose: PrincipalKey, blocks: &[StoredBlock]) -> Vec<PrincipalKey> {
        let sides = blocks
            .iter()
            .flat_map(|block| [&block.blocker, &block.blocked]);
        let others = sides.filter_map(|id| self.find(id));
        let mut others: Vec<_> = others.filter(|key| *key != whose).collect();
        others.sort_unstable();
        others.dedup();
        others
    }

    /// Tells services that a user stands where a guest was.
    fn tell_merged(
        &self,
        guest: &PrincipalId,
        user: &PrincipalId,
        gone: PrincipalKey,
        joined: &[(ConversationKey, bool)],
    ) {
        for (conversation, is_new) in joined {
            let id = {
                let directory = self.directory();
                let conversation = directory.conversation(*conversation);
                conversation.map(|conversation| conversation.id.clone())
            };
            let added = is_new.then(|| Change::MemberAdded(user.clone()));
            let removed = Change::MemberRemoved(guest.clone());
            let changes: Vec<_> = added.into_iter().chain([removed]).collect();
            if let Some(id) = id {
                self.webhooks.note(&id, &changes);
            }
        }
        self.webhooks.mark(&[gone]);
    }

    /// Forgets guests; the keys of those that existed, and what was made `note` of for each of their conversations.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn delete_guests<T>(
        &self,
        ids: &[PrincipalId],
        audience_limit: usize,
        note: impl FnMut(Moved) -> T,
    ) -> Result<(Vec<PrincipalKey>, Vec<T>), ChangeError> {
        let _turn = self.line.turn().await?;
        let keys: Vec<_> = ids.iter().filter_map(|id| self.find(id)).collect();
        if keys.is_empty() {
            return Ok((keys, Vec::new()));
        }
        self.store.delete_guests(ids).await?;
        self.guests.write().retain(|_, key| !keys.contains(key));
        let left: Vec<_> = keys.iter().map(|key| self.conversations_of(*key)).collect();
        let moved = forget(&mut self.directory.write(), &keys, audience_limit);
        for (key, left) in keys.iter().zip(left) {
            self.host.forget(*key);
            let id = self.directory().member(*key).id().clone();
            self.tell_forgotten(*key, &id, &left);
        }
        Ok((keys, moved.into_iter().map(note).collect()))
    }
}

/// A guest's profile in the directory.
pub(super) fn profile(guest: &StoredGuest) -> Profile {
    Profile {
        display_name: Some(guest.display_name.clone()),
        language: guest.language.clone(),
        set_by_api: true,
        ..Profile::default()
    }
}

fn random_guest_id() -> Result<PrincipalId, ChangeError> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes)?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match PrincipalId::guest(&format!("g_{digits}")) {
        Ok(id) => Ok(id),
        Err(_) => unreachable!("hexadecimal digits behind g_ are a guest's id"),
    }
}
