//! The simulated world: one server, its people and their clients, moved one step at a time.
//!
//! Always true: after each step every new frame was compared with the truth of that instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tempfile::TempDir;
use vigie_core::{
    Chosen, ChosenStatus, ConnectionId, ConversationKey, Id, Mono, Now, PrincipalId, PrincipalKey,
    Privacy, Reach, SessionId, SightRules, Signal, Wall,
};
use vigie_store::{Incarnation, Store};

use super::client::{Kept, Wire};
use super::truth::{Truth, unknown, without_moving_times};
use super::{Bug, Finding};
use crate::clock::Clock;
use crate::config::Config;
use crate::cursor::Seals;
use crate::engine_host::{Arrival, EngineHost, decide_due};
use crate::fanout::rooms::Metadata;
use crate::fanout::sights::Sights;
use crate::fanout::window::WINDOW;
use crate::fanout::{Connection, Fanout, Positions, Wanted};
use crate::flusher::Flusher;
use crate::limits::Reached;
use crate::people::{Before, People, UserPatch};
use crate::webhooks::Webhooks;

const PEOPLE: [&str; 6] = ["ann", "ben", "cem", "dot", "eva", "fay"];
const CONVERSATIONS: [&str; 3] = ["one", "two", "all"];
const CLIENTS: usize = 7;

/// The parts of a server that the fan-out works with.
struct Server {
    host: Arc<EngineHost>,
    people: Arc<People>,
    fanout: Fanout,
    flusher: Flusher,
    store: Arc<dyn Store>,
    incarnation: Incarnation,
}

struct Client {
    who: &'static str,
    /// Whether its links make somebody present.
    has_session: bool,
    kept: Kept,
    live: Option<Live>,
    session: Option<SessionId>,
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
    /// Sessions of people who have no client here.
    elsewhere: BTreeMap<&'static str, ConnectionId>,
    bug: Option<Bug>,
    log: Vec<String>,
}

impl World {
    pub(super) async fn new(rng: &mut Rng, bug: Option<Bug>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("vigie.db").display());
        let mut config = Config::default();
        // The whole world is a conversation that may or may not subscribe.
        config.limits.audience = rng.choice([4, 1_000]).unwrap();
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
            elsewhere: BTreeMap::new(),
            bug,
            log: Vec::new(),
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

    /// Something happens, or the server does a part of its work; whatever was sent is checked.
    pub(super) async fn step(&mut self, rng: &mut Rng) -> Result<(), Finding> {
        let who = rng.choice(PEOPLE).unwrap();
        let conversation = rng.choice(CONVERSATIONS).unwrap();
        let number = rng.usize(..CLIENTS);
        match rng.u32(..100) {
            0..8 => self.turn_around(who),
            8..10 => self.force(who, rng.bool()),
            10..14 => self.choose(who, rng),
            14..16 => self.let_see(who, rng).await,
            16..18 => self.block(who, rng).await,
            18..22 => self.meet(conversation, who).await,
            22..26 => self.part(conversation, who).await,
            26..38 => self.connect_or_drop(number, rng),
            38..40 => self.watch(number, who),
            40..42 => self.open_or_close(number, conversation),
            42..44 => self.ask_again(number),
            44..56 => self.read(number, rng.usize(..4)),
            56..67 => self.tell(),
            67..70 => self.tell_rooms().await,
            70..84 => self.look(),
            84..88 => self.restamp(number),
            88..94 => self.pass(Duration::from_millis(rng.u64(..6_000))),
            94..96 => self.pass(Duration::from_secs(rng.u64(..400))),
            96..98 => self.server.flusher.flush().await.unwrap(),
            98 => self.restart(true).await,
            _ => self.restart(false).await,
        }
        self.check()
    }

    fn key(&self, who: &str) -> PrincipalKey {
        let id = PrincipalId::user(who).unwrap();
        self.server.people.find(&id).unwrap()
    }

    fn note(&mut self, what: String) {
        self.log.push(what);
    }

    /// A device without a client here comes, or goes with or without a goodbye.
    fn turn_around(&mut self, who: &'static str) {
        self.note(format!("{who} turns around"));
        let principal = self.key(who);
        match self.elsewhere.remove(who) {
            Some(connection) if connection.0 % 2 == 0 => {
                self.server.host.signal(Signal::SessionLeft { connection });
            }
            Some(connection) => self.server.host.signal(Signal::SessionLost {
                connection,
                silence: Duration::ZERO,
            }),
            None => {
                let connection = self.server.fanout.hub.next_id();
                self.server.host.arrive(Arrival {
                    principal,
                    connection,
                    session: SessionId(u128::from(connection.0) << 64),
                    resumes: None,
                    silence: Duration::from_secs(16),
                });
                self.elsewhere.insert(who, connection);
            }
        }
    }

