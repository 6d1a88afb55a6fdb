//! The reference: the rules of presence once more, slow and obvious, written from their text and not from the engine.
//!
//! In: the same signals and instants that the engine gets.
//! Out: what must be seen: edges, closes, the throttle's answer, the session given; and the state of anybody at any time.
//! Always true: no timer, no cell, no cache; whoever is concerned is looked at as a whole.

mod activities;
mod choice;
mod leases;
mod person;
mod restored;
mod stay;

use core::time::Duration;

use vigie_core::{
    ConnectionId, Mono, Now, Presence, PresenceRecord, PrincipalKey, Rules, SessionId, Signal,
};

pub(crate) use self::person::{Farewell, Person};
use self::stay::Pause;
use crate::edge::Edge;

/// What the rules demand after one signal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demanded {
    /// Edges, in order.
    pub announced: Vec<Edge>,
    /// Connections to close, in order of their numbers.
    pub closed: Vec<ConnectionId>,
    /// The throttle's answer, when an activity was offered to it: accepted or held back.
    pub offered: Option<bool>,
    /// The session that the connection got.
    pub session: Option<SessionId>,
}

/// The whole world of people, as the rules would have it.
#[derive(Debug, Clone)]
pub struct Reference {
    rules: Rules,
    people: Vec<Person>,
    pause: Option<Pause>,
}

impl Reference {
    /// Nobody is present, nothing is known.
    #[must_use]
    pub fn new(rules: Rules, principals: usize) -> Self {
        Self {
            rules,
            people: vec![Person::default(); principals],
            pause: None,
        }
    }

    /// Takes one signal and says what must be seen.
    pub fn handle(&mut self, signal: &Signal, now: Now) -> Demanded {
        let mut demanded = Demanded::default();
        let Some(principal) = self.concerned(signal) else {
            if let Signal::ProcessPaused { pause } = signal {
                self.pause = Some(Pause {
                    ended: now.mono,
                    length: *pause,
                });
                for person in &mut self.people {
                    person.pause = self.pause;
                }
            }
            return demanded;
        };
        if let Some(connection) = self.mere_sign_of_life(principal, signal) {
            // It is no reason to decide: it cannot change what a passed deadline made.
            self.hear(principal, connection, now);
            return demanded;
        }
        if let Signal::SessionBackgrounded { connection } = signal {
            self.hear(principal, *connection, now);
        }
        // A cell that answers alone leaves the end of a choice to the timer.
        let is_answered_alone = matches!(signal, Signal::ActivityReported { .. })
            && self
                .person(principal)
                .is_answered_alone(now.mono, &self.rules);
        let end = self.people[principal.index()].choice.ends;
        if is_answered_alone {
            self.people[principal.index()].choice.ends = None;
        }
        // A due deadline is decided before anything else that concerns its principal.
        let was_due = self.is_due(principal, now.mono);
        let durable = self.person(principal).durable_active_at;
        self.decide(principal, now, Farewell::Silent, &mut demanded);
        let decided_silently = was_due && demanded.announced.is_empty();
        match signal {
            Signal::SessionStarted {
                session,
                connection,
                resumes,
                silence,
                ..
            } => {
                let given = self.start(principal, (*session, *connection), *resumes, *silence, now);
                demanded.session = Some(given);
                self.decide(principal, now, Farewell::Silent, &mut demanded);
            }
            Signal::SessionActive { connection } | Signal::SessionForegrounded { connection } => {
                self.act(principal, *connection, now, &mut demanded);
            }
            Signal::SessionBackgrounded { connection } => {
                self.background(principal, *connection);
                self.decide(principal, now, Farewell::Silent, &mut demanded);
            }
            Signal::SessionLeft { connection } => {
                self.leave(principal, *connection, now);
                self.decide(principal, now, Farewell::Said, &mut demanded);
            }
            Signal::SessionLost {
                connection,
                silence,
            } => {
                self.lose(principal, *connection, *silence, now);
                self.decide(principal, now, Farewell::Silent, &mut demanded);
            }
            Signal::SessionsRevoked { .. } => {
                demanded.closed = self.revoke(principal, now);
                self.decide(principal, now, Farewell::Said, &mut demanded);
            }
            Signal::ActivityReported { at, began, .. } => {
                let person = &mut self.people[principal.index()];
                if decided_silently {
                    // A cell may answer this alone, and the timer writes what ended later.
                    person.durable_active_at = durable;
                }
                self.report(principal, *at, *began, now, &mut demanded);
                self.people[principal.index()].write_is_due |= decided_silently;
            }
            Signal::StatusForced { online, .. } => {
                self.force(principal, *online, now);
                self.decide(principal, now, Farewell::Said, &mut demanded);
            }
            Signal::PresenceLoaded {
                record, alive_at, ..
            } => {
                self.load(principal, record, *alive_at, now);
                self.decide(principal, now, Farewell::Silent, &mut demanded);
            }
            Signal::StatusChosen { chosen, .. } => {
                self.people[principal.index()].choose(chosen, now, &self.rules);
                self.decide(principal, now, Farewell::Silent, &mut demanded);
            }
            Signal::SessionProved { .. } | Signal::ProcessPaused { .. } => {}
        }
        if is_answered_alone {
            self.people[principal.index()].choice.ends = end;
        }
        demanded
    }

