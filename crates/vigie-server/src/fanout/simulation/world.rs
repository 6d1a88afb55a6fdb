//! The simulated world: one server, its people and their clients, moved one step at a time.
//!
//! Always true: after each step every new frame was compared with the truth of that instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;
use tempfile::TempDir;
use vigie_core::{
    Chosen, ChosenStatus, ConnectionId, Id, Mono, Now, PrincipalId, PrincipalKey, Privacy, Reach,
    SessionId, SightRules, Signal, Wall,
};
use vigie_store::{Incarnation, Store};

mod acts;
mod judge;
mod links;
mod server;

use server::Server;

use super::client::{Kept, Wire};
use super::truth::{Truth, unknown, without_moving_times};
use super::twins::{Hiding, Secret, without_cursor};
use super::{Bug, Finding};
use crate::clock::Clock;
use crate::config::Config;
use crate::cursor::Seals;
use crate::engine_host::{Arrival, EngineHost, decide_due};
use crate::fanout::rooms::Metadata;
use crate::fanout::sights::Sights;
use crate::fanout::window::WINDOW;
use crate::fanout::{Connection, Fanout, MembersChange, Positions, Wanted};
use crate::flusher::Flusher;
use crate::limits::Reached;
use crate::people::{People, UserPatch};
use crate::webhooks::Webhooks;

const PEOPLE: [&str; 6] = ["ann", "ben", "cem", "dot", "eva", "fay"];
const CONVERSATIONS: [&str; 3] = ["one", "two", "all"];
const CLIENTS: usize = 7;

struct Client {
    who: &'static str,
    /// Whether its links make somebody present.
    has_session: bool,
    kept: Kept,
    live: Option<Live>,
    session: Option<SessionId>,
    /// How many it has had: each has an id of its own, whatever others do.
    sessions: u64,
    /// The conversations that its link looks at.
    opened: BTreeSet<&'static str>,
    /// Whom its link follows outside its conversations.
    watched: BTreeSet<&'static str>,
    /// Whom it followed: it looks at nothing of them any more.
    forgotten: BTreeSet<&'static str>,
}

struct Live {
    connection: Arc<Connection>,
    wire: Wire,
}

pub(super) struct World {
    _folder: TempDir,
    url: String,
    config: Config,
    clock: Clock,
    server: Server,
    clients: Vec<Client>,
    truth: Truth,
    /// Changes of members that were made and that nobody has asked to be told yet.
    untold: Vec<MembersChange>,
    /// Sessions of people who have no client here.
    elsewhere: BTreeMap<&'static str, ConnectionId>,
    /// How many there were of those, for each has an id of its own.
    devices: u64,
    bug: Option<Bug>,
    log: Vec<String>,
    /// Somebody whose life nobody else may notice.
    secret: Option<Secret>,
    steps: usize,
    /// What everybody but the secret one was sent, with step and instant.
    heard: Vec<String>,
}

