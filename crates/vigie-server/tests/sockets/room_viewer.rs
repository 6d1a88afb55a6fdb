//! One client that looks at a conversation's presence: what it was told, and what it believes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use vigie_client::Socket;

use crate::world::{SOON, World, token};

/// What a client holds of one member: the state, and whether the member is here.
pub(crate) type Member = (String, bool);

/// A client with one conversation open.
pub(crate) struct Viewer {
    pub(crate) socket: Socket,
    pub(crate) conversation: String,
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) metadata: BTreeMap<String, Value>,
    pub(crate) counts: Value,
    pub(crate) mode: String,
    /// Whole views and changes that it was sent.
    pub(crate) wholes: usize,
    pub(crate) diffs: Vec<Value>,
    /// The view was said to be over.
    pub(crate) is_over: bool,
}

impl Viewer {
    /// A user who opens a conversation and is shown who is there.
    pub(crate) async fn open(world: &World, id: &str, conversation: &str) -> Self {
        let auth = json!({"token": token(id)});
        Self::with(
            world,
            auth,
            json!({"conversationId": conversation, "presence": true}),
        )
        .await
    }

    pub(crate) async fn with(world: &World, auth: Value, join: Value) -> Self {
        let (socket, _, _) = world.enter(auth).await;
        let conversation = join["conversationId"].as_str().unwrap().to_owned();
        socket.emit("conversation:join", Some(join));
        let mut viewer = Self {
            socket,
            conversation,
            members: BTreeMap::new(),
            metadata: BTreeMap::new(),
            counts: Value::Null,
            mode: String::new(),
            wholes: 0,
            diffs: Vec::new(),
            is_over: false,
        };
        viewer.until(|viewer| viewer.wholes > 0).await;
        viewer
    }

    /// Reads on until it is as it should be.
    pub(crate) async fn until(&mut self, is_right: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + SOON;
        while !is_right(self) {
            assert!(
                self.next(deadline).await,
                "{} in {}: {:?}, counts {}, mode {}",
                self.conversation,
                self.wholes,
                self.members,
                self.counts,
                self.mode,
            );
        }
    }

    /// Reads on until these are all that it holds.
    pub(crate) async fn until_shows(&mut self, expected: &[(&str, &str, bool)]) {
        let member = |(id, status, here): &(&str, &str, bool)| {
            ((*id).to_owned(), ((*status).to_owned(), *here))
        };
        let expected: BTreeMap<_, _> = expected.iter().map(member).collect();
        self.until(|viewer| viewer.members == expected).await;
    }

    /// Reads all that the server had for it before it answers a heartbeat sent now.
    pub(crate) async fn catch_up(&mut self) {
        self.socket
            .emit("heartbeat", Some(json!({"clientTime": 1})));
        let deadline = Instant::now() + SOON;
        loop {
            let event = timeout_at(deadline, self.socket.recv())
                .await
                .unwrap()
                .unwrap();
            if event.name == "heartbeat:ack" {
                return;
            }
            self.take(&event.name, event.payload());
        }
    }

    /// Reads one event; false when none came in time.
    pub(crate) async fn next(&mut self, deadline: Instant) -> bool {
        let Ok(event) = timeout_at(deadline, self.socket.recv()).await else {
            return false;
        };
        let event = event.unwrap();
        self.take(&event.name, event.payload());
        true
    }

    fn take(&mut self, name: &str, payload: &Value) {
        if payload["conversationId"] != *self.conversation {
            return;
        }
        match name {
            "conversation:presence" => {
                self.wholes += 1;
                self.members.clear();
                self.metadata.clear();
                for entry in payload["members"].as_array().unwrap() {
                    assert!(
                        self.put(entry).is_none(),
                        "{entry} stands twice in {payload}"
                    );
                }
            }
            "conversation:presence_diff" => {
                self.diffs.push(payload.clone());
                assert_eq!(
                    payload["mode"], *self.mode,
                    "a new mode comes with a whole view"
                );
                for entry in payload["joins"].as_array().unwrap() {
                    assert!(self.put(entry).is_none(), "{entry} joins twice");
                }
                for entry in payload["updates"].as_array().unwrap() {
                    assert!(self.put(entry).is_some(), "{entry} was not there");
                }
                for id in payload["leaves"].as_array().unwrap() {
                    let id = id.as_str().unwrap();
                    self.metadata.remove(id);
                    assert!(self.members.remove(id).is_some(), "{id} was not there");
                }
            }
            "conversation:left" => {
                self.is_over = true;
                return;
            }
            _ => return,
        }
        self.counts = payload["counts"].clone();
        payload["mode"].as_str().unwrap().clone_into(&mut self.mode);
        if self.mode == "full" || self.mode == "batched" {
            let here = self.members.values().filter(|(_, here)| *here).count();
            assert_eq!(self.counts["online"], self.members.len(), "{payload}");
            assert_eq!(self.counts["here"], here, "{payload}");
        }
    }

    fn put(&mut self, entry: &Value) -> Option<Member> {
        let id = entry["userId"].as_str().unwrap().to_owned();
        let status = entry["status"].as_str().unwrap().to_owned();
        match entry.get("metadata") {
            Some(metadata) => drop(self.metadata.insert(id.clone(), metadata.clone())),
            None => drop(self.metadata.remove(&id)),
        }
        self.members
            .insert(id, (status, entry["here"].as_bool().unwrap()))
    }
}

/// How many a client was told of.
pub(crate) fn counts(members: usize, online: usize, here: usize) -> Value {
    json!({"members": members, "online": online, "here": here})
}
