//! The simulated world: one shell with the real engine, one reference, the same steps for both, and the checkers between them.
//!
//! In: steps.
//! Out: the first difference, and the lines of a timeline when somebody wants to read one.
//! Always true: the world is a function of its rules, its planted bug and its steps.

use core::time::Duration;

use vigie_core::{ConnectionId, Mono, Now, PrincipalKey, Rules, Signal};

use crate::checkers::{Checkers, Judges, Scene};
use crate::clock::Clock;
use crate::difference::{Checker, Difference};
use crate::mutant::Mutant;
use crate::reference::{Demanded, Reference};
use crate::shell::{Observed, Shell};
use crate::step::{Answer, Step};
use crate::timeline::Timeline;

/// How often a process writes that it lives.
const ALIVE_INTERVAL: Duration = Duration::from_secs(2);

/// After how many steps everybody is looked at, not only who was concerned.
const LOOK_AROUND_EVERY: u64 = 8;

/// How often the timer may ask to be served again at one instant: far more than there are principals.
const FIRES_AT_ONE_INSTANT: u32 = 10_000;

/// What a run is to show: the engine as it is before all judges, or a planted bug before some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Planted {
    /// The bug, if any.
    pub mutant: Option<Mutant>,
    /// Who looks for it.
    pub judges: Judges,
}

/// Everything there is.
#[derive(Debug)]
pub struct World {
    rules: Rules,
    clock: Clock,
    shell: Shell,
    reference: Reference,
    checkers: Checkers,
    principals: usize,
    steps: u64,
    signals: u64,
    /// The store answered well the last time.
    store_is_well: bool,
    alive_noted: Option<Mono>,
    /// Who is looked at after every step, instead of everybody now and then.
    eye_on: Option<PrincipalKey>,
    timeline: Option<Timeline>,
}

impl World {
    /// An empty world with so many principals.
    #[must_use]
    pub fn new(rules: Rules, principals: usize, planted: Planted) -> Self {
        Self {
            clock: Clock::default(),
            shell: Shell::new(rules.clone(), planted.mutant),
            reference: Reference::new(rules.clone(), principals),
            checkers: Checkers::new(principals, planted.judges),
            principals,
            steps: 0,
            signals: 0,
            store_is_well: true,
            alive_noted: None,
            eye_on: None,
            timeline: None,
            rules,
        }
    }

    /// From now on this one is looked at after every step: a difference is seen where it arises.
    #[must_use]
    pub fn with_an_eye_on(mut self, principal: PrincipalKey) -> Self {
        self.eye_on = Some(principal);
        self
    }

    /// From now on every step is written down.
    #[must_use]
    pub fn with_timeline(mut self) -> Self {
        self.timeline = Some(Timeline::from(self.clock.now()));
        self
    }

