//! One socket's view of a conversation: what its client holds, and what it still has to be told.
//!
//! In: a scene, and the members whose state may have changed. Out: the next message, if there is anything to say.
//! Always true: a message is made of the newest state and of what the client holds, so whoever reads slowly is told less often, and never something old;
//! and what waits for a view is at most a set of members.

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_core::{Id, PrincipalId, PrincipalKey, Watcher};

use super::diff::{Counts, Diff, Held, Told};
use super::ladder::Rung;
use super::marks::Concern;
use super::scene::Scene;
use crate::fanout::connection::Connection;

/// A view that somebody looks at.
#[derive(Debug)]
pub(super) struct View {
    pub(super) connection: Arc<Connection>,
    /// The conversation's id, also when that is gone.
    pub(super) id: Id,
    /// The rung that its client was told of; `None` before the first message, and when a whole one is wanted.
    rung: Option<Rung>,
    held: Held,
    counts: Counts,
    /// Members that its client asked for.
    asked: Vec<PrincipalKey>,
    /// The last id of its window, when that is full: whoever comes behind it changes nothing in there.
    edge: Option<PrincipalId>,
    wants: Wants,
}

/// The members that are to be compared with what the client holds.
#[derive(Debug, PartialEq, Eq)]
enum Wants {
    Some(BTreeSet<PrincipalKey>),
    All,
}

/// What a client is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) rung: Rung,
    /// Whether it takes the place of what the client holds; else its joins come to that.
    pub(super) is_whole: bool,
    pub(super) diff: Diff,
    pub(super) counts: Counts,
}

impl View {
    pub(super) fn new(connection: Arc<Connection>, id: Id) -> Self {
        Self {
            connection,
            id,
            rung: None,
            held: Held::default(),
            counts: Counts::default(),
            asked: Vec::new(),
            edge: None,
            wants: Wants::All,
        }
    }

    pub(super) fn watcher(&self) -> PrincipalKey {
        self.connection.principal
    }

    /// How it is told; `None` before the first message, and when a whole one is wanted.
    pub(super) fn rung(&self) -> Option<Rung> {
        self.rung
    }

    /// Its client wants everything anew.
    pub(super) fn start_over(&mut self) {
        self.rung = None;
    }

    /// What its client holds may differ anywhere.
    pub(super) fn compare_all(&mut self) {
        self.wants = Wants::All;
    }

    /// Its client asks for these members, in the place of those it asked for before.
    pub(super) fn ask(&mut self, members: Vec<PrincipalKey>) {
        self.asked = members;
        self.wants = Wants::All;
    }

    /// Keeps in mind whom it still has to be told of; a window and counts are made anew each time, and need no memory.
    pub(super) fn want(&mut self, concern: &Concern<'_>) {
        if concern.is_empty() {
            return;
        }
        let is_listed = match self.rung {
            Some(Rung::Full | Rung::Batched) => true,
            Some(Rung::Window | Rung::Count) | None => false,
        };
        match &mut self.wants {
            Wants::Some(wanted) if is_listed => wanted.extend(concern.keys()),
            Wants::Some(_) | Wants::All => self.wants = Wants::All,
        }
    }

    /// Whether a window may look otherwise after these changed.
    fn is_touched(&self, concern: &Concern<'_>) -> bool {
        let is_within = match (&self.edge, concern.first) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(edge), Some(first)) => first <= edge,
        };
        self.wants == Wants::All
            || is_within
            || concern.names(self.watcher())
            || self.asked.iter().any(|key| concern.names(*key))
    }

    /// Whether it still has to be told of something.
    pub(super) fn is_owed(&self) -> bool {
        self.rung.is_none() || self.wants != Wants::Some(BTreeSet::new())
    }

    /// What its client is to be told next, given who may have changed; `None` when it holds just that.
    pub(super) fn next(
        &mut self,
        scene: &Scene<'_>,
        rung: Rung,
        concern: &Concern<'_>,
    ) -> Option<Message> {
        let watcher = Watcher::Principal(self.watcher());
        let is_whole = self.rung != Some(rung);
        let is_untouched = !is_whole && !self.is_touched(concern);
        let nothing = Held::default();
        let held = if is_whole { &nothing } else { &self.held };
        let candidates: Vec<PrincipalKey> = match rung {
            Rung::Count => Vec::new(),
            Rung::Full | Rung::Batched => match &self.wants {
                Wants::Some(wanted) if !is_whole => {
                    wanted.iter().copied().chain(concern.keys()).collect()
                }
                Wants::Some(_) | Wants::All => scene.listing(watcher).collect(),
            },
            Rung::Window if !is_untouched => {
                let (mut window, edge) = scene.window(watcher);
                window.extend(&self.asked);
                self.edge = edge;
                window
            }
            Rung::Window => Vec::new(),
        };
        let told = |key: PrincipalKey| (key, scene.told(watcher, key));
        // Whom it holds and no candidate names is gone from a window, and is looked at again in the others.
        let others: Vec<(PrincipalKey, Option<Told>)> = match rung {
            Rung::Count => Vec::new(),
            Rung::Window if is_untouched => Vec::new(),
            Rung::Window => held.keys().map(|key| (key, None)).collect(),
            Rung::Full | Rung::Batched if self.wants == Wants::All => {
                held.keys().map(told).collect()
            }
            Rung::Full | Rung::Batched => Vec::new(),
        };
        // The later of two that name one member counts.
        let now = others.into_iter().chain(candidates.into_iter().map(told));
        let diff = held.difference(now);
        let counts = self.count(scene, rung, held, &diff);
        if !is_whole && diff.is_empty() && counts == self.counts {
            return None;
        }
        Some(Message {
            rung,
            is_whole,
            diff,
            counts,
        })
    }

    fn count(&self, scene: &Scene<'_>, rung: Rung, held: &Held, diff: &Diff) -> Counts {
        let watcher = Watcher::Principal(self.watcher());
        match rung {
            // What is listed is counted, to the last member.
            Rung::Full | Rung::Batched => {
                let (online, here) = held.count_after(diff);
                Counts {
                    members: scene.count_members(watcher),
                    online,
                    here,
                }
            }
            Rung::Window | Rung::Count => scene.count(watcher),
        }
    }

    /// Its client was told this, or there was nothing to say.
    pub(super) fn told(&mut self, message: Option<&Message>) {
        self.wants = Wants::Some(BTreeSet::new());
        let Some(message) = message else {
            return;
        };
        if message.is_whole {
            self.held = Held::default();
        }
        self.rung = Some(message.rung);
        self.held.apply(&message.diff);
        self.counts = message.counts;
    }
}

#[cfg(test)]
mod tests;
