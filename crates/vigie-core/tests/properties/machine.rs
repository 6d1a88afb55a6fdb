//! Plays a story against the engine and its cells, and logs what becomes of it.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_core::{
    ActivityCells, Availability, Chosen, Concern, ConnectionId, Effect, Engine, Face, Mono, Now,
    Presence, PresenceRecord, PrincipalKey, Revocation, Rules, SessionId, Sight, Signal,
    StoredChoice, Totals, Touch, Wall, face,
};

use crate::step::{PEOPLE, Step, Turn};

/// When the node looks at its deadlines.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Timers {
    /// At the instants it announces.
    Exact,
    /// At those, and again and again in between.
    Every(Duration),
    /// Only when time has passed, and then in breaths of `limit` steps.
    Late { limit: usize },
}

/// What the world saw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    Announced {
        who: PrincipalKey,
        at: Mono,
        was: Availability,
        presence: Presence,
        concern: Concern,
    },
    /// An activity became worth a write; `edge` when it changed the availability.
    Accepted {
        who: PrincipalKey,
        at: Mono,
        edge: bool,
    },
    Closed {
        who: PrincipalKey,
        connection: ConnectionId,
    },
}

impl Entry {
    fn who(&self) -> PrincipalKey {
        match self {
            Self::Announced { who, .. } | Self::Accepted { who, .. } | Self::Closed { who, .. } => {
                *who
            }
        }
    }
}

pub(crate) struct Machine {
    timers: Timers,
    cells: Arc<ActivityCells>,
    engine: Engine,
    now: Now,
    latest_wall: Wall,
    log: Vec<Entry>,
    /// The latest connection and session of each device slot.
    slots: BTreeMap<(PrincipalKey, usize), (ConnectionId, SessionId)>,
    /// Every connection ever made.
    connections: Vec<(ConnectionId, PrincipalKey)>,
}

impl Machine {
    pub(crate) fn new(timers: Timers) -> Self {
        let rules = Rules::default();
        let cells = Arc::new(ActivityCells::new(&rules));
        let wall = Wall::from_millis(1_700_000_000_000);
        Self {
            timers,
            engine: Engine::new(rules, Arc::clone(&cells)),
            cells,
            now: Now {
                mono: Mono::START,
                wall,
            },
            latest_wall: wall,
            log: Vec::new(),
            slots: BTreeMap::new(),
            connections: Vec::new(),
        }
    }

    pub(crate) fn play(&mut self, turn: &Turn) {
        let who = turn.who;
        match &turn.step {
            Step::Connects { device, resumes } => {
                self.connect(turn.number, who, *device, *resumes);
            }
            Step::ShowsLife { device } => {
                self.on(who, *device, |connection| Signal::SessionProved {
                    connection,
                });
            }
            Step::Acts { device } => {
                self.on(who, *device, |connection| Signal::SessionActive {
                    connection,
                });
            }
            Step::GoesToTheBackground { device } => {
                self.on(who, *device, |connection| Signal::SessionBackgrounded {
                    connection,
                });
            }
            Step::ComesToTheForeground { device } => {
                self.on(who, *device, |connection| Signal::SessionForegrounded {
                    connection,
                });
            }
            Step::Leaves { device } => {
                self.on(who, *device, |connection| Signal::SessionLeft {
                    connection,
                });
            }
            Step::IsLost { device, silence } => {
                let silence = *silence;
                self.on(who, *device, |connection| Signal::SessionLost {
                    connection,
                    silence,
                });
            }
            Step::Requests { ago } => self.activity(who, self.now, self.now.mono - *ago),
            Step::IsReported { ago } => {
                let at = self.now.earlier(*ago);
                self.activity(who, at, at.mono);
            }
            Step::IsDeclared { online } => self.handle(Signal::StatusForced {
                principal: who,
                online: *online,
            }),
            Step::Chooses {
                status,
                text,
                lasts,
            } => self.handle(Signal::StatusChosen {
                principal: who,
                chosen: Chosen {
                    status: *status,
                    text: text.map(Into::into),
                    until: lasts.map(|span| self.now.wall + span),
                },
            }),
            Step::IsRevoked => self.handle(Signal::SessionsRevoked {
                principal: who,
                reason: Revocation::LoggedOut,
            }),
            Step::TimePasses { span } => self.wait(*span),
            Step::ProcessIsPaused { pause } => {
                self.wall_is(self.now.wall + *pause);
                self.handle(Signal::ProcessPaused { pause: *pause });
            }
            Step::WallClockJumpsAhead { span } => self.wall_is(self.now.wall + *span),
            Step::WallClockJumpsBack { span } => self.wall_is(self.now.wall - *span),
        }
    }

    /// Time passes; deadlines are decided as [`Timers`] says.
    pub(crate) fn wait(&mut self, span: Duration) {
        let end = self.now.mono + span;
        match self.timers {
            Timers::Exact => {
                while let Some(next) = self.engine.poll_timeout().filter(|next| *next <= end) {
                    self.mono_is(next.max(self.now.mono));
                    self.fire(usize::MAX);
                }
                self.mono_is(end);
            }
            Timers::Every(period) => {
                while self.now.mono < end {
                    self.mono_is(end.min(self.now.mono + period));
                    self.fire(usize::MAX);
                }
            }
            Timers::Late { limit } => {
                self.mono_is(end);
                self.fire(limit);
            }
        }
    }

