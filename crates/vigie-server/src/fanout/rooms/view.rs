//! One socket's view of a conversation: what its client holds, and what it still has to be told.
//!
//! In: a scene, and the members whose state may have changed. Out: the next message, if there is anything to say.
//! Always true: a message is made of the newest state and of what the client holds, so whoever reads slowly is told less often, and never something old;
//! and what waits for a view is at most a set of members.

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_core::{Id, PrincipalId, PrincipalKey, Watcher};

use super::diff::{Counts, Diff, Held, Told};
use super::ladder::Rung;
use super::scene::Scene;
use crate::fanout::connection::Connection;

/// A view that somebody looks at.
#[derive(Debug)]
pub(super) struct View {
    pub(super) connection: Arc<Connection>,
    /// The conversation's id, also when that is gone.
    pub(super) id: Id,
    /// The rung that its client was told of; `None` before the first message, and when a whole one is wanted.
    rung: Option<Rung>,
    held: Held,
    counts: Counts,
    /// Members that its client asked for.
    asked: Vec<PrincipalKey>,
    /// The last id of its window, when that is full: whoever comes behind it changes nothing in there.
    edge: Option<PrincipalId>,
    wants: Wants,
}

/// The members that are to be compared with what the client holds.
#[derive(Debug, PartialEq, Eq)]
enum Wants {
    Some(BTreeSet<PrincipalKey>),
    All,
}

/// Who may have changed since the latest round.
#[derive(Debug)]
pub(super) struct Dirty<'d> {
    /// Sorted.
    pub(super) keys: &'d [PrincipalKey],
    /// The first of their ids.
    pub(super) first: Option<&'d PrincipalId>,
}

/// What a client is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) rung: Rung,
    /// Whether it takes the place of what the client holds; else its joins come to that.
    pub(super) is_whole: bool,
    pub(super) diff: Diff,
    pub(super) counts: Counts,
}

impl View {
    pub(super) fn new(connection: Arc<Connection>, id: Id) -> Self {
        Self {
            connection,
            id,
            rung: None,
            held: Held::default(),
            counts: Counts::default(),
            asked: Vec::new(),
            edge: None,
            wants: Wants::All,
        }
    }

    pub(super) fn watcher(&self) -> PrincipalKey {
        self.connection.principal
    }

    /// Its client wants everything anew.
    pub(super) fn start_over(&mut self) {
        self.rung = None;
    }

    /// What its client holds may differ anywhere.
    pub(super) fn compare_all(&mut self) {
        self.wants = Wants::All;
    }

    /// Its client asks for these members, in the place of those it asked for before.
    pub(super) fn ask(&mut self, members: Vec<PrincipalKey>) {
        self.asked = members;
        self.wants = Wants::All;
    }

    /// Keeps in mind whom it still has to be told of; a window and counts are made anew each time, and need no memory.
    pub(super) fn want(&mut self, members: &[PrincipalKey]) {
        let is_listed = match self.rung {
            Some(Rung::Full | Rung::Batched) => true,
            Some(Rung::Window | Rung::Count) | None => false,
        };
        match &mut self.wants {
            Wants::Some(wanted) if is_listed => wanted.extend(members),
            Wants::Some(_) | Wants::All => self.wants = Wants::All,
        }
    }

