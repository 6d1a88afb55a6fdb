//! From an edge to the sockets of those who may know.
//!
//! In: news from the engine, connections that come and go, views of conversations.
//! Out: `user:status`, `presence:snapshot`, typing and online lists, each encoded once and handed to links.
//! Always true: a socket is subscribed before its snapshot is read, and is told no news that its snapshot already held;
//! changes that follow each other closely share a write, and a slow socket is told each principal's newest state once it has room, never an older one after it, and is never closed for being slow.

mod announcer;
mod catch_up;
mod connection;
mod expiry;
mod hub;
mod link;
mod membership;
mod online_members;
mod online_stats;
mod positions;
mod restamp;
mod revocation;
mod room;
pub(crate) mod rooms;
mod sights;
#[cfg(test)]
mod simulation;
mod snapshot;
mod typing;
pub(crate) mod visibility;
mod walk;
pub(crate) mod watching;
mod window;
pub(crate) mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use vigie_core::PrincipalId;

use crate::config::Config;
use crate::engine_host::EngineHost;
use crate::limits::Reached;
use crate::people::People;
use crate::webhooks::Webhooks;

pub(crate) use connection::{Connection, Outbox};
use expiry::Expiries;
pub(crate) use expiry::token_expired;
pub(crate) use hub::Hub;
pub(crate) use link::{BUFFER, Frame, Link, NoRoom};
pub(crate) use membership::MembersChange;
pub(crate) use online_members::OnlineMembers;
use online_stats::OnlineStats;
pub(crate) use positions::{Positions, Reached as ToldUntil};
use rooms::Rooms;
use sights::Sights;
use typing::Typing;
pub(crate) use walk::{Place, Walk};
use watching::Watching;
pub(crate) use window::WINDOW;
use window::Watched;

/// Something to be told between two rounds of news.
#[derive(Debug)]
enum Wanted {
    /// The people a socket holds who are present.
    Restamp(Arc<Connection>),
    /// People whom a link just began to watch.
    Watched(Arc<Connection>, Vec<PrincipalId>),
    /// Who came to a conversation, and who left it.
    Members(MembersChange),
    /// Who sees others otherwise than before.
    Sights(Sights),
}

/// Tells sockets what they may know.
#[derive(Debug)]
pub struct Fanout {
    host: Arc<EngineHost>,
    people: Arc<People>,
    /// Addresses that are told as well.
    webhooks: Arc<Webhooks>,
    /// How far everybody has been told.
    positions: Positions,
    pub(crate) hub: Hub,
    typing: Mutex<Typing>,
    expiries: Expiries,
    online_stats: Mutex<OnlineStats>,
    /// Who is present in the conversations that somebody looks at.
    rooms: Rooms,
    /// Who follows whom outside their conversations.
    watching: Watching,
    watch_limit: usize,
    room_views_limit: usize,
    watch_rate: usize,
    /// How long a lost session counts, and its list is kept.
    grace: std::time::Duration,
    /// What is to be told between two rounds of news.
    wanted: Mutex<Vec<Wanted>>,
    is_wanted: Notify,
    /// Sockets to look at when their window is over.
    watched: Arc<Watched>,
    /// Bytes that may wait for one socket.
    slow_socket_limit: usize,
    reached: Arc<Reached>,
    audience_limit: usize,
    is_draining: AtomicBool,
    restamp_interval: std::time::Duration,
    online_stats_interval: std::time::Duration,
}

impl Fanout {
    /// A fan-out without sockets.
    pub(crate) fn new(
        host: Arc<EngineHost>,
        people: Arc<People>,
        webhooks: Arc<Webhooks>,
        positions: Positions,
        config: &Config,
        reached: Arc<Reached>,
    ) -> Self {
        Self {
            host,
            people,
            webhooks,
            positions,
            hub: Hub::default(),
            typing: Mutex::default(),
            expiries: Expiries::default(),
            online_stats: Mutex::default(),
            rooms: Rooms::new(&config.limits),
            watching: Watching::default(),
            watch_limit: config.limits.watch_list,
            room_views_limit: config.limits.room_views,
            watch_rate: config.limits.watch_rate,
            grace: config.rules.grace,
            wanted: Mutex::default(),
            is_wanted: Notify::new(),
            watched: Arc::default(),
            slow_socket_limit: config.limits.slow_socket.0,
            reached,
            audience_limit: config.limits.audience,
            is_draining: AtomicBool::new(false),
            restamp_interval: config.periods.restamp_interval,
            online_stats_interval: config.periods.online_stats_interval,
        }
    }

    /// What a new connection keeps of what it is told.
    pub(crate) fn outbox(&self) -> (Outbox, Arc<Watched>) {
        (
            Outbox::new(self.slow_socket_limit),
            Arc::clone(&self.watched),
        )
    }

    /// From now on nobody is told anything, for what they were told might not be durable.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Runs every loop of the fan-out until it is dropped.
    pub(crate) async fn run(&self) {
        tokio::join!(
            announcer::run(self),
            window::run(self),
            restamp::run(self),
            online_stats::run(self),
            rooms::run(self),
            expiry::run(self),
        );
    }
}