    fn force(&mut self, who: &'static str, online: bool) {
        self.note(format!("{who} is forced, online: {online}"));
        let principal = self.key(who);
        self.server
            .host
            .signal(Signal::StatusForced { principal, online });
    }

    fn choose(&mut self, who: &'static str, rng: &mut Rng) {
        let status = rng.choice([
            None,
            Some(ChosenStatus::Away),
            Some(ChosenStatus::Busy),
            Some(ChosenStatus::Invisible),
            Some(ChosenStatus::Invisible),
        ]);
        let now = self.clock.now().wall;
        let chosen = Chosen {
            status: status.flatten(),
            text: rng.bool().then(|| "a line".into()),
            until: rng
                .bool()
                .then(|| now + Duration::from_secs(rng.u64(1..100))),
        };
        self.note(format!("{who} chooses {chosen:?}"));
        let principal = self.key(who);
        let signal = Signal::StatusChosen { principal, chosen };
        self.server.host.signal(signal);
    }

    async fn let_see(&mut self, who: &'static str, rng: &mut Rng) {
        let mut reach = || rng.choice([Reach::Nobody, Reach::Contacts, Reach::Everyone]);
        let privacy = Privacy {
            availability: reach().unwrap(),
            last_seen: reach().unwrap(),
        };
        self.note(format!("{who} lets see {privacy:?}"));
        let (fanout, id) = (&self.server.fanout, PrincipalId::user(who).unwrap());
        let before = |key| fanout.sights_around(key);
        let noted = self.server.people.set_privacy(&id, privacy, before).await;
        self.truth.privacy.insert(who, privacy);
        if let Some(noted) = noted.unwrap() {
            self.sights_changed(noted);
        }
    }

    async fn block(&mut self, who: &'static str, rng: &mut Rng) {
        let whom = rng.choice(PEOPLE).unwrap();
        if who == whom {
            return;
        }
        self.note(format!("{who} blocks {whom}, or no more"));
        let (fanout, people) = (&self.server.fanout, &self.server.people);
        let id = |text| PrincipalId::user(text).unwrap();
        let before = |one, other| fanout.sights_between(one, other);
        let noted = if self.truth.blocks.remove(&(who, whom)) {
            people.unblock(&id(who), &id(whom), before).await
        } else {
            self.truth.blocks.insert((who, whom));
            people.block(&id(who), &id(whom), before).await
        };
        if let Some(noted) = noted.unwrap() {
            self.sights_changed(noted);
        }
    }

    fn sights_changed(&self, before: Sights) {
        if self.bug != Some(Bug::SightsAreUntold) {
            self.server.fanout.sights_changed(before);
        }
    }

    async fn meet(&mut self, conversation: &'static str, who: &'static str) {
        self.note(format!("{who} joins {conversation}"));
        let (id, member) = (conversation_id(conversation), PrincipalId::user(who));
        let people = &self.server.people;
        let before = people.before(&id, self.config.limits.audience, |members| members);
        let added = people.add_members(id, &[member.unwrap()]).await;
        let group = self.truth.conversations.entry(conversation).or_default();
        group.insert(who);
        self.members_changed(conversation, before, added.unwrap(), Vec::new());
    }

    async fn part(&mut self, conversation: &'static str, who: &'static str) {
        self.note(format!("{who} leaves {conversation}"));
        let (id, member) = (conversation_id(conversation), PrincipalId::user(who));
        let people = &self.server.people;
        let limit = self.config.limits.audience;
        let before = people.before(&id, limit, |members| members.saturating_sub(1));
        if before.is_none() {
            return;
        }
        let left = people.remove_member(&id, &member.unwrap()).await.unwrap();
        let group = self.truth.conversations.entry(conversation).or_default();
        group.remove(who);
        for client in self.clients.iter_mut().filter(|client| client.who == who) {
            client.opened.remove(conversation);
        }
        self.members_changed(conversation, before, Vec::new(), vec![left]);
    }

