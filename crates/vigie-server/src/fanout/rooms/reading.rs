//! Who is in a conversation, for whoever asks once: counts, and pages of those who are present.
//!
//! In: a watcher, a conversation, and the id behind which the page begins. Out: what a view of the same watcher would hold.
//! Always true: a page begins behind an id, whether or not anybody has it, so that what comes back tells nothing of that id; and nothing reads a million states in one go.

use vigie_core::{ConversationKey, Presence, PrincipalId, PrincipalKey, Wall, Watcher};

use super::diff::{Counts, Told};
use super::gathering::Gathering;
use super::here::Here;
use super::index::Index;
use super::indexing::READ;
use super::scene::{Scene, here_public};
use super::wire::Entry;
use crate::fanout::Fanout;
use crate::fanout::visibility::shown;

/// A member who is shown as present, with the time that goes with it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) id: PrincipalId,
    pub(crate) entry: Entry,
    /// Last proof that the member was there, where the watcher may know.
    pub(crate) last_active_at: Option<Wall>,
}

/// Some of those who are present.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) counts: Counts,
    pub(crate) members: Vec<Seen>,
    /// The id behind which the next page begins, when there is one.
    pub(crate) next: Option<PrincipalId>,
}

impl Fanout {
    /// How many are in a conversation, as a watcher may know; `None` when it is gone.
    pub(crate) fn count_conversation(
        &self,
        watcher: Watcher,
        conversation: ConversationKey,
    ) -> Option<Counts> {
        self.with_scene(conversation, |scene| scene.count(watcher))
    }

    /// Those who are present in a conversation, at most `most` of them, behind an id.
    pub(crate) fn page_conversation(
        &self,
        watcher: Watcher,
        conversation: ConversationKey,
        after: Option<&PrincipalId>,
        most: usize,
    ) -> Option<Page> {
        let (counts, mut people, entries) = self.with_scene(conversation, |scene| {
            let people = page(scene, watcher, after, most + 1);
            let entry = |(key, told): &(PrincipalKey, Told)| {
                Entry::of(scene.directory, scene.here, *key, *told)
            };
            let entries: Vec<_> = people.iter().take(most).map(entry).collect();
            (scene.count(watcher), people, entries)
        })?;
        let is_more = people.len() > most;
        people.truncate(most);
        let keys: Vec<_> = people.iter().map(|(key, _)| *key).collect();
        let (presences, _) = self.host.survey(&keys);
        let now = self.host.now().wall;
        let directory = self.people.directory();
        let times = keys.iter().zip(&presences).map(|(key, presence)| {
            let sight = directory.sight(watcher, *key);
            let member = directory.member(*key);
            let shown = shown(sight, Some(member), member.id(), Some(presence), now);
            (member.id().clone(), shown.face.last_proof_at)
        });
        let last = keys.last().filter(|_| is_more);
        Some(Page {
            counts,
            next: last.map(|key| directory.member(*key).id().clone()),
            members: entries
                .into_iter()
                .zip(times)
                .map(|(entry, (id, last_active_at))| Seen {
                    id,
                    entry,
                    last_active_at,
                })
                .collect(),
        })
    }

    /// The members of a conversation with their states; `None` of a large one.
    pub(in crate::fanout) fn states_unless_large(
        &self,
        conversation: ConversationKey,
    ) -> Option<Vec<(PrincipalKey, Presence)>> {
        if self.is_large(conversation) {
            return None;
        }
        let members = self.people.members_of(conversation);
        let mut states = Vec::with_capacity(members.len());
        for some in members.chunks(READ) {
            let (presences, _) = self.host.survey(some);
            states.extend(some.iter().copied().zip(presences));
        }
        Some(states)
    }

    /// How many a member of a large conversation is shown as online, and the first `most` of them; `None` when it is gone.
    pub(in crate::fanout) fn online_in_large(
        &self,
        conversation: ConversationKey,
        watcher: PrincipalKey,
        most: usize,
    ) -> Option<(usize, Vec<PrincipalKey>)> {
        self.with_scene(conversation, |scene| scene.online(watcher, most))
    }

    /// Lets `read` see a conversation as it is; `None` when it is gone.
    fn with_scene<T>(
        &self,
        conversation: ConversationKey,
        read: impl FnOnce(&Scene<'_>) -> T,
    ) -> Option<T> {
        let is_large = self.is_large(conversation);
        let mut gatherings = self.gatherings();
        if is_large {
            self.rooms
                .is_used
                .store(true, std::sync::atomic::Ordering::Release);
            self.ensure_index(&mut gatherings, conversation);
        }
        let known = gatherings.table.get(&conversation);
        let fresh: Index;
        let nobody = Here::default();
        let index = match known.and_then(|gathering| gathering.index.as_ref()) {
            Some(index) => index,
            None => {
                fresh = self.read_index(conversation);
                &fresh
            }
        };
        let directory = self.people.directory();
        let members = directory.conversation(conversation)?.members().len();
        let here = known.map_or(&nobody, |gathering: &Gathering| &gathering.here);
        let is_counted = known.is_some_and(|gathering| gathering.index.is_some());
        let scene = Scene {
            directory: &directory,
            conversation,
            members,
            here,
            index,
            here_public: if is_counted {
                here.public()
            } else {
                here_public(&directory, index, here)
            },
        };
        Some(read(&scene))
    }
}

/// The first of those behind an id whom a watcher is shown, in the order of ids.
fn page(
    scene: &Scene<'_>,
    watcher: Watcher,
    after: Option<&PrincipalId>,
    most: usize,
) -> Vec<(PrincipalKey, Told)> {
    let told = |key: PrincipalKey| scene.told(watcher, key).map(|told| (key, told));
    let mut people: Vec<(PrincipalKey, Told)> = Vec::new();
    if scene.sees_others(watcher) {
        let public = scene.index.public_after(after);
        people.extend(public.filter_map(|(_, key)| told(key)).take(most));
    }
    match watcher {
        Watcher::Service => {
            let hidden = scene.index.hidden_after(after);
            people.extend(hidden.filter_map(|(_, key)| told(key)).take(most));
        }
        Watcher::Principal(own) => {
            let is_behind = after.is_none_or(|after| scene.directory.member(own).id() > after);
            people.extend(told(own).filter(|_| is_behind));
        }
    }
    let id = |key: PrincipalKey| scene.directory.member(key).id();
    people.sort_by(|(one, _), (other, _)| id(*one).cmp(id(*other)));
    people.dedup();
    people.truncate(most);
    people
}
