//! Who is online in a conversation, as each member is shown it where members are listed and counted.
//!
//! In: a conversation, and one member after another who is shown it. Out: how many are online, and the first of them.
//! Always true: of oneself one is shown what the others see; a large conversation costs what is shown of it, however many are there.

use vigie_core::{ConversationKey, Directory, Presence, PrincipalKey, Wall, face};

use super::Fanout;
use super::visibility::list_sight;

/// The members of one conversation at one instant.
pub(crate) struct OnlineMembers<'f> {
    fanout: &'f Fanout,
    conversation: ConversationKey,
    /// Everybody's state; `None` of a large conversation, where it is known who is present.
    states: Option<Vec<(PrincipalKey, Presence)>>,
    now: Wall,
}

/// What one member is shown.
#[derive(Debug, Default)]
pub(crate) struct Online {
    pub(crate) count: usize,
    pub(crate) first: Vec<(PrincipalKey, Presence)>,
}

impl<'f> OnlineMembers<'f> {
    pub(crate) fn of(fanout: &'f Fanout, conversation: ConversationKey) -> Self {
        Self {
            fanout,
            conversation,
            states: fanout.states_unless_large(conversation),
            now: fanout.host.now().wall,
        }
    }

    /// How many a member is shown as online, and the first `most` of them; nobody when the conversation is gone.
    pub(crate) fn shown_to(&self, watcher: PrincipalKey, most: usize) -> Online {
        match &self.states {
            Some(states) => self.among(states, watcher, most),
            None => self.in_large(watcher, most).unwrap_or_default(),
        }
    }

    fn among(
        &self,
        states: &[(PrincipalKey, Presence)],
        watcher: PrincipalKey,
        most: usize,
    ) -> Online {
        let directory = self.fanout.people.directory();
        let mut online = Online::default();
        for (key, presence) in states {
            if self.is_online(&directory, watcher, *key, presence) {
                online.count += 1;
                if online.first.len() < most {
                    online.first.push((*key, presence.clone()));
                }
            }
        }
        online
    }

    fn is_online(
        &self,
        directory: &Directory,
        watcher: PrincipalKey,
        key: PrincipalKey,
        presence: &Presence,
    ) -> bool {
        let sight = list_sight(directory, watcher, key);
        face(sight, presence, self.now).availability.is_online()
    }

    fn in_large(&self, watcher: PrincipalKey, most: usize) -> Option<Online> {
        let (count, first) = self
            .fanout
            .online_in_large(self.conversation, watcher, most)?;
        let (presences, _) = self.fanout.host.survey(&first);
        let directory = self.fanout.people.directory();
        let mut first: Vec<_> = first.into_iter().zip(presences).collect();
        // A change that is not told yet is counted when it is.
        first.retain(|(key, presence)| self.is_online(&directory, watcher, *key, presence));
        Some(Online { count, first })
    }
}
