//! Memberships, as the directory changes and knows them: who is in which conversation, who shares one, and who is told of whom.
//!
//! Always true: both sides of a membership know of it, and no list has anybody twice.

use crate::principal::PrincipalKey;

use super::{ConversationKey, Directory, insert_sorted, remove_sorted};

impl Directory {
    /// Makes a principal a member; says whether it was none.
    pub fn join(&mut self, conversation: ConversationKey, principal: PrincipalKey) -> bool {
        self.version += 1;
        let Some(Some(group)) = self.conversations.get_mut(conversation.index()) else {
            return false;
        };
        self.rows[principal.index()]
            .conversations
            .insert(conversation);
        insert_sorted(&mut group.members, principal)
    }

    /// Makes principals members, in a time that grows with the conversation and not with each of them; who was none.
    pub fn join_all(
        &mut self,
        conversation: ConversationKey,
        principals: &[PrincipalKey],
    ) -> Vec<PrincipalKey> {
        let Some(group) = self.conversation(conversation) else {
            return Vec::new();
        };
        let mut came = principals.to_vec();
        came.sort_unstable();
        came.dedup();
        came.retain(|principal| group.members.binary_search(principal).is_err());
        self.version += 1;
        for principal in &came {
            let conversations = &mut self.rows[principal.index()].conversations;
            conversations.insert(conversation);
        }
        if let Some(Some(group)) = self.conversations.get_mut(conversation.index()) {
            match came.as_slice() {
                [only] => drop(insert_sorted(&mut group.members, *only)),
                came => {
                    group.members.extend(came);
                    // Two sorted runs, which this sort merges.
                    group.members.sort();
                }
            }
        }
        came
    }

    /// Makes exactly these principals the members; who came and who left, sorted.
    pub fn replace_members(
        &mut self,
        conversation: ConversationKey,
        mut principals: Vec<PrincipalKey>,
    ) -> (Vec<PrincipalKey>, Vec<PrincipalKey>) {
        let Some(Some(group)) = self.conversations.get_mut(conversation.index()) else {
            return (Vec::new(), Vec::new());
        };
        self.version += 1;
        principals.sort_unstable();
        principals.dedup();
        let before = core::mem::replace(&mut group.members, principals);
        let came = without(&group.members, &before);
        let left = without(&before, &group.members);
        for principal in &came {
            let conversations = &mut self.rows[principal.index()].conversations;
            conversations.insert(conversation);
        }
        for principal in &left {
            let conversations = &mut self.rows[principal.index()].conversations;
            conversations.remove(conversation);
        }
        (came, left)
    }

    /// Makes principals the first members of a conversation, in memory for as many as there are.
    pub fn found(&mut self, conversation: ConversationKey, mut principals: Vec<PrincipalKey>) {
        self.version += 1;
        let Some(Some(group)) = self.conversations.get_mut(conversation.index()) else {
            return;
        };
        for principal in &principals {
            let conversations = &mut self.rows[principal.index()].conversations;
            conversations.insert(conversation);
        }
        principals.append(&mut group.members);
        principals.sort_unstable();
        principals.dedup();
        principals.shrink_to_fit();
        group.members = principals;
    }

    /// Ends a membership; says whether there was one.
    pub fn leave(&mut self, conversation: ConversationKey, principal: PrincipalKey) -> bool {
        self.version += 1;
        let Some(Some(group)) = self.conversations.get_mut(conversation.index()) else {
            return false;
        };
        self.rows[principal.index()]
            .conversations
            .remove(conversation);
        remove_sorted(&mut group.members, principal)
    }

    /// Whether a principal is a member of a conversation.
    #[must_use]
    pub fn is_member(&self, conversation: ConversationKey, principal: PrincipalKey) -> bool {
        self.member(principal)
            .conversations()
            .binary_search(&conversation)
            .is_ok()
    }

    /// Whether two principals share a conversation of any size: the right to see.
    #[must_use]
    pub fn share_conversation(&self, one: PrincipalKey, other: PrincipalKey) -> bool {
        self.share_conversation_up_to(usize::MAX, one, other)
    }

    /// Whether two principals share a conversation of at most `audience_limit` members: each is told of the other.
    #[must_use]
    pub fn are_subscribed(
        &self,
        one: PrincipalKey,
        other: PrincipalKey,
        audience_limit: usize,
    ) -> bool {
        self.share_conversation_up_to(audience_limit, one, other)
    }

    fn share_conversation_up_to(
        &self,
        limit: usize,
        one: PrincipalKey,
        other: PrincipalKey,
    ) -> bool {
        let one = self.member(one).conversations();
        let other = self.member(other).conversations();
        let (few, many) = if one.len() <= other.len() {
            (one, other)
        } else {
            (other, one)
        };
        few.iter()
            .filter(|key| many.binary_search(key).is_ok())
            .filter_map(|key| self.conversation(*key))
            .any(|conversation| conversation.members.len() <= limit)
    }

    /// Whoever is subscribed to a principal by membership, the principal included: once for each conversation that they share, in no order.
    ///
    /// A conversation above `audience_limit` grants the right to see, not a subscription.
    pub fn subscribers(
        &self,
        principal: PrincipalKey,
        audience_limit: usize,
    ) -> impl Iterator<Item = PrincipalKey> {
        let conversations = self.member(principal).conversations().iter();
        conversations
            .filter_map(|key| self.conversation(*key))
            .filter(move |conversation| conversation.members.len() <= audience_limit)
            .flat_map(|conversation| conversation.members.iter().copied())
            .chain([principal])
    }

    /// The [subscribers](Self::subscribers), each once and sorted by key.
    #[must_use]
    pub fn audience(&self, principal: PrincipalKey, audience_limit: usize) -> Vec<PrincipalKey> {
        let mut audience: Vec<_> = self.subscribers(principal, audience_limit).collect();
        audience.sort_unstable();
        audience.dedup();
        audience
    }
}

/// What one sorted list has and another has not.
fn without(list: &[PrincipalKey], other: &[PrincipalKey]) -> Vec<PrincipalKey> {
    let mut other = other.iter().copied().peekable();
    let mut alone = Vec::new();
    for key in list {
        while other.next_if(|other| other < key).is_some() {}
        if other.peek() != Some(key) {
            alone.push(*key);
        }
    }
    alone
}