    /// What was written down.
    #[must_use]
    pub fn timeline(&self) -> Option<&Timeline> {
        self.timeline.as_ref()
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// What the rules would have.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// How many signals the engine or a cell was given.
    #[must_use]
    pub fn signals(&self) -> u64 {
        self.signals
    }

    /// One step happens, to the engine and to the reference.
    ///
    /// # Errors
    /// The first difference between them, or the first property that does not hold.
    pub fn apply(&mut self, step: &Step) -> Result<(), Difference> {
        if let Some(timeline) = &mut self.timeline {
            timeline.step(self.clock.now(), step);
        }
        self.steps += 1;
        self.signals += u64::from(step.is_signal());
        self.happen(step)?;
        self.note_alive();
        match self.eye_on {
            Some(principal) => self.look_at(&[principal]),
            None if self.steps.is_multiple_of(LOOK_AROUND_EVERY) => self.look_around(),
            None => Ok(()),
        }
    }

    /// The liveness phase: the store heals, every link breaks, and longer than any rule lasts nothing happens.
    ///
    /// # Errors
    /// Somebody is still present, something is still to be written, or the two still differ.
    pub fn go_quiet(&mut self) -> Result<(), Difference> {
        let limit = usize::MAX;
        let open: Vec<_> = self.reference.connections().collect();
        for (_, connection, silence) in open {
            self.apply(&Step::Lose(connection, silence))?;
        }
        let rules = &self.rules;
        let longest = [rules.offline_after, rules.away_after, rules.restart_grace];
        let span = longest.into_iter().sum::<Duration>() + rules.grace + ALIVE_INTERVAL;
        self.apply(&Step::Wait { span, limit })?;
        self.apply(&Step::Answer(Answer::Stored))?;
        for _ in 0..=self.principals {
            self.apply(&Step::Flush(limit))?;
            self.apply(&Step::Answer(Answer::Stored))?;
        }
        self.look_around()?;
        let scene = scene(&self.clock, &self.shell, &self.reference);
        self.checkers.at_the_end(scene, span)
    }

    fn happen(&mut self, step: &Step) -> Result<(), Difference> {
        let now = self.clock.now();
        match step {
            Step::Wait { span, limit } => self.wait(now.mono + *span, *limit),
            Step::Oversleep { span } => {
                self.clock.advance_to(now.mono + *span);
                Ok(())
            }
            Step::Fire { limit } => self.fire(*limit).map(|_| ()),
            Step::Jump { millis } => {
                self.clock.jump(*millis);
                self.checkers.times.clock_was_set();
                Ok(())
            }
            Step::Pause { span } => {
                self.clock.stop(*span);
                self.checkers.times.note_pause(*span);
                self.signal(Signal::ProcessPaused { pause: *span })
            }
            Step::Connect {
                principal,
                session,
                connection,
                resumes,
                silence,
            } => {
                self.checkers.times.note_limit(*silence);
                self.signal(Signal::SessionStarted {
                    principal: *principal,
                    session: *session,
                    connection: *connection,
                    resumes: *resumes,
                    silence: *silence,
                })
            }
            Step::Prove(connection) => self.signal(Signal::SessionProved {
                connection: *connection,
            }),
            Step::Act(connection) => self.signal(Signal::SessionActive {
                connection: *connection,
            }),
            Step::Background(connection) => self.signal(Signal::SessionBackgrounded {
                connection: *connection,
            }),
            Step::Foreground(connection) => self.signal(Signal::SessionForegrounded {
                connection: *connection,
            }),
            Step::Leave(connection) => self.signal(Signal::SessionLeft {
                connection: *connection,
            }),
            Step::Lose(connection, silence) => self.lose(*connection, *silence),
            Step::Revoke(principal, reason) => self.signal(Signal::SessionsRevoked {
                principal: *principal,
                reason: *reason,
            }),
            Step::Request {
                principal,
                ago,
                began,
            } => self.request(*principal, now.earlier(*ago), now.mono - *began),
            Step::Force(principal, online) => self.signal(Signal::StatusForced {
                principal: *principal,
                online: *online,
            }),
            Step::Flush(most) => {
                let batch = self.shell.flush(*most, now);
                if !batch.is_empty() {
                    self.checkers.durability.began(&batch);
                }
                Ok(())
            }
            Step::Answer(answer) => self.answer(*answer),
            Step::Sweep => {
                self.shell.sweep(self.principals, now.mono);
                Ok(())
            }
            Step::Restart {
                graceful,
                landed,
                down,
            } => self.restart(*graceful, *landed, *down),
        }
    }

    /// Time passes until `until`; at every deadline on the way the timer is served until nobody is due.
    fn wait(&mut self, until: Mono, limit: usize) -> Result<(), Difference> {
        let mut fires = 0;
        loop {
            let now = self.clock.now().mono;
            let wanted = [self.shell.next_timeout(), self.reference.next_deadline(now)];
            let next = wanted.into_iter().flatten().min().filter(|at| *at <= until);
            let Some(next) = next else { break };
            fires = if next > now { 0 } else { fires + 1 };
            if fires > FIRES_AT_ONE_INSTANT {
                let message = format!("the timer asks to be served at {next:?} for ever");
                return Err(Difference::of_all(Checker::Deadlines, message));
            }
            self.clock.advance_to(next);
            while self.fire(limit)? {
                fires += 1;
                if fires > FIRES_AT_ONE_INSTANT {
                    let message = "the timer says for ever that more are due".to_owned();
                    return Err(Difference::of_all(Checker::Deadlines, message));
                }
            }
            self.look_around()?;
        }
        self.clock.advance_to(until);
        Ok(())
    }

    /// One call of the timer; returns whether it says that more are due.
    fn fire(&mut self, limit: usize) -> Result<bool, Difference> {
        let now = self.clock.now();
        self.checkers.times.pass(now.wall);
        let (observed, more) = self.shell.fire(now, limit);
        // A call that says "more" decided those whom it announced; another one decided everybody.
        let decided: Vec<_> = if more {
            let announced = observed.announced.iter();
            announced.map(|edge| edge.principal).collect()
        } else {
            self.reference.principals().collect()
        };
        let mut demanded = Demanded::default();
        for principal in decided {
            self.reference.decide_due(principal, now, &mut demanded);
        }
        self.note_writes(&observed);
        if let Some(timeline) = &mut self.timeline {
            timeline.seen(now, &observed, &demanded);
        }
        let scene = scene(&self.clock, &self.shell, &self.reference);
        self.checkers
            .after_timer(scene, (&observed, &demanded), limit)?;
        Ok(more)
    }

    fn lose(&mut self, connection: ConnectionId, silence: Duration) -> Result<(), Difference> {
        let now = self.clock.now();
        let mut open = self.reference.connections();
        let known = open.find(|(_, open, _)| *open == connection);
        drop(open);
        if let Some((principal, _, limit)) = known {
            // What a loss may prove: the silence that was reported, or the transport's limit.
            let times = &mut self.checkers.times;
            times.note_silence(principal, now, silence);
            times.note_silence(principal, now, limit);
        }
        self.signal(Signal::SessionLost {
            connection,
            silence,
        })
    }

    fn request(&mut self, principal: PrincipalKey, at: Now, began: Mono) -> Result<(), Difference> {
        let now = self.clock.now();
        self.checkers.times.note_activity(principal, at.wall);
        let reported = Signal::ActivityReported {
            principal,
            at,
            began,
        };
        let demanded = self.demand(&reported);
        let observed = self.shell.request(principal, at, began, now);
        self.compare(Some(principal), &observed, &demanded, None)
    }

    fn signal(&mut self, signal: Signal) -> Result<(), Difference> {
        let now = self.clock.now();
        let opened = if let Signal::SessionStarted { connection, .. } = &signal {
            Some(*connection)
        } else {
            None
        };
        let concerned = self.reference.concerned(&signal);
        if let Some(principal) = concerned {
            let times = &mut self.checkers.times;
            if may_be_activity(&signal) {
                times.note_activity(principal, now.wall);
            } else {
                times.note(principal, now.wall);
            }
        }
        let demanded = self.demand(&signal);
        let observed = self.shell.signal(signal, now);
        self.compare(concerned, &observed, &demanded, opened)
    }

    fn demand(&mut self, signal: &Signal) -> Demanded {
        let now = self.clock.now();
        self.checkers.times.pass(now.wall);
        self.reference.handle(signal, now)
    }

    fn compare(
        &mut self,
        concerned: Option<PrincipalKey>,
        observed: &Observed,
        demanded: &Demanded,
        opened: Option<ConnectionId>,
    ) -> Result<(), Difference> {
        if demanded.offered.is_none() {
            self.note_writes(observed);
        }
        if let Some(timeline) = &mut self.timeline {
            timeline.seen(self.clock.now(), observed, demanded);
        }
        let scene = scene(&self.clock, &self.shell, &self.reference);
        self.checkers
            .after_signal(scene, (observed, demanded), opened)?;
        match concerned {
            Some(principal) => self.checkers.state_of(scene, principal),
            None => Ok(()),
        }
    }

    fn note_writes(&mut self, observed: &Observed) {
        for (principal, _) in &observed.persisted {
            self.reference.write(*principal);
        }
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Difference> {
        if self.shell.store.is_busy() {
            self.shell.answer(answer);
            self.checkers.durability.ended(answer);
            self.store_is_well = answer == Answer::Stored;
        }
        let scene = scene(&self.clock, &self.shell, &self.reference);
        self.checkers.state(scene)
    }

    fn restart(&mut self, graceful: bool, landed: bool, down: Duration) -> Result<(), Difference> {
        let now = self.clock.now();
        self.shell.stop(graceful, landed, self.principals, now);
        if graceful {
            self.checkers.times.note_process(now.wall);
        }
        self.clock.restart(down);
        self.reference = Reference::new(self.rules.clone(), self.principals);
        self.alive_noted = None;
        self.store_is_well = true;
        let loads = self.shell.start();
        self.checkers
            .restart(scene(&self.clock, &self.shell, &self.reference));
        for (_, loaded) in loads {
            self.signal(loaded)?;
        }
        self.look_around()
    }

    fn note_alive(&mut self) {
        let now = self.clock.now();
        self.checkers.times.pass(now.wall);
        let is_time = self
            .alive_noted
            .is_none_or(|noted| now.mono.since(noted) >= ALIVE_INTERVAL);
        if self.store_is_well && is_time {
            self.shell.store.note_alive(now.wall);
            self.checkers.times.note_process(now.wall);
            self.alive_noted = Some(now.mono);
        }
    }

    /// Everybody is looked at, and so are the counts.
    fn look_around(&mut self) -> Result<(), Difference> {
        let everybody: Vec<_> = self.reference.principals().collect();
        self.look_at(&everybody)
    }

    fn look_at(&mut self, principals: &[PrincipalKey]) -> Result<(), Difference> {
        self.checkers.times.pass(self.clock.now().wall);
        let scene = scene(&self.clock, &self.shell, &self.reference);
        for principal in principals {
            self.checkers.state_of(scene, *principal)?;
        }
        self.checkers.state(scene)
    }
}

/// Borrowed field by field, so that the checkers beside them stay free to change.
fn scene<'world>(
    clock: &Clock,
    shell: &'world Shell,
    reference: &'world Reference,
) -> Scene<'world> {
    Scene {
        now: clock.now(),
        shell,
        reference,
    }
}

/// Whether the human did something, as far as the signal alone tells.
fn may_be_activity(signal: &Signal) -> bool {
    match signal {
        Signal::SessionStarted { .. }
        | Signal::SessionActive { .. }
        | Signal::SessionForegrounded { .. }
        | Signal::ActivityReported { .. } => true,
        Signal::SessionProved { .. }
        | Signal::SessionBackgrounded { .. }
        | Signal::SessionLeft { .. }
        | Signal::SessionLost { .. }
        | Signal::SessionsRevoked { .. }
        | Signal::StatusForced { .. }
        | Signal::PresenceLoaded { .. }
        | Signal::ProcessPaused { .. } => false,
    }
}
