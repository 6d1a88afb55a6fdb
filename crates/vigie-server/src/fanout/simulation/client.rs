//! A client on a simulated link: it reads when the world lets it, loses what it did not read, and keeps a view and a cursor.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use crate::fanout::link::{Frame, Link, NoRoom};

/// What a client was told of one person last.
pub(super) type Status = Value;

/// The frames between the server and one client.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire(Arc<Mutex<Frames>>);

#[derive(Debug, Default)]
struct Frames {
    unread: VecDeque<Frame>,
    /// Texts that the checker has not looked at.
    unchecked: Vec<(&'static str, Value)>,
    is_cut: bool,
}

impl Wire {
    /// Events sent since the last look, for the checker.
    pub(super) fn take_unchecked(&self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.0.lock().unchecked)
    }

    pub(super) fn is_cut(&self) -> bool {
        self.0.lock().is_cut
    }

    pub(super) fn unread(&self) -> usize {
        self.0.lock().unread.len()
    }

    /// Lets the two latest frames change places.
    pub(super) fn overtake(&self) {
        let unread = &mut self.0.lock().unread;
        let length = unread.len();
        if length >= 2 {
            unread.swap(length - 1, length - 2);
        }
    }

    /// Loses what waits to be read of conversations.
    pub(super) fn lose_diffs(&self) {
        let is_diff = |frame: &Frame| {
            frame
                .parts()
                .is_some_and(|(name, _)| name == "conversation:presence_diff")
        };
        self.0.lock().unread.retain(|frame| !is_diff(frame));
    }

    fn read(&self) -> Option<Frame> {
        self.0.lock().unread.pop_front()
    }
}

impl Link for Wire {
    fn emit(&self, frame: Frame) -> Result<(), NoRoom> {
        let mut frames = self.0.lock();
        if frames.is_cut {
            return Err(NoRoom);
        }
        if let Some((name, payload)) = frame.parts() {
            let payload = serde_json::from_str(payload).unwrap();
            frames.unchecked.push((name, payload));
        }
        frames.unread.push_back(frame);
        Ok(())
    }

    fn dismiss(&self) {
        self.cut();
    }

    fn cut(&self) {
        self.0.lock().is_cut = true;
    }
}

/// What a client keeps over its connections.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) view: BTreeMap<String, Status>,
    pub(super) cursor: Option<String>,
    /// The latest whole snapshot left some out: they appear when they change.
    pub(super) is_truncated: bool,
    /// The conversations that it looks at, with the members it was told are present.
    pub(super) rooms: BTreeMap<String, Room>,
}

/// A conversation as its viewer was told of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) members: BTreeMap<String, Value>,
    pub(super) counts: Value,
    /// It is told how many there are, and no more.
    pub(super) is_count: bool,
}

impl Kept {
    /// Reads one frame; says whether there was one.
    pub(super) fn read(&mut self, wire: &Wire) -> bool {
        let Some(frame) = wire.read() else {
            return false;
        };
        if let Some((name, payload)) = frame.parts() {
            let payload: Value = serde_json::from_str(payload).unwrap();
            self.take_in(name, &payload);
        }
        true
    }

    fn take_in(&mut self, name: &str, payload: &Value) {
        match name {
            "presence:snapshot" => {
                if payload["partial"] != true {
                    self.view.clear();
                    self.is_truncated = payload["truncated"] == true;
                }
                for user in payload["users"].as_array().unwrap() {
                    self.hold(user);
                }
                self.keep_cursor(payload);
            }
            "presence:cursor" => self.keep_cursor(payload),
            "user:status" => self.hold(payload),
            "conversation:presence" | "conversation:presence_diff" => self.take_in_room(payload),
            _ => {}
        }
    }

    fn take_in_room(&mut self, payload: &Value) {
        let id = payload["conversationId"].as_str().unwrap().to_owned();
        let room = self.rooms.entry(id).or_default();
        room.is_count = payload["mode"] == "count";
        if payload["members"].is_array() {
            room.members.clear();
        }
        let lists = ["members", "joins", "updates"].map(|name| payload[name].as_array());
        for entry in lists.into_iter().flatten().flatten() {
            let who = entry["userId"].as_str().unwrap().to_owned();
            room.members.insert(who, entry.clone());
        }
        for who in payload["leaves"].as_array().into_iter().flatten() {
            room.members.remove(who.as_str().unwrap());
        }
        room.counts = payload["counts"].clone();
    }

    fn hold(&mut self, status: &Status) {
        let id = status["userId"].as_str().unwrap().to_owned();
        self.view.insert(id, status.clone());
    }

    fn keep_cursor(&mut self, payload: &Value) {
        self.cursor = payload["cursor"].as_str().map(str::to_owned);
    }
}
