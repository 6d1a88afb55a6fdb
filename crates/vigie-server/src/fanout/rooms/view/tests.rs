//! A view against the truth, on every rung, with links that have room and links that have none.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use fastrand::Rng;
use vigie_core::{Availability, ConnectionId, Directory, Profile};

use super::*;
use crate::fanout::connection::Outbox;
use crate::fanout::link::{Frame, Link, NoRoom};
use crate::fanout::rooms::here::{Here, Metadata};
use crate::fanout::rooms::index::{Index, Standing};
use crate::fanout::rooms::marks::{Concerns, Mark, Marks};
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
        let mut marks = Marks::default();
        for key in dirty {
            marks.note(*key, Mark::Shown);
        }
        let concerns = Concerns::new(&self.directory, &marks);
        let concern = concerns.of(self.view.watcher());
        if has_room {
            let message = self.view.next(&scene, rung, &concern);
            self.view.told(message.as_ref());
        } else {
            self.view.want(&concern);
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
