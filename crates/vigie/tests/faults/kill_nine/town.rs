//! What all tasks share: the log, which server is there now, and what each watcher shows.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use vigie_client::Method;

use super::log::{Generation, Log, What};
use crate::people::service;
use crate::server::BOUND;

/// The one conversation: everybody watches everybody.
const ROOM: &str = "room";

/// Between two tries to reach a server that may be gone.
pub(super) const RETRY: Duration = Duration::from_millis(10);

/// How many people only watch.
pub(super) const WATCHERS: usize = 2;

/// The server that is there.
#[derive(Debug, Clone)]
pub(super) struct House {
    pub(super) generation: Generation,
    pub(super) url: String,
}

/// What one watcher shows of everybody; `None` while it is not connected.
type View = Option<BTreeMap<String, bool>>;

pub(super) struct Town {
    pub(super) log: Log,
    house: watch::Sender<Option<House>>,
    views: Mutex<[View; WATCHERS]>,
    is_over: AtomicBool,
}

impl Town {
    pub(super) fn new() -> Self {
        Self {
            log: Log::default(),
            house: watch::Sender::new(None),
            views: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    pub(super) fn listening(&self, generation: Generation, url: &str) {
        self.log.write(What::Listening);
        let url = url.to_owned();
        self.house.send_replace(Some(House { generation, url }));
    }

    pub(super) fn killed(&self, generation: Generation) {
        self.house.send_replace(None);
        self.log.write(What::Killed(generation));
    }

    /// The server that is there, as soon as there is one.
    pub(super) async fn house(&self) -> House {
        let mut houses = self.house.subscribe();
        let house = houses.wait_for(Option::is_some).await.unwrap();
        house.clone().unwrap()
    }

    pub(super) fn is_there(&self, generation: Generation) -> bool {
        let house = self.house.borrow();
        house
            .as_ref()
            .is_some_and(|house| house.generation == generation)
    }

    /// No more kills: everybody comes to a final state.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Makes somebody a member of the room, whatever happens to servers meanwhile.
    pub(super) async fn invite(&self, who: &str) {
        let path = format!("/v1/conversations/{ROOM}/members/user:{who}");
        loop {
            let house = self.house().await;
            match service(&house.url).call(Method::PUT, &path, None).await {
                Ok(reply) if reply.status.is_success() => return,
                Ok(reply) => panic!("{}: {}", reply.status, reply.text()),
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// What a watcher shows from now on.
    pub(super) fn show(&self, watcher: usize, change: impl FnOnce(&mut View)) {
        change(&mut self.views.lock().unwrap()[watcher]);
    }

    /// Waits until every watcher shows somebody in this state.
    ///
    /// The bound is generous: each kill gives those who are away another `restart_grace`.
    pub(super) async fn shown_to_all(&self, who: &str, is_online: bool) {
        let deadline = Instant::now() + BOUND;
        while !self.is_shown_to_all(who, is_online) {
            assert!(
                Instant::now() < deadline,
                "{who} is not shown as online={is_online}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn is_shown_to_all(&self, who: &str, is_online: bool) -> bool {
        let views = self.views.lock().unwrap();
        views.iter().all(|view| {
            view.as_ref()
                .is_some_and(|view| view.get(who).copied().unwrap_or(false) == is_online)
        })
    }
}
