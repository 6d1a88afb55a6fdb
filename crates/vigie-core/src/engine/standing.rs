//! What the engine remembers of one principal besides its sessions and its activity cell.
//!
//! Most principals are offline and have been for long: of them a row of 24 bytes is kept.
//! Whoever has more to remember has a place among the [`Details`], until nothing is left in them.

use core::num::NonZeroU32;

use crate::availability::{Availability, Version};
use crate::principal::PrincipalKey;
use crate::time::{Mono, Now, Wall};

use super::choosing::Choice;
use super::sessions::Slot;

/// What is kept of everybody.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// The latest edge.
    pub(super) version: Version,
    /// Last proof of any lease, as of the latest edge to offline.
    pub(super) seen_at: Option<Wall>,
    /// Where the details are.
    place: Option<Place>,
    /// What was announced last, if only to the person itself.
    pub(super) shown: Availability,
    /// What the leases fold to, without a status that the person chose.
    pub(super) computed: Availability,
}

/// A place among the details, counted from one so that an optional place takes no more room.
#[derive(Debug, Clone, Copy)]
struct Place(NonZeroU32);

impl Place {
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// What is kept of whoever has a lease, a force, chose something, or left with a goodbye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Details {
    /// Latest proof among the sessions that ended since the latest edge to offline.
    pub(super) ended_proof: Option<Wall>,
    /// The latest clean leave.
    pub(super) left: Option<Now>,
    /// Since when an operator's "offline" holds.
    pub(super) forced_offline: Option<Now>,
    /// Set while a REST lease is open: it ends no earlier than this.
    pub(super) rest_floor: Option<Now>,
    /// The first of its sessions; they form a list.
    pub(super) first_session: Option<Slot>,
    /// How many of its sessions have an open connection.
    pub(super) connected: u32,
    /// Whether a session started since the latest clean leave: then it guards nothing any more.
    pub(super) started_since_leave: bool,
    /// What the person chose; few people do.
    pub(super) choice: Option<Box<Choice>>,
}

impl Details {
    const NONE: Self = Self {
        ended_proof: None,
        left: None,
        forced_offline: None,
        rest_floor: None,
        first_session: None,
        connected: 0,
        started_since_leave: false,
        choice: None,
    };

    /// Whether anything makes the principal present.
    pub(super) fn has_lease(&self) -> bool {
        self.first_session.is_some() || self.rest_floor.is_some()
    }

    /// Whether a REST activity whose request began at `began` may open a lease at `now`.
    pub(super) fn may_open_rest_lease(
        &self,
        began: Mono,
        now: Mono,
        leave_guard: core::time::Duration,
    ) -> bool {
        let guarded = self.left.is_some_and(|left| {
            let in_guard = !self.started_since_leave && now < left.mono + leave_guard;
            in_guard || began <= left.mono
        });
        self.connected == 0 && self.forced_offline.is_none() && !guarded
    }

    /// Whether there is nothing to remember.
    fn are_void(&self) -> bool {
        let Self {
            ended_proof,
            left,
            forced_offline,
            rest_floor,
            first_session,
            connected,
            // A start says nothing where there was no leave.
            started_since_leave: _,
            choice,
        } = self;
        let has_times = ended_proof.is_some() || left.is_some();
        let has_lease = first_session.is_some() || rest_floor.is_some() || *connected > 0;
        !(has_times || has_lease || forced_offline.is_some() || choice.is_some())
    }
}

/// Everybody's standing, by key.
#[derive(Debug, Default)]
pub(super) struct Standings {
    rows: Vec<Standing>,
    details: Vec<Details>,
    free: Vec<Place>,
}

impl Standings {
    /// The row of a principal, also of one the engine never heard of.
    pub(super) fn of(&self, principal: PrincipalKey) -> &Standing {
        const UNKNOWN: &Standing = &Standings::UNKNOWN;
        self.rows.get(principal.index()).unwrap_or(UNKNOWN)
    }

    /// What else is known of a principal.
    pub(super) fn details_of(&self, principal: PrincipalKey) -> &Details {
        const NONE: &Details = &Details::NONE;
        let place = self.of(principal).place;
        place.map_or(NONE, |place| &self.details[place.index()])
    }

    /// The row of a principal, to change.
    pub(super) fn change(&mut self, principal: PrincipalKey) -> &mut Standing {
        if self.rows.len() <= principal.index() {
            self.rows.resize(principal.index() + 1, Self::UNKNOWN);
        }
        &mut self.rows[principal.index()]
    }

    /// What else is known of a principal, to change; [`Self::tidy`] when nothing may be left.
    pub(super) fn change_details(&mut self, principal: PrincipalKey) -> &mut Details {
        let place = match self.change(principal).place {
            Some(place) => place,
            None => {
                let place = self.new_place();
                self.change(principal).place = Some(place);
                place
            }
        };
        &mut self.details[place.index()]
    }

    /// Gives up the details of a principal when nothing is left in them.
    pub(super) fn tidy(&mut self, principal: PrincipalKey) {
        let place = self.of(principal).place;
        if let Some(place) = place.filter(|place| self.details[place.index()].are_void()) {
            self.details[place.index()] = Details::NONE;
            self.change(principal).place = None;
            self.free.push(place);
        }
    }

    const UNKNOWN: Standing = Standing {
        version: Version(0),
        seen_at: None,
        place: None,
        shown: Availability::Offline,
        computed: Availability::Offline,
    };

    fn new_place(&mut self) -> Place {
        self.free.pop().unwrap_or_else(|| {
            self.details.push(Details::NONE);
            let count = u32::try_from(self.details.len()).unwrap_or(u32::MAX);
            Place(NonZeroU32::new(count).unwrap_or(NonZeroU32::MAX))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_offline_takes_a_small_row_and_nothing_else() {
        assert_eq!(size_of::<Standing>(), 24);
        assert_eq!(size_of::<Details>(), 80);
    }

    #[test]
    fn details_are_given_up_when_nothing_is_left_in_them_and_their_place_is_used_again() {
        let mut standings = Standings::default();
        let (alice, bob) = (PrincipalKey(0), PrincipalKey(1));
        standings.change_details(alice).connected = 1;
        standings.tidy(alice);
        assert_eq!(standings.details_of(alice).connected, 1);
        standings.change_details(alice).connected = 0;
        standings.tidy(alice);
        assert_eq!(*standings.details_of(alice), Details::NONE);
        standings.change_details(bob).connected = 2;
        assert_eq!(standings.details.len(), 1);
        assert_eq!(*standings.details_of(alice), Details::NONE);
    }
}
