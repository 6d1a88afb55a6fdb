//! A conversation at one instant, as each watcher may know it.
//!
//! In: who is present, who is here, and the directory's facts. Out: what one watcher is told of one member, and how many it may count.
//! Always true: whoever a watcher may not see is neither listed nor counted, and what is told of somebody depends on nothing that is hidden from that watcher.

use vigie_core::{
    Availability, ConversationKey, Directory, PrincipalId, PrincipalKey, Sight, Watcher,
};

use super::diff::{Counts, Told};
use super::here::Here;
use super::index::{Index, Standing};
use super::marks::sees_others;

/// Present members that a viewer of a large conversation is shown without asking.
pub(super) const WINDOW: usize = 50;

/// How many of those who are here are shown as present, counted one by one.
pub(super) fn here_public(directory: &Directory, index: &Index, here: &Here) -> usize {
    let standing = |key: &PrincipalKey| index.standing(directory.member(*key).id());
    let people = here.people();
    people.filter(|key| standing(key).is_public()).count()
}

/// A conversation at one instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'s> {
    pub(super) directory: &'s Directory,
    pub(super) conversation: ConversationKey,
    /// How many members there are.
    pub(super) members: usize,
    pub(super) here: &'s Here,
    pub(super) index: &'s Index,
    /// How many of those who are here are shown as present.
    pub(super) here_public: usize,
}

impl<'s> Scene<'s> {
    /// What a watcher is told of a member; `None` of whoever is not shown as present.
    pub(super) fn told(&self, watcher: Watcher, key: PrincipalKey) -> Option<Told> {
        let availability = self.availability(watcher, key)?;
        Some(Told {
            availability,
            is_here: self.here.is_here(key),
            metadata: self.here.metadata(key).map_or(0, |(stamp, _)| stamp),
        })
    }

    fn availability(&self, watcher: Watcher, key: PrincipalKey) -> Option<Availability> {
        if !self.directory.is_member(self.conversation, key) {
            return None;
        }
        let standing = self.index.standing(self.directory.member(key).id());
        let is_own = watcher == Watcher::Principal(key);
        let sight = self.directory.sight(watcher, key);
        match (standing, sight) {
            (Standing::Public(availability), _) if sight.follows() => Some(availability),
            // Invisible people see themselves in a conversation as others do.
            (Standing::Hidden(own), Sight::Whole) if !(is_own && own.is_veiled) => {
                Some(own.availability)
            }
            (Standing::Public(_) | Standing::Hidden(_) | Standing::Absent, _) => None,
        }
    }

    /// Whether a watcher may see anybody beside itself as present.
    pub(super) fn sees_others(&self, watcher: Watcher) -> bool {
        match watcher {
            Watcher::Service => true,
            Watcher::Principal(key) => sees_others(self.directory, key),
        }
    }

    /// Those who are to a watcher as if they did not exist, members or not.
    fn unseen(&self, watcher: Watcher) -> Vec<PrincipalKey> {
        let Watcher::Principal(key) = watcher else {
            return Vec::new();
        };
        let looking = self.directory.member(key);
        if !looking.has_blocks() {
            return Vec::new();
        }
        let mut unseen = [looking.blocked(), looking.blockers()].concat();
        unseen.sort_unstable();
        unseen.dedup();
        unseen.retain(|other| self.directory.sight(watcher, *other) == Sight::Nothing);
        unseen
    }

    /// How many members a watcher may know of.
    pub(super) fn count_members(&self, watcher: Watcher) -> usize {
        self.members_less(&self.unseen(watcher))
    }

    fn members_less(&self, unseen: &[PrincipalKey]) -> usize {
        let is_member = |key: &&PrincipalKey| self.directory.is_member(self.conversation, **key);
        self.members - unseen.iter().filter(is_member).count()
    }

    /// How many a watcher may know of, without looking at each.
    pub(super) fn count(&self, watcher: Watcher) -> Counts {
        let unseen = self.unseen(watcher);
        let standing = |key: &PrincipalKey| self.index.standing(self.directory.member(*key).id());
        let is_public = |key: &PrincipalKey| matches!(standing(key), Standing::Public(_));
        let (mut online, mut here) = (0, 0);
        if self.sees_others(watcher) {
            // Also who has just left, and is still known as present.
            let hidden: Vec<_> = unseen.iter().filter(|key| is_public(key)).collect();
            online = self.index.public() - hidden.len();
            here = self.here_public
                - hidden
                    .iter()
                    .filter(|key| self.here.is_here(***key))
                    .count();
        }
        match watcher {
            Watcher::Service => {
                let hidden = || self.index.hidden_after(None);
                online += self.index.hidden();
                here += hidden().filter(|(_, key)| self.here.is_here(*key)).count();
            }
            Watcher::Principal(own) => {
                let is_counted = self.sees_others(watcher) && is_public(&own);
                if let Some(told) = self.told(watcher, own).filter(|_| !is_counted) {
                    online += 1;
                    here += usize::from(told.is_here);
                }
            }
        }
        Counts {
            members: self.members_less(&unseen),
            online,
            here,
        }
    }

    /// How many a member is shown as present where members are listed, and the first `most` of them: of oneself what the others see.
    pub(super) fn online(&self, own: PrincipalKey, most: usize) -> (usize, Vec<PrincipalKey>) {
        let watcher = Watcher::Principal(own);
        if !self.sees_others(watcher) {
            // Nor is it shown itself, for nobody else is shown it.
            return (0, Vec::new());
        }
        let unseen = self.unseen(watcher);
        let standing = |key: &PrincipalKey| self.index.standing(self.directory.member(*key).id());
        let unseen = unseen.iter().filter(|key| standing(key).is_public());
        let people = self.index.public_after(None).map(|(_, key)| key);
        let listed =
            people.filter(|key| *key == own || self.directory.sight(watcher, *key).follows());
        (
            self.index.public() - unseen.count(),
            listed.take(most).collect(),
        )
    }

    /// Everybody whom a watcher may be shown as present.
    pub(super) fn listing(&self, watcher: Watcher) -> impl Iterator<Item = PrincipalKey> + use<'s> {
        let own = match watcher {
            Watcher::Principal(own) => Some(own),
            Watcher::Service => None,
        };
        let people = self.index.public_after(None).map(|(_, key)| key);
        people.chain(own)
    }

    /// The first of them, and oneself; whoever has a larger id than the last of a full window is not in it.
    pub(super) fn window(&self, watcher: Watcher) -> (Vec<PrincipalKey>, Option<PrincipalId>) {
        let own = match watcher {
            Watcher::Principal(own) => Some(own),
            Watcher::Service => None,
        };
        if !self.sees_others(watcher) {
            return (own.into_iter().collect(), None);
        }
        let people = self.index.public_after(None);
        let seen = people.filter(|(_, key)| self.directory.sight(watcher, *key).follows());
        let window: Vec<_> = seen.take(WINDOW).collect();
        let edge = window.get(WINDOW - 1).map(|(id, _)| (*id).clone());
        let keys = window.into_iter().map(|(_, key)| key);
        (keys.chain(own).collect(), edge)
    }
}

#[cfg(test)]
mod tests;
