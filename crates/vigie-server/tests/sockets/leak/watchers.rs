//! Those who watch: every transport, and a socket that looks at conversations.

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use vigie_client::Socket;

use super::plain::Record;
use crate::follower::{Follower, Kept, Transport};
use crate::world::{SOON, World};

/// One who watches, by what it has to show.
#[derive(Debug, Clone)]
pub(super) enum Who {
    User(&'static str),
    Guest(String),
}

impl Who {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::User(id) => id,
            Self::Guest(_) => "guest",
        }
    }

    fn auth(&self) -> Value {
        match self {
            Self::User(id) => json!({"token": crate::world::token(id)}),
            Self::Guest(token) => json!({"sessionToken": token}),
        }
    }
}

/// A socket that looks at conversations.
pub(super) struct Viewer {
    pub(super) who: Who,
    socket: Socket,
    rooms: &'static [&'static str],
    log: Vec<(String, Value)>,
    /// The conversations whose latest list shows the marker.
    marked: std::collections::BTreeMap<String, bool>,
}

impl Viewer {
    pub(super) async fn open(world: &World, who: Who, rooms: &'static [&'static str]) -> Self {
        let (mut socket, _, _) = world.enter(who.auth()).await;
        for room in rooms {
            socket.emit("conversation:join", Some(json!({"conversationId": room})));
            socket.wait_for("conversation:joined", SOON).await.unwrap();
        }
        Self {
            who,
            socket,
            rooms,
            log: Vec::new(),
            marked: std::collections::BTreeMap::new(),
        }
    }

    async fn next(&mut self, deadline: Instant) -> String {
        let event = timeout_at(deadline, self.socket.recv()).await;
        let event = event.expect("nothing came in time").unwrap();
        let payload = event.payload().clone();
        if event.name == "conversation:online_stats" {
            let users = payload["onlineUsers"].as_array().unwrap();
            let is_marked = users
                .iter()
                .any(|user| user["id"] == super::history::MARKER);
            let room = payload["conversationId"].as_str().unwrap().to_owned();
            self.marked.insert(room, is_marked);
        }
        self.log.push((event.name.clone(), payload));
        event.name
    }

    /// Reads on until every list shows the marker, or shows it no more.
    pub(super) async fn until_marked(&mut self, is_marked: bool) {
        let deadline = Instant::now() + SOON;
        let rooms = self.rooms;
        while rooms
            .iter()
            .any(|room| self.marked.get(*room).copied() != Some(is_marked))
        {
            self.next(deadline).await;
        }
    }

    /// Sends every event there is, and reads what is answered.
    pub(super) async fn say_everything(&mut self) {
        let room = || json!({"conversationId": "room"});
        for (name, payload) in [
            ("heartbeat", json!({"clientTime": 1})),
            ("presence:activity", json!({})),
            ("typing:start", room()),
            ("typing:stop", room()),
            ("conversation:leave", room()),
            ("conversation:join", room()),
            ("conversation:join", json!({"conversationId": "hall"})),
            ("conversation:join", json!({"conversationId": "nowhere"})),
            ("presence:app-state", json!({"foreground": true})),
            ("an:unknown-event", json!({"userId": super::plain::HIDDEN})),
        ] {
            self.socket.emit(name, Some(payload));
            let deadline = Instant::now() + SOON;
            self.socket
                .emit("heartbeat", Some(json!({"clientTime": 1})));
            while self.next(deadline).await != "heartbeat:ack" {}
        }
    }

    pub(super) fn record(&mut self, record: &mut Record) {
        for (name, payload) in self.log.drain(..) {
            record.note(&format!("{} looks", self.who.name()), &name, &payload);
        }
    }
}

/// Follows by one transport.
pub(super) struct Watching {
    pub(super) who: &'static str,
    pub(super) transport: Transport,
    follower: Follower,
}

impl Watching {
    pub(super) async fn open(
        world: &World,
        who: &'static str,
        transport: Transport,
        kept: Kept,
    ) -> Self {
        Self {
            who,
            transport,
            follower: Follower::open(world, transport, who, kept).await,
        }
    }

    pub(super) async fn until_marked(&mut self, is_marked: bool) {
        self.follower
            .until(&[(super::history::MARKER, is_marked)])
            .await;
    }

    pub(super) fn kept(&self) -> Kept {
        Kept {
            view: self.follower.view.clone(),
            cursor: self.follower.cursor.clone(),
        }
    }

    pub(super) fn record(&mut self, how: &str, record: &mut Record) {
        let channel = format!("{} {how} by {:?}", self.who, self.transport);
        let mut after_cursor = false;
        for (name, payload) in self.follower.log.drain(..) {
            if name == "cursor" {
                // One that came by itself would tell that something was not told.
                assert!(!after_cursor, "{channel}: a cursor came after a cursor");
                after_cursor = true;
                continue;
            }
            after_cursor = false;
            record.note(&channel, &name, &payload);
        }
    }
}
