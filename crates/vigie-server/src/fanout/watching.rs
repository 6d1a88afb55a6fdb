//! Watch lists: people that a link follows outside its conversations.
//!
//! In: ids to watch and to watch no more, by difference. Out: a partial snapshot of the newly watched, then `user:status` as for everybody else.
//! Always true: who is watched is told at most once per link, also when a conversation is shared;
//! an id that nobody has and one that may not be seen look the same, in what is answered and in what is told.

mod answer;
mod lists;
mod moves;
mod rate;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::time::Instant;
use vigie_core::{Concern, PrincipalId, PrincipalKey, SessionId, Sight, Watcher};

use super::connection::{Connection, Delivery};
use super::link::Frame;
use super::snapshot::PARTIAL;
use super::visibility::shown;
use super::wire::{Status, event};
use super::{Fanout, Wanted};
use crate::engine_host::Told;
use crate::limits::Limit;
use crate::socketio::attending::principal_id;
pub(crate) use answer::WatchRefusal;
use answer::{Answer, Refused};
use lists::Lists;
pub(super) use moves::Watches;
use rate::Rates;

/// Who watches whom.
#[derive(Debug, Default)]
pub(super) struct Watching {
    lists: Mutex<Lists>,
    rates: Mutex<Rates>,
    /// Somebody watches somebody: without, no change needs a look at the lists.
    is_used: AtomicBool,
}

/// A list, as its watcher may know of it.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Those whom it may see, sorted by key, and how much of each.
    pub(super) seen: Vec<(PrincipalKey, Sight)>,
    /// Whether anybody is named, seen or not.
    pub(super) is_named: bool,
}

impl Fanout {
    /// A link begins, with the session whose list it takes up; how many it watches.
    pub(crate) fn begin_watching(&self, connection: &Arc<Connection>, session: SessionId) -> usize {
        let mut lists = self.watching.lists.lock();
        lists.begin(connection, session, Instant::now());
        let watched = lists.len(connection.id);
        if watched > 0 {
            self.watching.is_used.store(true, Ordering::Release);
        }
        watched
    }

    /// How many a link watches.
    pub(crate) fn count_watched(&self, connection: &Connection) -> usize {
        self.watching.lists.lock().len(connection.id)
    }

    /// A link is gone.
    pub(super) fn stop_watching(&self, connection: &Connection) {
        let now = Instant::now();
        self.watching
            .lists
            .lock()
            .end(connection.id, self.grace, now);
    }

    /// Takes people into a link's list; it is answered, and shown those who are new.
    pub(crate) fn watch(&self, connection: &Arc<Connection>, texts: &[&str]) {
        let mut refused = Vec::new();
        let mut new = Vec::new();
        for text in texts {
            match self.take_in(connection, text) {
                Ok(id) => new.extend(id),
                Err(why) => refused.push(Refused {
                    id: (*text).to_owned(),
                    code: why.code(),
                }),
            }
        }
        self.answer_watching(connection, refused, None);
        // The link may have gone meanwhile.
        if self.hub.connection(connection.id).is_none() {
            return self.stop_watching(connection);
        }
        if !new.is_empty() {
            self.want(Wanted::Watched(Arc::clone(connection), new));
        }
    }

    /// Takes people off a link's list; of whoever is no contact nothing is told any more, and the answer names them.
    pub(crate) fn unwatch(&self, connection: &Connection, texts: &[&str]) {
        let named = texts
            .iter()
            .filter_map(|text| Some((*text, principal_id(text)?)));
        let named: Vec<_> = named.collect();
        {
            let mut lists = self.watching.lists.lock();
            for (_, id) in &named {
                lists.remove(connection.id, id);
            }
        }
        self.say_gone(connection, &named);
    }

    /// Answers to a link which of these it is told nothing of any more.
    fn say_gone(&self, connection: &Connection, named: &[(&str, PrincipalId)]) {
        let contacts = self.contacts(connection.principal);
        let is_contact = |key: PrincipalKey| {
            let place = contacts.binary_search_by_key(&key, |(contact, _)| *contact);
            place.is_ok() || key == connection.principal
        };
        let mut gone = Vec::new();
        let mut strangers = Vec::new();
        {
            let directory = self.people.directory();
            for (text, id) in named {
                let key = directory.key(id);
                if !key.is_some_and(is_contact) {
                    gone.push(*text);
                    strangers.extend(key);
                }
            }
        }
        connection.unmark(&strangers);
        connection.doubt_relations();
        self.answer_watching(connection, Vec::new(), Some(gone));
    }

