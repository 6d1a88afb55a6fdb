//! Edges on their way to the fan-out, coalesced per principal, and how many people are present.
//!
//! Always true: a principal waits at most once, so the queue is bounded by the number of principals; an edge that waits is superseded by a newer one of the same principal, never lost.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use vigie_core::{Availability, Concern, PrincipalKey};

/// Principals whose state changed and was not told yet.
#[derive(Debug, Default)]
pub(crate) struct News {
    order: VecDeque<Waiting>,
    /// The latest news of each principal that waits.
    waiting: HashMap<PrincipalKey, Latest>,
    next: Number,
    edges: Edges,
    guests: HashSet<PrincipalKey>,
    present: Present,
}

/// A principal that waits, and the number of the first news that it waits with.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    principal: PrincipalKey,
    since: Number,
}

/// The number of the latest of the news that wait, and whom any of them concerns.
#[derive(Debug, Clone, Copy)]
struct Latest {
    number: Number,
    concern: Concern,
}

/// News are numbered as they are decided; whoever reads states under the engine's lock knows all news before [`News::horizon`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Number(u64);

impl Number {
    /// As cursors carry it.
    pub(crate) const fn as_u64(self) -> u64 {
        self.0
    }

    /// As cursors carry it.
    pub(crate) const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number after this one.
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// How many principals are online or away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Present {
    /// Registered users.
    pub users: usize,
    /// Guests.
    pub guests: usize,
}

/// Edges decided since the start, by the state after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Edges {
    pub(crate) online: u64,
    pub(crate) away: u64,
    pub(crate) busy: u64,
    pub(crate) offline: u64,
}

impl News {
    pub(super) fn note(
        &mut self,
        principal: PrincipalKey,
        was: Availability,
        is: Availability,
        concern: Concern,
    ) {
        self.count(principal, was, is);
        // A text that changed, or a veil that was raised, leaves the state as it was.
        if was != is {
            self.count_edge(is);
        }
        let number = self.draw();
        let latest = Latest { number, concern };
        match self.waiting.entry(principal) {
            Entry::Vacant(place) => {
                place.insert(latest);
                let since = number;
                self.order.push_back(Waiting { principal, since });
            }
            Entry::Occupied(mut waiting) => {
                let waiting = waiting.get_mut();
                waiting.number = number;
                waiting.concern = waiting.concern.max(concern);
            }
        }
    }

    fn count_edge(&mut self, is: Availability) {
        match is {
            Availability::Online => self.edges.online += 1,
            Availability::Away => self.edges.away += 1,
            Availability::Busy => self.edges.busy += 1,
            Availability::Offline => self.edges.offline += 1,
        }
    }

    /// A number for a change that is no edge, and is told in its own way.
    pub(super) fn draw(&mut self) -> Number {
        let number = self.next;
        self.next = number.next();
        number
    }

    /// News before this number have all been taken.
    pub(super) fn taken(&self) -> Number {
        self.order.front().map_or(self.next, |first| first.since)
    }

    /// Whether no news wait to be taken.
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The oldest news that wait, each principal with the number of its latest and whom any of them concerns.
    pub(super) fn take(&mut self, most: usize) -> Vec<(PrincipalKey, Number, Concern)> {
        let take = self.order.len().min(most);
        let taken = self.order.drain(..take);
        taken
            .filter_map(|Waiting { principal, .. }| {
                let Latest { number, concern } = self.waiting.remove(&principal)?;
                Some((principal, number, concern))
            })
            .collect()
    }

    /// Whom news of this principal concern that wait to be taken.
    pub(super) fn concern(&self, principal: PrincipalKey) -> Option<Concern> {
        self.waiting.get(&principal).map(|latest| latest.concern)
    }

    /// Whether news of this principal wait to be taken.
    pub(super) fn has(&self, principal: PrincipalKey) -> bool {
        self.waiting.contains_key(&principal)
    }

    /// The number of the news to come.
    pub(super) fn horizon(&self) -> Number {
        self.next
    }

    /// From now on this principal counts as a guest.
    pub(super) fn know_guest(&mut self, principal: PrincipalKey) {
        self.guests.insert(principal);
    }

    /// Counts a change of who is present, told or not.
    pub(super) fn count(&mut self, principal: PrincipalKey, was: Availability, is: Availability) {
        let present = if self.guests.contains(&principal) {
            &mut self.present.guests
        } else {
            &mut self.present.users
        };
        match (was.is_online(), is.is_online()) {
            (false, true) => *present += 1,
            (true, false) => *present -= 1,
            (true, true) | (false, false) => {}
        }
    }

    pub(super) fn present(&self) -> Present {
        self.present
    }

    pub(super) fn edges(&self) -> Edges {
        self.edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_waits_once_and_edges_are_counted_all() {
        let mut news = News::default();
        let (alice, bob) = (PrincipalKey(1), PrincipalKey(2));
        let (offline, online) = (Availability::Offline, Availability::Online);
        news.note(alice, offline, online, Concern::Watchers);
        news.note(bob, offline, online, Concern::Oneself);
        // What concerns watchers is not forgotten over what concerns oneself alone.
        news.note(alice, online, offline, Concern::Oneself);
        let before = news.horizon();
        assert_eq!(news.taken(), Number(0));
        assert_eq!(news.take(1), [(alice, Number(2), Concern::Watchers)]);
        // Bob's first is older than Alice's last, and has not been told.
        assert_eq!(news.taken(), Number(1));
        assert_eq!(news.take(9), [(bob, Number(1), Concern::Oneself)]);
        assert_eq!(before, Number(3));
        assert_eq!(news.take(9), []);
        assert_eq!((news.taken(), news.draw()), (Number(3), Number(3)));
        assert_eq!(news.taken(), Number(4));
        let edges = Edges {
            online: 2,
            away: 0,
            busy: 0,
            offline: 1,
        };
        assert_eq!(news.edges(), edges);
        assert_eq!(
            news.present(),
            Present {
                users: 1,
                guests: 0
            }
        );
    }
}