    fn members_changed(
        &self,
        conversation: &str,
        before: Option<(ConversationKey, Before)>,
        came: Vec<PrincipalKey>,
        left: Vec<PrincipalKey>,
    ) {
        if self.bug == Some(Bug::MembersAreUntold) {
            return;
        }
        let directory = self.server.people.directory();
        let key = directory.conversation_key(&conversation_id(conversation));
        drop(directory);
        let is_new = || Some((key?, Before::Members(Vec::new())));
        if let Some((key, before)) = before.or_else(is_new) {
            let fanout = &self.server.fanout;
            fanout.members_changed(key, before, came, left);
        }
    }

    /// A socket opens its view of a conversation and wants to be told who is there, or closes it.
    fn open_or_close(&mut self, number: usize, conversation: &'static str) {
        let client = &mut self.clients[number];
        let Some(live) = &client.live else {
            return;
        };
        let key = {
            let directory = self.server.people.directory();
            let key = directory.conversation_key(&conversation_id(conversation));
            key.filter(|key| directory.is_member(*key, live.connection.principal))
        };
        // Who is here has a session.
        let Some(key) = key.filter(|_| client.has_session) else {
            return;
        };
        let fanout = &self.server.fanout;
        if client.opened.remove(conversation) {
            fanout.leave(&live.connection, key);
        } else {
            client.kept.rooms.remove(conversation);
            client.opened.insert(conversation);
            fanout.join(&live.connection, key);
            fanout.attend(&live.connection, key, Metadata::Unchanged, true);
        }
        self.note(format!(
            "client {number} opens {conversation}, or closes it"
        ));
    }

    /// One round of those who tell views of conversations.
    async fn tell_rooms(&self) {
        self.server.fanout.tell_rooms().await;
    }

    /// A link follows somebody outside its conversations, or no more; then its client forgets them by itself.
    fn watch(&mut self, number: usize, whom: &'static str) {
        let client = &mut self.clients[number];
        let Some(live) = &client.live else {
            return;
        };
        // The list of a session waits for it in real time.
        if client.has_session || whom == client.who {
            return;
        }
        let (fanout, limit) = (&self.server.fanout, self.config.limits.audience);
        if client.watched.remove(whom) {
            fanout.unwatch(&live.connection, &[whom]);
            let told = self.truth.subscriptions(client.who, limit);
            client
                .forgotten
                .extend((!told.contains(whom)).then_some(whom));
        } else {
            fanout.watch(&live.connection, &[whom]);
            client.watched.insert(whom);
            client.forgotten.remove(whom);
        }
        self.note(format!("client {number} watches {whom}, or no more"));
    }

    fn connect_or_drop(&mut self, number: usize, rng: &mut Rng) {
        if self.clients[number].live.is_some() {
            self.drop_link(number, rng.bool());
        } else {
            self.connect(number);
        }
    }

    fn connect(&mut self, number: usize) {
        let who = self.clients[number].who;
        self.note(format!("client {number} of {who} connects"));
        let principal = self.key(who);
        let fanout = &self.server.fanout;
        let wire = Wire::default();
        let connection = Arc::new(Connection::new(
            fanout.hub.next_id(),
            principal,
            Box::new(wire.clone()),
            fanout.outbox(),
        ));
        let is_early = self.bug == Some(Bug::SnapshotBeforeSubscription);
        let client = &mut self.clients[number];
        let mut since = client.kept.cursor.clone();
        if !client.watched.is_empty() || !client.forgotten.is_empty() {
            // The list went with the link, and so does whatever it held.
            since = None;
            client.watched.clear();
            client.forgotten.clear();
        }
        connection.keep_cursors();
        if is_early {
            fanout.give_snapshot(&connection, since.as_deref());
            fanout.tell_news();
        }
        assert!(fanout.hub.register(&connection, usize::MAX));
        if client.has_session {
            let (session, _) = self.server.host.arrive(Arrival {
                principal,
                connection: connection.id,
                session: SessionId(u128::from(connection.id.0) << 64 | 1),
                resumes: client.session,
                silence: Duration::from_secs(16),
            });
            client.session = Some(session);
        }
        if !is_early {
            fanout.give_snapshot(&connection, since.as_deref());
        }
        client.opened.clear();
        client.live = Some(Live { connection, wire });
    }

    fn drop_link(&mut self, number: usize, goodbye: bool) {
        let client = &mut self.clients[number];
        let Some(Live { connection, .. }) = client.live.take() else {
            return;
        };
        let has_session = client.has_session;
        self.note(format!("client {number} drops, goodbye: {goodbye}"));
        self.server.fanout.forget(&connection);
        if has_session {
            let connection = connection.id;
            self.server.host.signal(if goodbye {
                Signal::SessionLeft { connection }
            } else {
                Signal::SessionLost {
                    connection,
                    silence: Duration::ZERO,
                }
            });
        }
    }