    /// Whether a window may look otherwise after these changed.
    fn is_touched(&self, dirty: &Dirty<'_>) -> bool {
        let is_dirty = |key: &PrincipalKey| dirty.keys.binary_search(key).is_ok();
        let is_within = match (&self.edge, dirty.first) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(edge), Some(first)) => first <= edge,
        };
        self.wants == Wants::All
            || is_within
            || is_dirty(&self.watcher())
            || self.asked.iter().any(is_dirty)
    }

    /// What its client is to be told next, given who may have changed; `None` when it holds just that.
    pub(super) fn next(
        &mut self,
        scene: &Scene<'_>,
        rung: Rung,
        dirty: &Dirty<'_>,
    ) -> Option<Message> {
        let watcher = Watcher::Principal(self.watcher());
        let is_whole = self.rung != Some(rung);
        let is_untouched = !is_whole && !self.is_touched(dirty);
        let nothing = Held::default();
        let held = if is_whole { &nothing } else { &self.held };
        let candidates: Vec<PrincipalKey> = match rung {
            Rung::Count => Vec::new(),
            Rung::Full | Rung::Batched => match &self.wants {
                Wants::Some(wanted) if !is_whole => {
                    wanted.iter().chain(dirty.keys).copied().collect()
                }
                Wants::Some(_) | Wants::All => scene.listing(watcher).collect(),
            },
            Rung::Window if !is_untouched => {
                let (mut window, edge) = scene.window(watcher);
                window.extend(&self.asked);
                self.edge = edge;
                window
            }
            Rung::Window => Vec::new(),
        };
        let told = |key: PrincipalKey| (key, scene.told(watcher, key));
        // Whom it holds and no candidate names is gone from a window, and is looked at again in the others.
        let others: Vec<(PrincipalKey, Option<Told>)> = match rung {
            Rung::Count => Vec::new(),
            Rung::Window if is_untouched => Vec::new(),
            Rung::Window => held.keys().map(|key| (key, None)).collect(),
            Rung::Full | Rung::Batched if self.wants == Wants::All => {
                held.keys().map(told).collect()
            }
            Rung::Full | Rung::Batched => Vec::new(),
        };
        // The later of two that name one member counts.
        let now = others.into_iter().chain(candidates.into_iter().map(told));
        let diff = held.difference(now);
        let counts = self.count(scene, rung, held, &diff);
        if !is_whole && diff.is_empty() && counts == self.counts {
            return None;
        }
        Some(Message {
            rung,
            is_whole,
            diff,
            counts,
        })
    }

    fn count(&self, scene: &Scene<'_>, rung: Rung, held: &Held, diff: &Diff) -> Counts {
        let watcher = Watcher::Principal(self.watcher());
        match rung {
            // What is listed is counted, to the last member.
            Rung::Full | Rung::Batched => {
                let (online, here) = held.count_after(diff);
                Counts {
                    members: scene.count_members(watcher),
                    online,
                    here,
                }
            }
            Rung::Window | Rung::Count => scene.count(watcher),
        }
    }

    /// Its client was told this, or there was nothing to say.
    pub(super) fn told(&mut self, message: Option<&Message>) {
        self.wants = Wants::Some(BTreeSet::new());
        let Some(message) = message else {
            return;
        };
        if message.is_whole {
            self.held = Held::default();
        }
        self.rung = Some(message.rung);
        self.held.apply(&message.diff);
        self.counts = message.counts;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use fastrand::Rng;
    use vigie_core::{Availability, ConnectionId, Directory, Profile};

    use super::*;
    use crate::fanout::connection::Outbox;
    use crate::fanout::link::{Frame, Link, NoRoom};
    use crate::fanout::rooms::here::{Here, Metadata};
    use crate::fanout::rooms::index::{Index, Standing};
    use crate::fanout::rooms::scene::{WINDOW, here_public};

    /// Where nothing is sent: these tests look at what would be.
    #[derive(Debug)]
    struct Nowhere;

    impl Link for Nowhere {
        fn emit(&self, _: Frame) -> Result<(), NoRoom> {
            Err(NoRoom)
        }

        fn dismiss(&self) {}

        fn cut(&self) {}
    }

    /// A room of twice as many people as a window shows, some of them present, and a view of the last.
    struct Room {
        directory: Directory,
        people: Vec<PrincipalKey>,
        conversation: vigie_core::ConversationKey,
        index: Index,
        here: Here,
        view: View,
    }

    impl Room {
        fn new() -> Self {
            let mut directory = Directory::default();
            let conversation = directory.put_conversation("room".parse().unwrap(), None);
            let people: Vec<_> = (0..WINDOW * 2)
                .map(|number| {
                    let id = PrincipalId::user(&format!("user{:03}", number * 7 % 100)).unwrap();
                    directory.put(id, &Profile::default(), None)
                })
                .collect();
            directory.join_all(conversation, &people);
            let viewer = people[people.len() - 1];
            let outbox = (Outbox::new(1_000), Arc::default());
            let connection = Connection::new(ConnectionId(1), viewer, Box::new(Nowhere), outbox);
            Self {
                directory,
                people,
                conversation,
                index: Index::default(),
                here: Here::default(),
                view: View::new(Arc::new(connection), "room".parse().unwrap()),
            }
        }

        fn change(&mut self, key: PrincipalKey, standing: Standing, rng: &mut Rng) {
            let id = self.directory.member(key).id();
            self.index.note(id, key, standing);
            if rng.bool() {
                self.here.open(key, ConnectionId(2), Metadata::Unchanged);
            } else {
                self.here.close(key, ConnectionId(2));
            }
        }

        /// Tells the view of these, or fails to.
        fn tell(&mut self, rung: Rung, dirty: &[PrincipalKey], has_room: bool) {
            let scene = scene(&self.directory, self.conversation, &self.index, &self.here);
            let ids = dirty.iter().map(|key| self.directory.member(*key).id());
            let dirty = Dirty {
                keys: dirty,
                first: ids.min(),
            };
            if has_room {
                let message = self.view.next(&scene, rung, &dirty);
                self.view.told(message.as_ref());
            } else {
                self.view.want(dirty.keys);
            }
        }

        fn expected(&self, rung: Rung) -> Held {
            let scene = scene(&self.directory, self.conversation, &self.index, &self.here);
            let watcher = Watcher::Principal(self.view.watcher());
            let mut keys = match rung {
                Rung::Full | Rung::Batched => self.people.clone(),
                Rung::Window => [scene.window(watcher).0, self.view.asked.clone()].concat(),
                Rung::Count => Vec::new(),
            };
            keys.sort_unstable();
            let told = keys.into_iter().map(|key| (key, scene.told(watcher, key)));
            let mut held = Held::default();
            let diff = held.difference(told);
            held.apply(&diff);
            held
        }
    }

    fn scene<'s>(
        directory: &'s Directory,
        conversation: vigie_core::ConversationKey,
        index: &'s Index,
        here: &'s Here,
    ) -> Scene<'s> {
        Scene {
            directory,
            conversation,
            members: directory
                .conversation(conversation)
                .unwrap()
                .members()
                .len(),
            here,
            index,
            here_public: here_public(directory, index, here),
        }
    }

    #[test]
    fn a_view_holds_the_truth_whenever_its_link_took_what_there_was() {
        for seed in 0..30 {
            let mut rng = Rng::with_seed(seed);
            let mut room = Room::new();
            let mut rung = Rung::Window;
            // With fewer a window is seldom full.
            let presence = 0.5 + rng.f32() / 2.0;
            for key in room.people.clone() {
                room.change(key, Standing::Public(Availability::Away), &mut rng);
            }
            for step in 0..300 {
                if rng.u32(..30) == 0 {
                    rung = [Rung::Batched, Rung::Window, Rung::Count][rng.usize(..3)];
                }
                if rng.u32(..20) == 0 {
                    let chosen = |_| room.people[rng.usize(..room.people.len())];
                    let asked = (0..5).map(chosen).collect();
                    room.view.ask(asked);
                }
                let mut dirty = Vec::new();
                for _ in 0..rng.usize(..4) {
                    let key = room.people[rng.usize(..room.people.len())];
                    let standing = if rng.f32() < presence {
                        Standing::Public(Availability::Online)
                    } else {
                        Standing::Absent
                    };
                    room.change(key, standing, &mut rng);
                    dirty.push(key);
                }
                dirty.sort_unstable();
                dirty.dedup();
                let has_room = rng.u32(..4) > 0;
                room.tell(rung, &dirty, has_room);
                if has_room {
                    let (held, expected) = (&room.view.held, room.expected(rung));
                    assert_eq!(*held, expected, "seed {seed}, step {step}, {rung:?}");
                }
            }
        }
    }
}
