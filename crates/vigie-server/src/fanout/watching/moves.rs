//! Members come to a conversation or leave it, and links watch some of them.
//!
//! In: a change of members, while nothing else changes in the directory. Out: the links that may see somebody otherwise than before, who are told.
//! Always true: whom a change concerns is noted when it is made, for later one may have left who was a member then;
//! a link that begins to watch after that is shown what is true after it;
//! and whoever looked like nobody for a block and still does is not told of.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use vigie_core::{PrincipalKey, Sight, Watcher};

use crate::fanout::Fanout;
use crate::fanout::connection::Connection;
use crate::people::Moved;

/// A link, and one whom it watches.
pub(in crate::fanout) type Watches = (Arc<Connection>, PrincipalKey);

impl Fanout {
    /// Which links watch whom of those who may see each other otherwise by a change of members that was just made.
    pub(in crate::fanout) fn watching_moved(&self, moved: &Moved) -> Vec<Watches> {
        if !self.watching.is_used.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut watching = if moved.came.is_empty() && self.is_gone(moved) {
            self.watching_among(&moved.left)
        } else {
            self.watching_around(moved)
        };
        let directory = self.people.directory();
        watching.retain(|(link, seen)| {
            let (watcher, seen) = (link.principal, *seen);
            let is_stranger = moved.strangers.binary_search(&(watcher, seen)).is_ok()
                || directory.is_blocked_between(watcher, seen);
            let sight = directory.sight(Watcher::Principal(watcher), seen);
            !is_stranger || sight != Sight::Nothing
        });
        watching
    }

    fn is_gone(&self, moved: &Moved) -> bool {
        let directory = self.people.directory();
        directory.conversation(moved.conversation).is_none()
    }

    /// The links of these people that watch one of them: by one look at all lists, since these may be very many.
    fn watching_among(&self, people: &[PrincipalKey]) -> Vec<Watches> {
        let is_one = |key: &PrincipalKey| people.binary_search(key).is_ok();
        let directory = self.people.directory();
        let lists = self.watching.lists.lock();
        let seen = lists.watched().filter_map(|(id, links)| {
            let key = directory.key(id).filter(is_one)?;
            Some((key, links))
        });
        let pairs = seen.flat_map(|(key, links)| links.map(move |link| (link, key)));
        pairs
            .filter(|(link, _)| is_one(&link.principal))
            .map(|(link, key)| (Arc::clone(link), key))
            .collect()
    }

    /// The links of members that watch whoever came or left, and the links of those that watch members.
    fn watching_around(&self, moved: &Moved) -> Vec<Watches> {
        let has_moved = |key: &PrincipalKey| {
            let lists = [&moved.came, &moved.left];
            lists.iter().any(|list| list.binary_search(key).is_ok())
        };
        let is_concerned = |key: &PrincipalKey| {
            has_moved(key) || {
                let directory = self.people.directory();
                directory.is_member(moved.conversation, *key)
            }
        };
        let mut watching = Vec::new();
        for principal in moved.came.iter().chain(&moved.left) {
            let watchers = self.watchers_of(*principal).into_iter();
            let watchers = watchers.filter(|link| is_concerned(&link.principal));
            watching.extend(watchers.map(|link| (link, *principal)));
            let mut watched = self.watched_by_any_of(*principal);
            watched.retain(is_concerned);
            self.hub.for_sockets_of(&[*principal], |link| {
                let of_link = watched
                    .iter()
                    .filter(|seen| self.is_watched_by(link, **seen));
                watching.extend(of_link.map(|seen| (Arc::clone(link), *seen)));
            });
        }
        watching
    }

    /// Tells links how those look now whom they may see otherwise than before.
    pub(in crate::fanout) fn tell_watching(&self, watching: &[Watches]) {
        let mut watchers: Vec<_> = watching.iter().map(|(link, _)| link.principal).collect();
        watchers.sort_unstable();
        watchers.dedup();
        if !watchers.is_empty() {
            self.relations_changed(&watchers);
        }
        for (link, seen) in watching {
            // Nothing is told any more of whom it watches no more.
            if self.is_watched_by(link, *seen) {
                link.mark(*seen);
            }
        }
    }
}