    /// `presence:resume` on an open link, with the cursor of what was read.
    fn ask_again(&mut self, number: usize) {
        let client = &self.clients[number];
        if let Some(live) = &client.live {
            let since = client.kept.cursor.as_deref();
            self.server.fanout.give_snapshot(&live.connection, since);
        }
    }

    fn read(&mut self, number: usize, most: usize) {
        let client = &mut self.clients[number];
        if let Some(live) = &client.live {
            if self.bug == Some(Bug::FramesOvertake) {
                live.wire.overtake();
            }
            if self.bug == Some(Bug::DiffsAreLost) {
                live.wire.lose_diffs();
            }
            for _ in 0..most {
                client.kept.read(&live.wire);
            }
        }
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

    fn restamp(&self, number: usize) {
        if let Some(live) = &self.clients[number].live {
            let wish = Wanted::Restamp(Arc::clone(&live.connection));
            self.server.fanout.want(wish);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.note(format!("{time:?} pass"));
        self.clock.advance(time);
        while decide_due(&self.server.host) {}
    }

    async fn restart(&mut self, gracefully: bool) {
        self.note(format!("the server restarts, gracefully: {gracefully}"));
        let server = &self.server;
        let told_until = self.clock.now().wall;
        if gracefully {
            server.fanout.drain();
            server.flusher.flush_last(told_until).await.unwrap();
        } else if self.bug == Some(Bug::CrashKeepsCursors) {
            let ended = server.store.write_end(&server.incarnation, told_until);
            ended.await.unwrap();
        }
        server.store.close().await;
        for client in &mut self.clients {
            client.live = None;
        }
        self.elsewhere.clear();
        self.clock.advance(Duration::from_millis(500));
        self.server = Server::start(&self.url, &self.config, &self.clock).await;
    }

    /// Compares what was sent since the last step with the truth.
    fn check(&mut self) -> Result<(), Finding> {
        for number in 0..CLIENTS {
            let Some(live) = &self.clients[number].live else {
                continue;
            };
            let (unchecked, is_cut) = (live.wire.take_unchecked(), live.wire.is_cut());
            for (name, payload) in unchecked {
                let told: Vec<_> = match name {
                    "presence:snapshot" => payload["users"].as_array().unwrap().clone(),
                    "user:status" => vec![payload],
                    _ => continue,
                };
                let mut seen = BTreeSet::new();
                for status in told {
                    let id = status["userId"].as_str().unwrap().to_owned();
                    if !seen.insert(id.clone()) {
                        return Err(self.finding(number, &format!("{id} twice in one event")));
                    }
                    let watcher = self.clients[number].who;
                    let presence = self.server.host.presence(self.key(&id));
                    let now = self.clock.now().wall;
                    let expected = self.truth.status(watcher, &id, &presence, now);
                    if status != expected {
                        let what = format!("told {status}, and true is {expected}");
                        return Err(self.finding(number, &what));
                    }
                }
            }
            if is_cut {
                self.drop_link(number, false);
            }
        }
        Ok(())
    }

    fn finding(&self, number: usize, what: &str) -> Finding {
        let who = self.clients[number].who;
        format!("client {number} of {who}: {what}\n{}", self.log.join("\n"))
    }

    /// Everybody connects, and everything that waits is told and read.
    pub(super) async fn come_to_rest(&mut self) -> Result<(), Finding> {
        for number in 0..CLIENTS {
            if self.clients[number].live.is_none() {
                self.connect(number);
                self.check()?;
            }
        }
        // Whoever is in grace is decided now, so that nothing is due later.
        self.pass(Duration::from_secs(60));
        // Each round sends at least as much as the smallest pace lets through, or finds nothing.
        for round in 0..500 {
            if round % 100 == 99 {
                // A view without room is tried again when the window is over.
                tokio::time::sleep(WINDOW).await;
            }
            self.tell();
            self.tell_rooms().await;
            self.check()?;
            for number in 0..CLIENTS {
                self.read(number, usize::from(u8::MAX));
            }
            self.look();
            self.check()?;
        }
        let unread = self
            .clients
            .iter()
            .filter_map(|client| client.live.as_ref());
        if unread.map(|live| live.wire.unread()).sum::<usize>() > 0 {
            return Err("it does not come to rest".to_owned());
        }
        Ok(())
    }

    /// Every client drops its link and comes back by its cursor, before anybody's grace is over.
    pub(super) fn everybody_returns(&mut self) -> Result<(), Finding> {
        for number in 0..CLIENTS {
            self.drop_link(number, false);
            self.connect(number);
            self.check()?;
        }
        Ok(())
    }

    /// Compares what is held of conversations that tell each change as it comes.
    fn compare_rooms(&self) -> Result<(), Finding> {
        let now = self.clock.now().wall;
        for (number, client) in self.clients.iter().enumerate() {
            for conversation in &client.opened {
                let is_here = |who: &str| {
                    let here = |client: &Client| client.opened.contains(conversation);
                    let mut devices = self.clients.iter().filter(|client| client.who == who);
                    devices.any(here)
                };
                let presence_of = |who: &str| self.server.host.presence(self.key(who));
                let truth = &self.truth;
                let expected = truth.room(client.who, conversation, is_here, presence_of, now);
                let held = client.kept.rooms.get(*conversation);
                if self.config.limits.audience > PEOPLE.len() && held != Some(&expected) {
                    let what =
                        format!("holds {held:?} of {conversation}, and true is {expected:?}");
                    return Err(self.finding(number, &what));
                }
            }
        }
        Ok(())
    }

    /// Compares everybody's view with the truth.
    pub(super) fn compare(&self) -> Result<(), Finding> {
        self.compare_rooms()?;
        for (number, client) in self.clients.iter().enumerate() {
            let limit = self.config.limits.audience;
            let mut told = self.truth.subscriptions(client.who, limit);
            let watched = client.watched.iter().copied();
            told.extend(watched.filter(|who| self.truth.may_see(client.who, who)));
            for who in PEOPLE {
                let held = client.kept.view.get(who);
                let presence = self.server.host.presence(self.key(who));
                let is_told = told.contains(who);
                if client.forgotten.contains(who) && !is_told {
                    continue;
                }
                let is_hidden = !self.truth.may_see(client.who, who);
                let now = self.clock.now().wall;
                let expected = self.truth.status(client.who, who, &presence, now);
                let expected = without_moving_times(expected);
                let is_right = match held {
                    Some(held) if is_told || is_hidden || who == client.who => {
                        without_moving_times(held.clone()) == expected
                    }
                    // Whom nobody tells of must not be held as of some earlier time, but may have been lost from sight.
                    Some(held) => *held == unknown(who),
                    None => !is_told || client.kept.is_truncated,
                };
                if !is_right {
                    let what = format!("holds {held:?} in the end, and true is {expected}");
                    return Err(self.finding(number, &what));
                }
            }
        }
        Ok(())
    }
}

fn conversation_id(text: &str) -> Id {
    text.parse().unwrap()
}

impl Server {
    async fn start(url: &str, config: &Config, clock: &Clock) -> Self {
        let store = vigie_store::open(url).await.unwrap();
        let host = Arc::new(EngineHost::new(config.rules.clone(), clock.clone()));
        let now = clock.now().wall;
        let begun = store.begin_incarnation(now, config.rules.offline_after);
        let incarnation = begun.await.unwrap();
        let rules = SightRules {
            reciprocal: config.reciprocal_visibility,
        };
        let webhooks = Webhooks::new(Arc::clone(&store), &config.webhooks);
        let webhooks = Arc::new(webhooks.unwrap());
        let (by, told) = (Arc::clone(&store), Arc::clone(&webhooks));
        let people = People::load(Arc::clone(&host), by, rules, told).await;
        let people = Arc::new(people.unwrap());
        let kept = store.begin_positions(&incarnation, now, [7; 32]);
        let kept = kept.await.unwrap();
        let seals = Seals::new(&kept.key).unwrap();
        let positions = Positions::new(seals, &kept.starts, &config.periods, now);
        let reached = Arc::new(Reached::default());
        let fanout = Fanout::new(
            Arc::clone(&host),
            Arc::clone(&people),
            webhooks,
            positions,
            config,
            reached,
        );
        let flusher = Flusher::new(
            Arc::clone(&host),
            Arc::clone(&people),
            Arc::clone(&store),
            incarnation.clone(),
            config.periods.flush_interval,
            config.periods.alive_interval,
            config.rules.offline_after,
        );
        Self {
            host,
            people,
            fanout,
            flusher,
            store,
            incarnation,
        }
    }
}