    fn answer_watching(
        &self,
        connection: &Connection,
        refused: Vec<Refused>,
        gone: Option<Vec<&str>>,
    ) {
        let total = self.count_watched(connection);
        let answer = Answer {
            total,
            refused,
            gone,
        };
        connection.emit(event("presence:watching", &answer));
    }

    /// Takes one into a link's list; who it is when that is new.
    fn take_in(
        &self,
        connection: &Arc<Connection>,
        text: &str,
    ) -> Result<Option<PrincipalId>, WatchRefusal> {
        let id = principal_id(text).ok_or(WatchRefusal::InvalidId)?;
        let mut lists = self.watching.lists.lock();
        if lists.has(connection.id, &id) {
            return Ok(None);
        }
        if lists.len(connection.id) >= self.watch_limit {
            self.reached.note(Limit::WatchList);
            return Err(WatchRefusal::TooMany);
        }
        let mut rates = self.watching.rates.lock();
        if !rates.admits(connection.principal, self.watch_rate, Instant::now()) {
            self.reached.note(Limit::WatchRate);
            return Err(WatchRefusal::RateLimited);
        }
        self.watching.is_used.store(true, Ordering::Release);
        Ok(lists.add(connection, &id).then_some(id))
    }

    /// Whether whoever names these in the address of a link may watch them.
    ///
    /// # Errors
    /// When there are too many, or too many within the minute.
    pub(crate) fn admit_named(
        &self,
        who: PrincipalKey,
        ids: &[PrincipalId],
    ) -> Result<(), WatchRefusal> {
        if ids.len() > self.watch_limit {
            self.reached.note(Limit::WatchList);
            return Err(WatchRefusal::TooMany);
        }
        let mut rates = self.watching.rates.lock();
        let now = Instant::now();
        let is_admitted = |id| rates.admits_named(who, id, self.watch_rate, now);
        if ids.iter().all(is_admitted) {
            return Ok(());
        }
        // Counted with the refusal of the request.
        Err(WatchRefusal::RateLimited)
    }

    /// Takes those named in a link's address into its list, before it is given a snapshot.
    pub(crate) fn watch_named(&self, connection: &Arc<Connection>, ids: &[PrincipalId]) {
        let mut lists = self.watching.lists.lock();
        for id in ids {
            self.watching.is_used.store(true, Ordering::Release);
            lists.add(connection, id);
        }
    }

    /// Those of a link's list whom it may see, sorted by key.
    pub(super) fn watched_by(&self, connection: &Connection) -> Watched {
        let ids: Vec<_> = self
            .watching
            .lists
            .lock()
            .list(connection.id)
            .cloned()
            .collect();
        self.seen_of(connection.principal, &ids)
    }

    /// Those of these whom somebody may see, sorted by key.
    pub(crate) fn seen_of(&self, watcher: PrincipalKey, ids: &[PrincipalId]) -> Watched {
        let directory = self.people.directory();
        let keys = ids.iter().filter_map(|id| directory.key(id));
        let others = keys.filter(|key| *key != watcher);
        let sight = |key| (key, directory.sight(Watcher::Principal(watcher), key));
        let mut seen: Vec<_> = others
            .map(sight)
            .filter(|(_, sight)| *sight != Sight::Nothing)
            .collect();
        seen.sort_unstable_by_key(|(key, _)| *key);
        Watched {
            seen,
            is_named: !ids.is_empty(),
        }
    }

    /// Whether a link watches somebody.
    pub(super) fn is_watched_by(&self, connection: &Connection, principal: PrincipalKey) -> bool {
        let directory = self.people.directory();
        let lists = self.watching.lists.lock();
        lists.has(connection.id, directory.member(principal).id())
    }

    /// Those of these who are on a link's list now.
    fn still_watched(&self, connection: &Connection, ids: &[PrincipalId]) -> Vec<PrincipalId> {
        let lists = self.watching.lists.lock();
        let is_watched = |id: &&PrincipalId| lists.has(connection.id, id);
        ids.iter().filter(is_watched).cloned().collect()
    }

    /// The links that watch somebody, whether or not they may see anything.
    pub(super) fn watchers_of(&self, principal: PrincipalKey) -> Vec<Arc<Connection>> {
        let directory = self.people.directory();
        let lists = self.watching.lists.lock();
        lists
            .watchers(directory.member(principal).id())
            .cloned()
            .collect()
    }