    pub(crate) fn lose_every_connection(&mut self) {
        for (connection, _) in self.connections.clone() {
            self.handle(Signal::SessionLost {
                connection,
                silence: Duration::ZERO,
            });
        }
    }

    /// A graceful stop, and another process takes over with no time in between.
    pub(crate) fn restart(&mut self) {
        let people = (0..PEOPLE).map(PrincipalKey);
        let last_record = |who| {
            self.cells.make_durable(who);
            let mut record = self.record(who);
            // What was taken back is not in a store.
            record.choice = record.choice.filter(StoredChoice::is_kept);
            (who, record)
        };
        let records: Vec<_> = people.map(last_record).collect();
        let rules = Rules::default();
        self.cells = Arc::new(ActivityCells::new(&rules));
        self.engine = Engine::new(rules, Arc::clone(&self.cells));
        self.now.mono = Mono::START;
        for (principal, record) in records {
            self.handle(Signal::PresenceLoaded {
                principal,
                record: Box::new(record),
                alive_at: Some(self.now.wall),
            });
        }
    }

    pub(crate) fn presence(&self, who: PrincipalKey) -> Presence {
        self.engine.presence(who, self.now)
    }

    /// What a contact sees.
    pub(crate) fn face(&self, who: PrincipalKey) -> Face {
        face(Sight::CONTACT, &self.presence(who), self.now.wall)
    }

    pub(crate) fn record(&self, who: PrincipalKey) -> PresenceRecord {
        self.engine.record(who, self.now)
    }

    pub(crate) fn is_forced_offline(&self, who: PrincipalKey) -> bool {
        self.record(who).forced_offline_at.is_some()
    }

    pub(crate) fn totals(&self) -> Totals {
        self.engine.totals()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.engine.poll_timeout().is_none()
    }

    /// The latest that the wall clock ever said.
    pub(crate) fn latest_wall(&self) -> Wall {
        self.latest_wall
    }

    pub(crate) fn log(&self) -> &[Entry] {
        &self.log
    }

    pub(crate) fn log_of(&self, who: PrincipalKey) -> Vec<Entry> {
        let own = |entry: &&Entry| entry.who() == who;
        self.log.iter().filter(own).cloned().collect()
    }

    fn connect(&mut self, number: u64, who: PrincipalKey, device: usize, resumes: bool) {
        let connection = ConnectionId(number);
        let had = self.slots.get(&(who, device)).map(|(_, session)| *session);
        self.handle(Signal::SessionStarted {
            principal: who,
            session: SessionId(u128::from(number)),
            connection,
            resumes: had.filter(|_| resumes),
            silence: Duration::from_secs(16),
        });
        let session = self.engine.session_of(connection).unwrap();
        self.slots.insert((who, device), (connection, session));
        self.connections.push((connection, who));
    }

    fn on(&mut self, who: PrincipalKey, device: usize, signal: impl Fn(ConnectionId) -> Signal) {
        if let Some((connection, _)) = self.slots.get(&(who, device)) {
            self.handle(signal(*connection));
        }
    }

    fn activity(&mut self, principal: PrincipalKey, at: Now, began: Mono) {
        match self.cells.touch(principal, at, self.now) {
            Touch::Throttled => {}
            Touch::Refresh => self.log.push(Entry::Accepted {
                who: principal,
                at: self.now.mono,
                edge: false,
            }),
            Touch::Edge => self.handle(Signal::ActivityReported {
                principal,
                at,
                began,
            }),
        }
    }

    fn handle(&mut self, signal: Signal) {
        self.engine.handle(signal, self.now);
        self.drain();
    }

    fn fire(&mut self, limit: usize) {
        while self.engine.handle_timeout(self.now, limit) {
            self.drain();
        }
        self.drain();
    }

    fn drain(&mut self) {
        let mut edge = false;
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::Announce {
                    principal,
                    was,
                    presence,
                    concern,
                } => {
                    edge |= was != presence.availability;
                    self.log.push(Entry::Announced {
                        who: principal,
                        at: self.now.mono,
                        was,
                        presence,
                        concern,
                    });
                }
                Effect::Persist {
                    principal,
                    accepted: true,
                } => self.log.push(Entry::Accepted {
                    who: principal,
                    at: self.now.mono,
                    edge,
                }),
                Effect::Persist {
                    accepted: false, ..
                } => {}
                Effect::Close { connection, .. } => {
                    let of = |(known, _): &&(ConnectionId, PrincipalKey)| *known == connection;
                    let who = self.connections.iter().find(of).unwrap().1;
                    self.log.push(Entry::Closed { who, connection });
                }
            }
        }
    }

    fn mono_is(&mut self, mono: Mono) {
        let passed = mono.since(self.now.mono);
        self.now.mono = mono;
        self.wall_is(self.now.wall + passed);
    }

    fn wall_is(&mut self, wall: Wall) {
        self.now.wall = wall;
        self.latest_wall = self.latest_wall.max(wall);
    }
}
