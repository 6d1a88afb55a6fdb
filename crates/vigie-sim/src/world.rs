//! The simulated world: one shell with the real engine, one reference, the same steps for both, and the checkers between them.
//!
//! In: steps.
//! Out: the first difference, and the lines of a timeline when somebody wants to read one.
//! Always true: the world is a function of its rules, its planted bug and its steps.

mod process;
mod signals;

use core::time::Duration;

use vigie_core::{Chosen, Mono, Now, PrincipalKey, Rules, Signal};

use crate::checkers::{Checkers, Judges, Scene};
use crate::clock::Clock;
use crate::difference::Difference;
use crate::mutant::Mutant;
use crate::reference::Reference;
use crate::shell::Shell;
use crate::step::{Answer, Step};
use crate::tally::Tally;
use crate::timeline::Timeline;

/// How often a process writes that it lives.
const ALIVE_INTERVAL: Duration = Duration::from_secs(2);

/// After how many steps everybody is looked at, not only who was concerned.
const LOOK_AROUND_EVERY: u64 = 8;

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
    tally: Tally,
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
            tally: Tally::default(),
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

    /// How often what happened.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
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
        if let Some(timeline) = &mut self.timeline {
            timeline.remark(self.clock.now(), "the world goes quiet");
        }
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
        // One batch takes everybody, and nothing comes after it.
        self.apply(&Step::Flush(limit))?;
        self.apply(&Step::Answer(Answer::Stored))?;
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
            Step::Delete(principal) => self.delete(*principal),
            Step::Request {
                principal,
                ago,
                began,
            } => self.request(*principal, now.earlier(*ago), now.mono - *began),
            Step::Force(principal, online) => self.signal(Signal::StatusForced {
                principal: *principal,
                online: *online,
            }),
            Step::Choose {
                principal,
                status,
                text,
                lasts,
            } => self.signal(Signal::StatusChosen {
                principal: *principal,
                chosen: Chosen {
                    status: *status,
                    text: text.map(Into::into),
                    until: lasts.map(|span| now.wall + span),
                },
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

    fn answer(&mut self, answer: Answer) -> Result<(), Difference> {
        if self.shell.store.is_busy() {
            self.shell.answer(answer);
            self.checkers.durability.ended(answer);
            self.store_is_well = answer == Answer::Stored;
        }
        let scene = scene(&self.clock, &self.shell, &self.reference);
        self.checkers.state(scene)
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