impl World {
    pub(super) async fn new(rng: &mut Rng, bug: Option<Bug>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("vigie.db").display());
        let mut config = Config::default();
        // The whole world is a conversation that may or may not subscribe.
        config.limits.audience = rng.choice([4, 1_000]).unwrap();
        // So that all rungs of a conversation's presence are there.
        config.limits.room_full = rng.choice([3, 100]).unwrap();
        config.limits.room_viewers = rng.choice([1, 2, 2_000]).unwrap();
        config.reciprocal_visibility = rng.u8(..4) == 0;
        config.limits.slow_socket.0 = rng.choice([2_000, 512 * 1_024]).unwrap();
        let clock = Clock::simulated(Now {
            mono: Mono::from_millis(1_000_000),
            wall: Wall::from_millis(1_700_000_000_000),
        });
        let server = Server::start(&url, &config, &clock).await;
        let clients = (0..CLIENTS).map(|number| Client {
            who: PEOPLE[number % 4],
            has_session: rng.bool(),
            kept: Kept::default(),
            live: None,
            session: None,
            sessions: 0,
            opened: BTreeSet::new(),
            watched: BTreeSet::new(),
            forgotten: BTreeSet::new(),
        });
        let truth = Truth {
            is_reciprocal: config.reciprocal_visibility,
            ..Truth::default()
        };
        let mut world = Self {
            _folder: folder,
            url,
            config,
            clock,
            server,
            clients: clients.collect(),
            truth,
            untold: Vec::new(),
            elsewhere: BTreeMap::new(),
            devices: 0,
            bug,
            log: Vec::new(),
            secret: None,
            steps: 0,
            heard: Vec::new(),
        };
        for who in PEOPLE {
            let id = PrincipalId::user(who).unwrap();
            let patch = UserPatch::default();
            world
                .server
                .people
                .put_user(id, patch, |_| ())
                .await
                .unwrap();
        }
        for conversation in CONVERSATIONS {
            world.truth.conversations.entry(conversation).or_default();
            for who in PEOPLE {
                if rng.u8(..3) > 0 {
                    world.meet(conversation, who).await;
                }
            }
        }
        world
    }

    /// A world in which somebody hides from the beginning.
    pub(super) async fn with_secret(rng: &mut Rng, secret: Secret) -> Self {
        let mut world = Self::new(rng, None).await;
        world.secret = Some(secret);
        for client in &mut world.clients[..4] {
            client.has_session = true;
        }
        world.hide(secret).await;
        // A crash may forget what was chosen within the last half second.
        world.server.flusher.flush().await.unwrap();
        world
    }

    /// What everybody but the secret one was sent.
    pub(super) fn take_heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }

    /// Whether somebody stays away whatever the seed says.
    fn stays_away(&self, who: &str) -> bool {
        self.secret
            .is_some_and(|secret| secret.who == who && !secret.is_lived)
    }

    /// Something happens, or the server does a part of its work; whatever was sent is checked.
    pub(super) async fn step(&mut self, rng: &mut Rng) -> Result<(), Finding> {
        let who = rng.choice(PEOPLE).unwrap();
        let conversation = rng.choice(CONVERSATIONS).unwrap();
        let number = rng.usize(..CLIENTS);
        self.steps += 1;
        match rng.u32(..100) {
            0..8 => self.turn_around(who, rng.bool()),
            8..10 => self.force(who, rng.bool()),
            10..14 => self.choose(who, rng),
            14..16 => self.let_see(who, rng).await,
            16..18 => self.block(who, rng).await,
            18..22 => self.meet(conversation, who).await,
            22..26 => self.part(conversation, who).await,
            26 if rng.u8(..3) == 0 => self.end(conversation).await,
            26..30 => self.ask_to_tell(rng),
            30..41 => self.connect_or_drop(number, rng.bool()),
            41..43 => self.watch(number, who),
            43..45 => self.open_or_close(number, conversation),
            45..47 => self.ask_again(number),
            47..57 => self.read(number, rng.usize(..4)),
            57..67 => self.tell(),
            67..70 => self.tell_rooms().await,
            70..84 => self.look(),
            84..88 => self.restamp(number),
            88..94 => self.pass(Duration::from_millis(rng.u64(..6_000))),
            94..96 => self.pass(Duration::from_secs(rng.u64(..400))),
            96..98 => self.server.flusher.flush().await.unwrap(),
            98 => self.restart(true).await,
            _ => self.restart(false).await,
        }
        self.check()?;
        Box::pin(self.provoke(rng, who, number, conversation)).await
    }

    /// More of what a planted bug needs to show itself, so that few seeds do.
    async fn provoke(
        &mut self,
        rng: &mut Rng,
        who: &'static str,
        number: usize,
        conversation: &'static str,
    ) -> Result<(), Finding> {
        match self.bug {
            Some(Bug::CrashKeepsCursors) if rng.u8(..20) == 0 => {
                // What was just told and read is lost.
                let who = self.clients[number].who;
                for _ in 0..3 {
                    self.force(who, rng.bool());
                    self.tell();
                    self.look();
                    (0..CLIENTS).for_each(|client| self.read(client, usize::from(u8::MAX)));
                    self.check()?;
                }
                self.restart(false).await;
            }
            Some(Bug::DiffsAreLost) => match rng.u8(..8) {
                0 => self.open_or_close(number, conversation),
                1 | 2 => self.tell_rooms().await,
                _ => {}
            },
            Some(_) | None => {}
        }
        if self.secret.is_some() {
            self.look_closely(rng, who, conversation).await?;
        }
        self.check()
    }

    /// More of those moments at which somebody could notice what is hidden: conversations are open, and nothing is far apart.
    async fn look_closely(
        &mut self,
        rng: &mut Rng,
        who: &'static str,
        conversation: &'static str,
    ) -> Result<(), Finding> {
        // Else a change of members may wait to be told while others have their turns.
        if rng.u8(..3) == 0 {
            self.ask_to_tell(rng);
            self.tell();
            self.tell_rooms().await;
            self.check()?;
        }
        self.pass_silently(Duration::from_millis(rng.u64(..400)));
        // Few, so that the hidden one is often the only one.
        let viewer = rng.choice([0, 3]).unwrap();
        match rng.u8(..6) {
            0 | 1 => self.open_or_close(viewer, conversation),
            2 if self.clients[viewer].live.is_none() => self.connect(viewer),
            3 => self.force(who, rng.bool()),
            4 => self.turn_around("dot", rng.bool()),
            _ => {}
        }
        self.tell();
        self.tell_rooms().await;
        if rng.bool() {
            self.look();
        }
        self.check()
    }

    fn key(&self, who: &str) -> PrincipalKey {
        let id = PrincipalId::user(who).unwrap();
        self.server.people.find(&id).unwrap()
    }

    fn note(&mut self, what: String) {
        let (step, at) = (self.steps, self.clock.now().mono);
        self.log.push(format!("step {step} {at:?} {what}"));
    }

    /// One round of those who tell views of conversations.
    async fn tell_rooms(&self) {
        self.server.fanout.tell_rooms().await;
    }

    /// One round of the announcer.
    fn tell(&mut self) {
        for wish in &self.server.fanout.take_wishes() {
            self.server.fanout.grant(wish);
        }
        if self.bug == Some(Bug::LosesNews) {
            self.server.host.take_news(1);
        }
        self.server.fanout.tell_news();
    }

    /// The windows of all sockets that are watched end.
    fn look(&mut self) {
        let ids = self.server.fanout.watched.take();
        if self.bug != Some(Bug::WindowIsForgotten) {
            self.server.fanout.look_at_all(&ids);
        }
    }

    /// Everybody connects, and everything that waits is told and read.
    pub(super) async fn come_to_rest(&mut self, rng: &mut Rng) -> Result<(), Finding> {
        // Each round sends at least as much as the smallest pace lets through, or finds nothing.
        self.calm_down(rng, 500).await?;
        let unread = self
            .clients
            .iter()
            .filter_map(|client| client.live.as_ref());
        if unread.map(|live| live.wire.unread()).sum::<usize>() > 0 {
            return Err("it does not come to rest".to_owned());
        }
        Ok(())
    }

    /// Everybody connects, and in so many rounds what waits is told and read.
    pub(super) async fn calm_down(&mut self, rng: &mut Rng, rounds: usize) -> Result<(), Finding> {
        for number in 0..CLIENTS {
            if self.clients[number].live.is_none() {
                self.connect(number);
                self.check()?;
            }
        }
        self.ask_to_tell(rng);
        // Whoever is in grace, idle, or has chosen for a while is decided now, so that nothing is due later.
        self.pass(Duration::from_secs(400));
        for _ in 0..rounds {
            // A view without room is tried again when the window is over.
            self.pass_silently(WINDOW);
            self.tell();
            self.tell_rooms().await;
            self.check()?;
            for number in 0..CLIENTS {
                self.read(number, usize::from(u8::MAX));
            }
            self.look();
            self.check()?;
        }
        Ok(())
    }
}

fn conversation_id(text: &str) -> Id {
    text.parse().unwrap()
}
