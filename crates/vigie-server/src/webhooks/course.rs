//! What one webhook is told next: conversations in their order, and people, noted or found by a walk, in their newest state.
//!
//! In: what waits, and where the receiver stands. Out: batches.
//! Always true: the cursor of a batch stands before nothing that this and earlier batches did not tell.

use std::collections::VecDeque;

use vigie_core::{Presence, PrincipalKey};

use super::batch::{Batch, Head, MOST_EVENTS};
use super::event::Event;
use super::face::face;
use super::hook::Hook;
use crate::app::App;
use crate::fanout::wire::iso;
use crate::fanout::{Place, ToldUntil, Walk};

/// The course of what a webhook is told.
#[derive(Debug)]
pub(super) struct Course {
    /// Where the receiver stands once everything that was made is taken.
    told: Place,
    walk: Option<Walk>,
    aim: Option<Aim>,
    /// Parts of a batch that a receiver found too large, still without a number; they go first.
    parts: VecDeque<Part>,
    /// Events in one batch; fewer once a receiver found one too large.
    most: usize,
}

/// Events of a batch that was not taken, and where the receiver stands once it has taken these.
#[derive(Debug)]
struct Part {
    events: Vec<String>,
    place: Place,
}

/// Where the receiver will stand once those who waited when it was noted are told.
#[derive(Debug)]
struct Aim {
    reached: ToldUntil,
    left: usize,
}

/// What became of the attempt to make a batch.
#[derive(Debug)]
pub(super) enum Made {
    /// This.
    Batch(Batch),
    /// Nothing yet, but not everybody was looked at.
    More,
    /// Nothing waits.
    Nothing,
    /// Something may wait, and no number is free for it before progress is written.
    NoNumber,
}

impl Course {
    /// From where the receiver stands; where that is of no use, from now on, with the word to read everything anew.
    pub(super) fn begin(app: &App, hook: &Hook) -> Self {
        let told = hook.progress.lock().place.clone();
        let mut course = Self {
            told,
            walk: None,
            aim: None,
            parts: VecDeque::new(),
            most: MOST_EVENTS,
        };
        if app.fanout.walk_from(&course.told).is_of_everybody() {
            hook.with_waiting(|waiting| {
                waiting.conversations.resync();
                waiting.people.begin_anew();
            });
            course.told = Place::Here(app.fanout.reached());
        }
        course
    }

    /// The next batch.
    pub(super) fn make(&mut self, app: &App, hook: &Hook) -> Made {
        if !hook.progress.lock().has_number() {
            return Made::NoNumber;
        }
        if let Some(Part { events, place }) = self.parts.pop_front() {
            return seal(app, hook, events, place);
        }
        let choice = hook.settings().choice;
        let half = (self.most / 2).max(1);
        let taken = hook.with_waiting(|waiting| waiting.conversations.take(half));
        let mut events = Vec::new();
        if taken.must_resync {
            events.push(Event::Resync {}.encode());
        }
        let changes = taken.changes.iter();
        events.extend(
            changes.map(|(id, change)| Event::of_conversation(id, change.as_ref()).encode()),
        );
        let room = self.most.saturating_sub(events.len());
        let people = if choice.status {
            self.people(app, hook, room)
        } else {
            self.told = Place::Here(app.fanout.reached());
            Vec::new()
        };
        {
            let now = app.host.now().wall;
            let directory = app.people.directory();
            let faces = people
                .iter()
                .map(|(principal, presence)| face(&directory, *principal, presence, now));
            events.extend(faces.map(|face| Event::Status(face).encode()));
        }
        if events.is_empty() {
            let may_go_on = self.walk.is_some() || hook.waiting() > 0;
            return if may_go_on { Made::More } else { Made::Nothing };
        }
        let place = self.told.clone();
        seal(app, hook, events, place)
    }

    /// At most `most` people, in their newest state.
    fn people(&mut self, app: &App, hook: &Hook, most: usize) -> Vec<(PrincipalKey, Presence)> {
        let is_lost = || hook.with_waiting(|waiting| waiting.people.begin_anew());
        if self.walk.is_none() && is_lost() {
            // Whoever changes from here on is noted; whoever changed before has a number that the walk finds.
            self.walk = Some(app.fanout.walk_from(&self.told));
            self.aim = None;
        }
        if let Some(walk) = &mut self.walk {
            let found = app.fanout.walk_on(walk, most);
            if walk.is_over() {
                self.told = Place::Here(walk.goal());
                self.walk = None;
            }
            return found;
        }
        // Read before anybody is taken: whoever changed before it waits, or was told.
        let reached = app.fanout.reached();
        let (waited, taken) = hook.with_waiting(|waiting| {
            let waited = waiting.people.len();
            (waited, waiting.people.take(most))
        });
        let aim = self.aim.get_or_insert(Aim {
            reached,
            left: waited,
        });
        aim.left = aim.left.saturating_sub(taken.len());
        if aim.left == 0 {
            self.told = Place::Here(aim.reached);
            self.aim = None;
        }
        let presences = app.host.presences(&taken);
        taken.into_iter().zip(presences).collect()
    }

    /// Takes a batch that was too large in two parts; gives it back when it is a single event.
    pub(super) fn split(&mut self, app: &App, hook: &Hook, batch: Batch) -> Result<(), Batch> {
        let half = batch.events.len() / 2;
        if half == 0 {
            return Err(batch);
        }
        self.most = self.most.min(half);
        let before = hook.progress.lock().place.clone();
        // A cursor of an earlier start that is of no use any more is no place to stand at.
        let before = if app.fanout.walk_from(&before).is_of_everybody() {
            batch.place.clone()
        } else {
            before
        };
        let mut first = batch.events;
        let second = first.split_off(half);
        self.parts.push_front(Part {
            events: second,
            place: batch.place,
        });
        self.parts.push_front(Part {
            events: first,
            place: before,
        });
        Ok(())
    }

    /// Where the receiver stands once everything that was made is taken.
    pub(super) fn told(&self) -> &Place {
        &self.told
    }

    /// Whether parts of a batch are still to come.
    pub(super) fn is_halfway(&self) -> bool {
        !self.parts.is_empty()
    }
}

/// Numbers a batch and gives it its bytes.
fn seal(app: &App, hook: &Hook, events: Vec<String>, place: Place) -> Made {
    // Whoever makes batches saw that there is one, and nobody else draws.
    let Some(sequence) = hook.progress.lock().draw_sequence() else {
        return Made::NoNumber;
    };
    let head = Head {
        webhook: &hook.id,
        sequence,
        cursor: &app.fanout.service_cursor(&place),
        sent_at: &iso(app.host.now().wall),
    };
    Made::Batch(Batch::new(&head, events, place))
}
