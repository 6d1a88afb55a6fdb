//! Changes of who may see what: told to exactly those whose view they change.
//!
//! In: what people were to each other right before a change of privacy, of a block or of a role.
//! Out: to whoever is shown another face than before, that face; a stop of typing that may no longer be seen; a new list of who is online.
//! Always true: whoever is shown the same as before is told nothing, and older positions of theirs stay good.

use std::collections::HashMap;
use std::sync::Arc;

use vigie_core::{Presence, PrincipalKey, Sight, Wall, Watcher, face};

use super::connection::Connection;
use super::{Fanout, Wanted, online_stats};

/// How people saw each other before a change.
#[derive(Debug)]
pub(crate) struct Sights {
    pairs: Vec<Pair>,
    /// How much of whom services were told.
    public: Vec<(PrincipalKey, Sight)>,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    watcher: PrincipalKey,
    seen: PrincipalKey,
    before: Sight,
    /// The watcher is told of changes by all its sockets, and does not only look at a large conversation, or watch on some of them.
    is_subscribed: bool,
}

impl Fanout {
    /// How somebody and whoever follows them see each other now.
    pub(crate) fn sights_around(&self, principal: PrincipalKey) -> Sights {
        let (audience, conversations) = {
            let directory = self.people.directory();
            let conversations = directory.member(principal).conversations().to_vec();
            let audience = directory.audience(principal, self.audience_limit);
            (audience, conversations)
        };
        let viewers = conversations.into_iter().flat_map(|key| {
            let viewers = self.hub.viewers(key);
            viewers.into_iter().map(|viewer| viewer.principal)
        });
        let watchers = self.watchers_of(principal);
        let watchers = watchers.iter().map(|link| link.principal);
        let watched = self.watched_by_any_of(principal);
        let others = viewers.chain(audience.iter().copied());
        let mut others: Vec<_> = others.chain(watchers).chain(watched).collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|other| *other != principal);
        let pairs = others.into_iter().flat_map(|other| {
            let is_subscribed = audience.binary_search(&other).is_ok();
            [
                (other, principal, is_subscribed),
                (principal, other, is_subscribed),
            ]
        });
        let mut sights = self.sights_of(pairs);
        sights.public = vec![(principal, self.public_sight(principal))];
        sights
    }

    /// How two people see each other now.
    pub(crate) fn sights_between(&self, one: PrincipalKey, other: PrincipalKey) -> Sights {
        let is_subscribed = {
            let directory = self.people.directory();
            directory.are_subscribed(one, other, self.audience_limit)
        };
        self.sights_of([(one, other, is_subscribed), (other, one, is_subscribed)])
    }

    /// People may see each other otherwise than noted: whoever does is told.
    pub(crate) fn sights_changed(&self, before: Sights) {
        self.want(Wanted::Sights(before));
    }

    fn sights_of(
        &self,
        pairs: impl IntoIterator<Item = (PrincipalKey, PrincipalKey, bool)>,
    ) -> Sights {
        let directory = self.people.directory();
        let pair = |(watcher, seen, is_subscribed)| Pair {
            watcher,
            seen,
            before: directory.sight(Watcher::Principal(watcher), seen),
            is_subscribed,
        };
        Sights {
            pairs: pairs.into_iter().map(pair).collect(),
            public: Vec::new(),
        }
    }

    pub(super) fn tell_sights(&self, before: &Sights) {
        for (principal, sight) in &before.public {
            if self.public_sight(*principal) != *sight {
                let number = self.host.draw_number();
                self.positions.note_shown_otherwise(*principal, number);
                self.webhooks.mark(&[*principal]);
            }
        }
        let changed = self.changed_views(before);
        let told: Vec<_> = changed
            .iter()
            .map(|pair| (pair, self.sockets_that_follow(pair)))
            .collect();
        // Whoever is between two links comes back by a cursor.
        let told = || {
            let follows =
                |(pair, sockets): &&(&Pair, Vec<_>)| pair.is_subscribed || !sockets.is_empty();
            told.iter().filter(follows)
        };
        let mut watchers: Vec<_> = told().map(|(pair, _)| pair.watcher).collect();
        watchers.sort_unstable();
        watchers.dedup();
        if !watchers.is_empty() {
            self.relations_changed(&watchers);
        }
        for (pair, sockets) in told() {
            sockets.iter().for_each(|socket| socket.mark(pair.seen));
        }
        for socket in told().flat_map(|(_, sockets)| sockets) {
            // A dot that may no longer be seen goes now, not when the window is over.
            self.tell_at_once(socket);
        }
        let public = || before.public.iter().map(|(principal, _)| *principal);
        let seen: Vec<_> = changed
            .iter()
            .map(|pair| pair.seen)
            .chain(public())
            .collect();
        let looking: Vec<_> = changed
            .iter()
            .map(|pair| pair.watcher)
            .chain(public())
            .collect();
        self.sight_changed_in_rooms(&seen, &looking);
        let mut of_seen: HashMap<PrincipalKey, Vec<PrincipalKey>> = HashMap::new();
        for pair in &changed {
            of_seen.entry(pair.seen).or_default().push(pair.watcher);
        }
        for (seen, watchers) in of_seen {
            self.retract_typing(seen);
            online_stats::note_sight(self, seen, &watchers);
        }
        for principal in public() {
            // One counts oneself as the others see one.
            online_stats::note_sight(self, principal, &[principal]);
        }
    }

    /// The watcher's sockets that are told of changes of whom it sees.
    fn sockets_that_follow(&self, pair: &Pair) -> Vec<Arc<Connection>> {
        let mut sockets = Vec::new();
        if pair.is_subscribed {
            self.hub
                .for_sockets_of(&[pair.watcher], |socket| sockets.push(Arc::clone(socket)));
        } else {
            sockets = self.watchers_of(pair.seen);
            sockets.retain(|socket| socket.principal == pair.watcher);
        }
        sockets
    }

    /// The pairs of whom one is shown something else of the other than before.
    fn changed_views(&self, before: &Sights) -> Vec<Pair> {
        let mut seen: Vec<_> = before.pairs.iter().map(|pair| pair.seen).collect();
        seen.sort_unstable();
        seen.dedup();
        let presences = self.host.presences(&seen);
        let presences: HashMap<_, _> = seen.into_iter().zip(presences).collect();
        let now = self.host.now().wall;
        let directory = self.people.directory();
        let is_changed = |pair: &Pair| {
            let after = directory.sight(Watcher::Principal(pair.watcher), pair.seen);
            let presence = presences.get(&pair.seen);
            presence.is_some_and(|presence| looks_different(pair.before, after, presence, now))
        };
        before.pairs.iter().copied().filter(is_changed).collect()
    }
}

/// Whether two sights of one presence show different things, a name included.
fn looks_different(before: Sight, after: Sight, presence: &Presence, now: Wall) -> bool {
    if before == after {
        return false;
    }
    let is_known = |sight| match sight {
        Sight::Nothing => false,
        Sight::Part { .. } | Sight::Whole => true,
    };
    is_known(before) != is_known(after) || face(before, presence, now) != face(after, presence, now)
}