    /// The principal's deadlines that have passed are decided, as the timer does.
    pub fn decide_due(&mut self, principal: PrincipalKey, now: Now, demanded: &mut Demanded) {
        self.decide(principal, now, Farewell::Silent, demanded);
    }

    /// A principal was deleted: the version stays, so that it grows for whoever has the id next, and so does the guard.
    pub fn forget(&mut self, principal: PrincipalKey) {
        let person = &mut self.people[principal.index()];
        *person = Person {
            version: person.version,
            left: person.left,
            guarded: person.guarded,
            pause: person.pause,
            ..Person::default()
        };
    }

    /// Somebody's record is to be written, for whatever reason: it holds the newest activity.
    pub fn write(&mut self, principal: PrincipalKey) {
        self.people[principal.index()].write();
    }

    /// Whether the newest activity may be on its way to the store already.
    #[must_use]
    pub fn write_is_due(&self, principal: PrincipalKey) -> bool {
        self.person(principal).write_is_due
    }

    /// Whether a deadline of the principal has passed undecided.
    #[must_use]
    pub fn is_due(&self, principal: PrincipalKey, now: Mono) -> bool {
        self.person(principal).is_due(now, &self.rules)
    }

    /// The first deadline of anybody, should nothing happen before.
    #[must_use]
    pub fn next_deadline(&self, now: Mono) -> Option<Mono> {
        let each = self.people.iter();
        each.filter_map(|person| person.next_deadline(now, &self.rules))
            .min()
    }

    /// Instants at which something about the principal may change or nearly does.
    #[must_use]
    pub fn instants(&self, principal: PrincipalKey) -> Vec<Mono> {
        self.person(principal).instants(&self.rules)
    }

    /// Everybody.
    pub fn principals(&self) -> impl Iterator<Item = PrincipalKey> + use<> {
        (0..u32::try_from(self.people.len()).unwrap_or(u32::MAX)).map(PrincipalKey)
    }

    /// What a watcher who may see everything sees.
    #[must_use]
    pub fn presence(&self, principal: PrincipalKey, now: Now) -> Presence {
        self.person(principal).presence(now)
    }

    /// What the store must be told.
    #[must_use]
    pub fn record(&self, principal: PrincipalKey) -> PresenceRecord {
        self.person(principal).record()
    }

    /// Open connections with the principal they belong to and their silence limits.
    pub fn connections(&self) -> impl Iterator<Item = (PrincipalKey, ConnectionId, Duration)> {
        self.principals()
            .zip(&self.people)
            .flat_map(|(key, person)| {
                let open = person.stays.iter();
                open.filter_map(move |stay| Some((key, stay.connection?, stay.silence)))
            })
    }

    /// The sessions of a principal, connected or in grace.
    #[must_use]
    pub fn sessions_of(&self, principal: PrincipalKey) -> Vec<SessionId> {
        let stays = self.person(principal).stays.iter();
        stays.map(|stay| stay.id).collect()
    }

    fn person(&self, principal: PrincipalKey) -> &Person {
        &self.people[principal.index()]
    }

    /// Whom a signal is about: a connection that nobody has concerns nobody.
    pub(crate) fn concerned(&self, signal: &Signal) -> Option<PrincipalKey> {
        match signal {
            Signal::SessionStarted { principal, .. }
            | Signal::SessionsRevoked { principal, .. }
            | Signal::ActivityReported { principal, .. }
            | Signal::StatusForced { principal, .. }
            | Signal::StatusChosen { principal, .. }
            | Signal::PresenceLoaded { principal, .. } => Some(*principal),
            Signal::SessionProved { connection }
            | Signal::SessionActive { connection }
            | Signal::SessionBackgrounded { connection }
            | Signal::SessionForegrounded { connection }
            | Signal::SessionLeft { connection }
            | Signal::SessionLost { connection, .. } => {
                let mut open = self.connections();
                open.find(|(_, open, _)| open == connection)
                    .map(|(key, ..)| key)
            }
            Signal::ProcessPaused { .. } => None,
        }
    }

    /// The connection, when the signal says no more than that somebody is there.
    fn mere_sign_of_life(&self, principal: PrincipalKey, signal: &Signal) -> Option<ConnectionId> {
        match signal {
            Signal::SessionProved { connection } => Some(*connection),
            Signal::SessionForegrounded { connection } => {
                let is_activity = self.is_backgrounded(principal, *connection);
                (!is_activity).then_some(*connection)
            }
            Signal::SessionBackgrounded { connection } => {
                let is_known = self.is_backgrounded(principal, *connection);
                is_known.then_some(*connection)
            }
            Signal::SessionStarted { .. }
            | Signal::SessionActive { .. }
            | Signal::SessionLeft { .. }
            | Signal::SessionLost { .. }
            | Signal::SessionsRevoked { .. }
            | Signal::ActivityReported { .. }
            | Signal::StatusForced { .. }
            | Signal::StatusChosen { .. }
            | Signal::PresenceLoaded { .. }
            | Signal::ProcessPaused { .. } => None,
        }
    }

    fn decide(
        &mut self,
        principal: PrincipalKey,
        now: Now,
        farewell: Farewell,
        demanded: &mut Demanded,
    ) {
        let rules = &self.rules;
        let person = &mut self.people[principal.index()];
        let was = person.announced;
        let edge = person.settle(now, farewell, rules);
        demanded
            .announced
            .extend(edge.map(|(presence, concern)| Edge {
                principal,
                was,
                presence,
                concern,
            }));
    }
}
