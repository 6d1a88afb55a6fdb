//! Those who watch: every transport, and a socket that looks at conversations.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Under which its record is kept.
    pub(super) channel: String,
    socket: Socket,
    rooms: &'static [&'static str],
    log: Vec<(String, Value)>,
    /// Who is in the latest list of each conversation.
    listed: BTreeMap<String, BTreeSet<String>>,
    /// Who was told to be online or not, last.
    told: BTreeMap<String, bool>,
}

impl Viewer {
    pub(super) async fn open(world: &World, who: Who, rooms: &'static [&'static str]) -> Self {
        let (mut socket, _, _) = world.enter(who.auth()).await;
        for room in rooms {
            socket.emit("conversation:join", Some(json!({"conversationId": room})));
            socket.wait_for("conversation:joined", SOON).await.unwrap();
        }
        Self {
            channel: format!("{} looks", who.name()),
            who,
            socket,
            rooms,
            log: Vec::new(),
            listed: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    async fn next(&mut self, deadline: Instant) -> String {
        let event = timeout_at(deadline, self.socket.recv()).await;
        let event = event.expect("nothing came in time").unwrap();
        let payload = event.payload().clone();
        if event.name == "conversation:online_stats" {
            let users = payload["onlineUsers"].as_array().unwrap().iter();
            let ids = users.map(|user| user["id"].as_str().unwrap().to_owned());
            let room = payload["conversationId"].as_str().unwrap().to_owned();
            self.listed.insert(room, ids.collect());
        } else if event.name == "user:status" {
            let id = payload["userId"].as_str().unwrap().to_owned();
            let is_online = payload["isOnline"].as_bool().unwrap();
            self.told.insert(id, is_online);
        }
        self.log.push((event.name.clone(), payload));
        event.name
    }

    /// Reads on until every list shows somebody, or shows them no more, and the change itself was told.
    pub(super) async fn until_shown(&mut self, who: &str, is_online: bool) {
        let deadline = Instant::now() + SOON;
        let is_shown = |viewer: &Self| {
            let mut lists = viewer.rooms.iter().map(|room| viewer.listed.get(*room));
            let are_right = lists.all(|list| {
                let is_listed = list.map(|list| list.contains(who));
                is_listed == Some(is_online)
            });
            are_right && viewer.told.get(who) == Some(&is_online)
        };
        while !is_shown(self) {
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
            ("presence:status", json!({"text": "of the watcher"})),
            ("presence:resume", json!({})),
            ("an:unknown-event", json!({"userId": super::plain::HIDDEN})),
        ] {
            self.socket.emit(name, Some(payload));
            let deadline = Instant::now() + SOON;
            if name == "presence:status" {
                // Answered when it is durable, and so later than what is asked next.
                while self.next(deadline).await != "presence:status-set" {}
            }
            self.socket
                .emit("heartbeat", Some(json!({"clientTime": 1})));
            while self.next(deadline).await != "heartbeat:ack" {}
        }
    }

    /// Lists that came up to here are of no interest.
    pub(super) fn forget_lists(&mut self) {
        self.log
            .retain(|(name, _)| name != "conversation:online_stats");
    }

    /// What the watchers tell each other while they try everything comes in no certain order: of that, only what names the hidden one is kept.
    pub(super) fn forget_the_others(&mut self) {
        const OF_OTHERS: [&str; 3] = [
            "conversation:online_stats",
            "presence:snapshot",
            "user:status",
        ];
        let names_them = |payload: &Value| payload.to_string().contains(super::plain::HIDDEN);
        self.log
            .retain(|(name, payload)| !OF_OTHERS.contains(&&**name) || names_them(payload));
    }

    pub(super) fn record(&mut self, record: &mut Record) {
        let noted = without_cursors(&self.channel, "presence:cursor", &mut self.log);
        for (name, payload) in noted {
            record.note(&self.channel, &name, &payload);
        }
    }
}

/// What came, but for the cursors: how many changes share one depends on how fast the machine is.
fn without_cursors(
    channel: &str,
    cursor: &str,
    log: &mut Vec<(String, Value)>,
) -> Vec<(String, Value)> {
    let is_cursor = |entry: &(String, Value)| entry.0 == cursor;
    // One that came by itself would tell that something was not told.
    let alone = log.windows(2).any(|pair| pair.iter().all(is_cursor));
    assert!(!alone, "{channel}: a cursor came after a cursor");
    log.retain(|entry| !is_cursor(entry));
    std::mem::take(log)
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

    pub(super) async fn until_shown(&mut self, who: &str, is_online: bool) {
        self.follower.until(&[(who, is_online)]).await;
    }

    pub(super) fn kept(&self) -> Kept {
        Kept {
            view: self.follower.view.clone(),
            cursor: self.follower.cursor.clone(),
        }
    }

    pub(super) fn record(&mut self, how: &str, record: &mut Record) {
        let channel = format!("{} {how} by {:?}", self.who, self.transport);
        for (name, payload) in without_cursors(&channel, "cursor", &mut self.follower.log) {
            record.note(&channel, &name, &payload);
        }
    }

    /// What came first to one that comes back.
    pub(super) fn record_missed(&mut self, how: &str, record: &mut Record) {
        let channel = format!("{} {how} by {:?}", self.who, self.transport);
        for (name, payload) in without_cursors(&channel, "cursor", &mut self.follower.log) {
            record.note_missed(&channel, &name, payload);
        }
    }
}
