//! A walk over whoever changed since a position, in slices: how services catch up, by a webhook or by `/v1/changes`.
//!
//! In: where a service stands. Out: people in their newest state, each once, and where it stands afterwards.
//! Always true: what changes while the walk is under way has a later number than its goal, so the next walk or whoever listens finds it; and no slice keeps the engine for long.

use std::sync::Arc;

use vigie_core::{Presence, PrincipalKey, Sight, followed_version, public_sight};

use super::Fanout;
use super::positions::{Reached, Since};
use super::wire::Snapshot;
use crate::cursor::{ServiceCursor, UnfinishedWalk};
use crate::engine_host::Number;
use crate::webhooks::face;

/// People in one answer of `/v1/changes` to a service; as many as a snapshot holds by default.
const PAGE: usize = 1_000;

/// People whose states are read in one go; the engine stands still meanwhile.
const STRIDE: u32 = 4_096;

/// People that one slice looks at, also when hardly any of them changed.
const SLICE: u32 = 8 * STRIDE;

/// Where somebody stands who was told everything up to there.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In this start.
    Here(Reached),
    /// By a cursor that was kept, of this start or an earlier one.
    Earlier(Arc<str>),
}

/// A walk from a place to where news had been told when it began.
#[derive(Debug)]
pub(crate) struct Walk {
    from: ServiceCursor,
    since: Since,
    next: u32,
    goal: Reached,
    is_over: bool,
}

impl Walk {
    /// Where one stands once it is over.
    pub(crate) fn goal(&self) -> Reached {
        self.goal
    }

    /// Whether everybody was looked at.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether it is of no use where one stood: nothing short of everybody would do.
    pub(crate) fn is_of_everybody(&self) -> bool {
        self.since == Since::Ever
    }
}

impl Fanout {
    /// How far news have been told.
    pub(crate) fn reached(&self) -> Reached {
        self.positions.reached()
    }

    /// The cursor of a place, for services.
    pub(crate) fn service_cursor(&self, place: &Place) -> String {
        match place {
            Place::Here(reached) => self.positions.service_cursor(&self.standing(*reached)),
            Place::Earlier(cursor) => cursor.as_ref().to_owned(),
        }
    }

    /// Begins a walk from a place.
    pub(crate) fn walk_from(&self, place: &Place) -> Walk {
        let from = match place {
            Place::Here(reached) => Some(self.standing(*reached)),
            Place::Earlier(cursor) => self.positions.open_of_service(cursor),
        };
        self.walk_since(from)
    }

    fn standing(&self, reached: Reached) -> ServiceCursor {
        ServiceCursor {
            start: self.positions.this_start(),
            number: reached.number,
            at: reached.at,
            walk: None,
        }
    }

    /// Begins a walk, or goes on with one that began in this start.
    fn walk_since(&self, from: Option<ServiceCursor>) -> Walk {
        let mut goal = self.positions.reached();
        let before_everything = ServiceCursor {
            start: 0,
            number: Number::default(),
            at: goal.at,
            walk: None,
        };
        let from = from.unwrap_or(before_everything);
        let mut next = 0;
        let begun = from
            .walk
            .filter(|walk| walk.start == self.positions.this_start());
        if let Some(walk) = begun {
            next = walk.next;
            goal.number = walk.goal_number;
            goal.at = walk.goal_at;
        }
        Walk {
            since: self.positions.missed_by_service(&from),
            from,
            next,
            goal,
            is_over: false,
        }
    }

    /// The next slice of a walk: at most `most` people, and none when a part had not changed.
    pub(crate) fn walk_on(&self, walk: &mut Walk, most: usize) -> Vec<(PrincipalKey, Presence)> {
        let everybody = u32::try_from(self.people.directory().len()).unwrap_or(u32::MAX);
        let last = everybody.min(walk.next.saturating_add(SLICE));
        let mut found = Vec::new();
        while walk.next < last {
            let stride = walk.next..last.min(walk.next.saturating_add(STRIDE));
            let end = stride.end;
            for (principal, presence) in self.new_faces_among(stride, walk.since) {
                if found.len() == most {
                    walk.next = principal.0;
                    return found;
                }
                found.push((principal, presence));
            }
            walk.next = end;
        }
        walk.is_over = walk.next >= everybody;
        found
    }

    /// Those in a range of keys whose public face changed since.
    fn new_faces_among(
        &self,
        keys: std::ops::Range<u32>,
        since: Since,
    ) -> Vec<(PrincipalKey, Presence)> {
        let all: Vec<PrincipalKey> = keys.map(PrincipalKey).collect();
        match since {
            Since::Number(number) => {
                let mut changed = self.positions.changed_since(&all, number);
                changed.retain(|key| self.public_sight(*key).follows());
                changed.extend(self.positions.shown_otherwise_since(&all, number));
                changed.sort_unstable();
                changed.dedup();
                let presences = self.host.presences(&changed);
                changed.into_iter().zip(presences).collect()
            }
            Since::Version(version) => {
                let mut people: Vec<_> =
                    all.iter().copied().zip(self.host.presences(&all)).collect();
                people.retain(|(key, presence)| {
                    let sight = self.public_sight(*key);
                    // When somebody began to hide is in no version: whoever hides is told of, whatever happened behind it.
                    !sight.follows()
                        || followed_version(sight, presence).is_some_and(|seen| seen >= version)
                });
                people
            }
            Since::Ever => {
                let mut people: Vec<_> =
                    all.iter().copied().zip(self.host.presences(&all)).collect();
                let directory = self.people.directory();
                people.retain(|(key, _)| !directory.member(*key).is_deleted());
                people
            }
        }
    }

    /// How much of somebody services are told.
    pub(super) fn public_sight(&self, principal: PrincipalKey) -> Sight {
        let directory = self.people.directory();
        public_sight(directory.member(principal).privacy())
    }

    /// Who changed since a service's cursor, in a bounded answer; without one, where it begins.
    pub(crate) fn changes_for_service(&self, since: Option<&str>) -> Snapshot {
        let Some(since) = since else {
            let here = Place::Here(self.positions.reached());
            return Snapshot::nothing_since(&self.service_cursor(&here));
        };
        let mut walk = self.walk_since(self.positions.open_of_service(since));
        let is_whole = walk.is_of_everybody() && walk.next == 0;
        let people = self.walk_on(&mut walk, PAGE);
        let users = {
            let now = self.host.now().wall;
            let directory = self.people.directory();
            let face_of = |(principal, presence): &(PrincipalKey, Presence)| {
                face(&directory, *principal, presence, now)
            };
            people.iter().map(face_of).collect::<Vec<_>>()
        };
        let cursor = if walk.is_over {
            self.standing(walk.goal)
        } else {
            ServiceCursor {
                walk: Some(UnfinishedWalk {
                    start: self.positions.this_start(),
                    next: walk.next,
                    goal_number: walk.goal.number,
                    goal_at: walk.goal.at,
                }),
                ..walk.from
            }
        };
        Snapshot {
            cursor: self.positions.service_cursor(&cursor),
            total: users.len(),
            users,
            truncated: !walk.is_over,
            partial: !is_whole,
        }
    }
}
