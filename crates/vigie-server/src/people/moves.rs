//! Changes of who is in which conversation, as whoever tells of them needs to know them.
//!
//! In: the directory, locked by whoever changes it. Out: who was a member right before the change, who came and who left.
//! Always true: what a change calls before it is what the change before that one left behind, however their callers overlap;
//! and nothing copies the members of a conversation that has more than `audience_limit` of them on both sides of the change.

use vigie_core::{ConversationKey, Directory, PrincipalKey, Sight, Watcher};

/// Who was a member before a change, as far as whoever tells of it needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// All of them.
    Members(Vec<PrincipalKey>),
    /// More than `audience_limit`, and as many after it: nobody is subscribed by it, and nobody copies so many.
    Many,
}

/// One change of one conversation's members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Whose members.
    pub conversation: ConversationKey,
    /// Who they were right before it.
    pub before: Before,
    /// Who was none and is one, sorted.
    pub came: Vec<PrincipalKey>,
    /// Who was one and is none, sorted.
    pub left: Vec<PrincipalKey>,
    /// Of the members before it, who looked like nobody to whom for a block, as watcher and seen, sorted; where there were many, of those alone who left.
    pub strangers: Vec<(PrincipalKey, PrincipalKey)>,
}

impl Moved {
    /// A change that is about to leave a conversation at least `least` members, given how many it has; `going` are about to leave, as far as that is known.
    pub(super) fn begin(
        directory: &Directory,
        conversation: ConversationKey,
        audience_limit: usize,
        least: impl FnOnce(usize) -> usize,
        going: &[PrincipalKey],
    ) -> Self {
        let members = directory
            .conversation(conversation)
            .map_or(&[][..], vigie_core::Conversation::members);
        let is_large = members.len() > audience_limit && least(members.len()) > audience_limit;
        let (before, strangers) = if is_large {
            (Before::Many, strangers(directory, conversation, going))
        } else {
            let strangers = strangers(directory, conversation, members);
            (Before::Members(members.to_vec()), strangers)
        };
        Self {
            conversation,
            before,
            came: Vec::new(),
            left: Vec::new(),
            strangers,
        }
    }

    /// The change was made, and these came and left by it, which nobody knew before.
    pub(super) fn made(
        self,
        directory: &Directory,
        came: Vec<PrincipalKey>,
        left: Vec<PrincipalKey>,
    ) -> Self {
        let strangers = match self.before {
            Before::Members(_) => self.strangers,
            Before::Many => strangers(directory, self.conversation, &left),
        };
        Self {
            came,
            left,
            strangers,
            ..self
        }
    }
}

/// Forgets principals, which ends their memberships; what that changed in each of their conversations.
pub(super) fn forget(
    directory: &mut Directory,
    going: &[PrincipalKey],
    audience_limit: usize,
) -> Vec<Moved> {
    let of_one = |key: &PrincipalKey| directory.member(*key).conversations().to_vec();
    let mut conversations: Vec<_> = going.iter().flat_map(of_one).collect();
    conversations.sort_unstable();
    conversations.dedup();
    let moved = conversations.into_iter().map(|conversation| {
        let is_member = |key: &&PrincipalKey| directory.is_member(conversation, **key);
        let mut left: Vec<_> = going.iter().filter(is_member).copied().collect();
        left.sort_unstable();
        let least = |members: usize| members.saturating_sub(left.len());
        let moved = Moved::begin(directory, conversation, audience_limit, least, &left);
        Moved { left, ..moved }
    });
    let moved = moved.collect();
    for key in going {
        directory.delete(*key);
    }
    moved
}

/// The pairs of members, with one of these in each, of whom one looks like nobody to the other for a block.
fn strangers(
    directory: &Directory,
    conversation: ConversationKey,
    among: &[PrincipalKey],
) -> Vec<(PrincipalKey, PrincipalKey)> {
    let mut pairs = Vec::new();
    for one in among {
        if !directory.member(*one).has_blocks() {
            continue;
        }
        let others = directory.block_partners(*one).into_iter();
        for other in others.filter(|other| directory.is_member(conversation, *other)) {
            pairs.extend([(*one, other), (other, *one)]);
        }
    }
    // Moderators see whom they blocked, and who blocked them.
    pairs.retain(|(watcher, seen)| {
        directory.sight(Watcher::Principal(*watcher), *seen) == Sight::Nothing
    });
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