    /// Whom the links of somebody watch, whether or not they may see anything.
    pub(super) fn watched_by_any_of(&self, principal: PrincipalKey) -> Vec<PrincipalKey> {
        let mut links = Vec::new();
        self.hub
            .for_sockets_of(&[principal], |link| links.push(link.id));
        let directory = self.people.directory();
        let lists = self.watching.lists.lock();
        let ids = links.into_iter().flat_map(|link| lists.list(link));
        ids.filter_map(|id| directory.key(id)).collect()
    }

    /// Tells those who watch somebody without being in the audience.
    pub(super) fn tell_watchers(&self, told: &Told, audience: &[PrincipalKey]) {
        if told.concern == Concern::Oneself || !self.watching.is_used.load(Ordering::Acquire) {
            return;
        }
        let watchers: Vec<(Arc<Connection>, Sight)> = {
            let directory = self.people.directory();
            let lists = self.watching.lists.lock();
            if lists.is_empty() {
                self.watching.is_used.store(false, Ordering::Release);
                return;
            }
            let watchers = lists.watchers(directory.member(told.principal).id());
            let strangers =
                watchers.filter(|watcher| audience.binary_search(&watcher.principal).is_err());
            let sight = |watcher: &Arc<Connection>| {
                let sight = directory.sight(Watcher::Principal(watcher.principal), told.principal);
                (Arc::clone(watcher), sight)
            };
            strangers
                .map(sight)
                .filter(|(_, sight)| sight.follows())
                .collect()
        };
        let mut frames: Vec<(Sight, Frame)> = Vec::new();
        for (watcher, sight) in watchers {
            let place = frames.iter().position(|(of, _)| *of == sight);
            let place = place.unwrap_or_else(|| {
                let frame = self.status_frame(sight, told.principal, &told.presence);
                frames.push((sight, frame));
                frames.len() - 1
            });
            watcher.tell(told.principal, told.number, &frames[place].1);
        }
    }

    /// Shows a link those whom it just began to watch; between two rounds of news.
    pub(super) fn show_watched(&self, connection: &Connection, ids: &[PrincipalId]) {
        self.tell_at_once(connection);
        let reached = self.positions.reached();
        let watcher = connection.principal;
        for batch in self.still_watched(connection, ids).chunks(PARTIAL) {
            let keys: Vec<Option<PrincipalKey>> = {
                let directory = self.people.directory();
                batch.iter().map(|id| directory.key(id)).collect()
            };
            let known: Vec<_> = keys.iter().flatten().copied().collect();
            let (presences, _) = self.host.survey(&known);
            let mut presences = presences.into_iter();
            let now = self.host.now().wall;
            let mut seen = Vec::new();
            let users: Vec<Status> = {
                let directory = self.people.directory();
                let status = |(id, key): (&PrincipalId, Option<PrincipalKey>)| {
                    let presence = key.and_then(|_| presences.next());
                    let sight = key.map_or(Sight::Nothing, |key| {
                        directory.sight(Watcher::Principal(watcher), key)
                    });
                    seen.extend(key.filter(|_| sight != Sight::Nothing));
                    let member = key.map(|key| directory.member(key));
                    Status::from(shown(sight, member, id, presence.as_ref(), now))
                };
                batch.iter().zip(keys).map(status).collect()
            };
            if self.give_batch(connection, reached, users) == Delivery::NoRoom {
                // Whoever looks like nobody is told of in no other way, whether or not there is anybody.
                seen.iter().for_each(|key| connection.mark(*key));
            }
            // Taken off the list while they were shown: that they are gone may have been said before.
            let watched = self.still_watched(connection, batch);
            let dropped = batch.iter().filter(|id| !watched.contains(id));
            let dropped: Vec<_> = dropped.map(|id| (id.to_string(), id.clone())).collect();
            if !dropped.is_empty() {
                let named = dropped.iter().map(|(text, id)| (&**text, id.clone()));
                self.say_gone(connection, &named.collect::<Vec<_>>());
            }
        }
        let mut audience = self.contacts(watcher);
        add(&mut audience, &self.watched_by(connection).seen);
        connection.renew_relations(self.relations_of(&audience));
    }
}

/// Adds people to a sorted list of others.
pub(super) fn add(people: &mut Vec<(PrincipalKey, Sight)>, more: &[(PrincipalKey, Sight)]) {
    if !more.is_empty() {
        people.extend(more);
        people.sort_unstable_by_key(|(key, _)| *key);
        people.dedup_by_key(|(key, _)| *key);
    }
}
