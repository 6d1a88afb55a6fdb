//! Who watches whom outside their conversations.
//!
//! In: ids as links name them, links that come and go. Out: the list of a link, and the links that watch somebody.
//! Always true: both sides of a watch know of it; a list is of ids, so that nothing depends on whether anybody has one;
//! the list of a session that has lost its link waits as long as the session may.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vigie_core::{ConnectionId, PrincipalId, SessionId};

use crate::fanout::connection::Connection;

/// How much longer than its grace the list of a lost session is kept: deadlines may be late.
const LATENESS: Duration = Duration::from_secs(1);

/// The lists of all links.
#[derive(Debug, Default)]
pub(super) struct Lists {
    by_link: HashMap<ConnectionId, List>,
    /// By the link, so that the end of one of many that watch the same people needs no look at the others.
    watchers: HashMap<PrincipalId, BTreeMap<ConnectionId, Arc<Connection>>>,
    /// Lists of sessions that have no link.
    kept: HashMap<SessionId, Kept>,
    /// When these go, in that order.
    goes_at: VecDeque<(Instant, SessionId)>,
}

/// The list of a session without a link, and when it goes: one that was taken up and lost again goes later.
#[derive(Debug)]
struct Kept {
    ids: BTreeSet<PrincipalId>,
    goes_at: Instant,
}

#[derive(Debug, Default)]
struct List {
    session: Option<SessionId>,
    ids: BTreeSet<PrincipalId>,
}

impl Lists {
    /// A link begins, with the session that it may lose and take up again.
    pub(super) fn begin(&mut self, connection: &Arc<Connection>, session: SessionId, now: Instant) {
        self.let_go(now);
        let kept = self.kept.remove(&session);
        let ids = kept.map(|kept| kept.ids).unwrap_or_default();
        for id in &ids {
            let watchers = self.watchers.entry(id.clone()).or_default();
            watchers.insert(connection.id, Arc::clone(connection));
        }
        let list = List {
            session: Some(session),
            ids,
        };
        self.by_link.insert(connection.id, list);
    }

    /// A link is gone; its session's list is kept for whoever takes that up.
    pub(super) fn end(&mut self, connection: ConnectionId, grace: Duration, now: Instant) {
        self.let_go(now);
        let Some(list) = self.by_link.remove(&connection) else {
            return;
        };
        for id in &list.ids {
            self.remove_watcher(id, connection);
        }
        if let Some(session) = list.session.filter(|_| !list.ids.is_empty()) {
            let goes_at = now + grace + LATENESS;
            let ids = list.ids;
            self.kept.insert(session, Kept { ids, goes_at });
            self.goes_at.push_back((goes_at, session));
        }
    }

    fn let_go(&mut self, now: Instant) {
        while let Some((at, session)) = self.goes_at.front().copied() {
            if at > now {
                return;
            }
            self.goes_at.pop_front();
            let is_over = |kept: &Kept| kept.goes_at <= at;
            if self.kept.get(&session).is_some_and(is_over) {
                self.kept.remove(&session);
            }
        }
    }

    /// Adds somebody to a link's list; says whether it was missing.
    pub(super) fn add(&mut self, connection: &Arc<Connection>, id: &PrincipalId) -> bool {
        let list = self.by_link.entry(connection.id).or_default();
        let is_new = list.ids.insert(id.clone());
        if is_new {
            let watchers = self.watchers.entry(id.clone()).or_default();
            watchers.insert(connection.id, Arc::clone(connection));
        }
        is_new
    }

    /// Takes somebody off a link's list; says whether it was there.
    pub(super) fn remove(&mut self, connection: ConnectionId, id: &PrincipalId) -> bool {
        let list = self.by_link.get_mut(&connection);
        let was_there = list.is_some_and(|list| list.ids.remove(id));
        if was_there {
            self.remove_watcher(id, connection);
        }
        was_there
    }

    fn remove_watcher(&mut self, id: &PrincipalId, connection: ConnectionId) {
        if let Some(watchers) = self.watchers.get_mut(id) {
            watchers.remove(&connection);
            if watchers.is_empty() {
                self.watchers.remove(id);
            }
        }
    }

    pub(super) fn has(&self, connection: ConnectionId, id: &PrincipalId) -> bool {
        let list = self.by_link.get(&connection);
        list.is_some_and(|list| list.ids.contains(id))
    }

    /// Whom a link watches.
    pub(super) fn list(&self, connection: ConnectionId) -> impl Iterator<Item = &PrincipalId> {
        let list = self.by_link.get(&connection).into_iter();
        list.flat_map(|list| &list.ids)
    }

    /// How many a link watches.
    pub(super) fn len(&self, connection: ConnectionId) -> usize {
        let list = self.by_link.get(&connection);
        list.map_or(0, |list| list.ids.len())
    }

    /// The links that watch somebody.
    pub(super) fn watchers(&self, id: &PrincipalId) -> impl Iterator<Item = &Arc<Connection>> {
        let watchers = self.watchers.get(id).into_iter();
        watchers.flat_map(BTreeMap::values)
    }

    /// Everybody who is watched, and the links that do.
    pub(super) fn watched(
        &self,
    ) -> impl Iterator<Item = (&PrincipalId, impl Iterator<Item = &Arc<Connection>>)> {
        let watchers = self.watchers.iter();
        watchers.map(|(id, links)| (id, links.values()))
    }

    /// Whether anybody watches anybody.
    pub(super) fn is_empty(&self) -> bool {
        self.watchers.is_empty()
    }
}
