//! Thinks up the next step of a world: mostly around the same few people, and mostly just before, on or just after an instant that matters.
//!
//! In: a stream of chance, and the reference, which knows who is connected and when their deadlines are.
//! Out: steps that stand by themselves.

mod people;
mod time;

use vigie_core::{ConnectionId, Mono, PrincipalKey, SessionId};

use crate::reference::Reference;
use crate::rng::Rng;
use crate::step::{Answer, Step};
use crate::weather::{Kind, Weather};
use crate::world::World;

/// After how many steps, on average, other people come into focus.
const FOCUS_STEPS: u64 = 120;

/// How many sessions and connections of the past are remembered, to be named again.
const MEMORY: usize = 60;

/// The source of one world's steps.
#[derive(Debug)]
pub struct Generator {
    rng: Rng,
    weather: Weather,
    /// Whom most steps are about.
    focus: Vec<PrincipalKey>,
    next_session: u128,
    next_connection: u64,
    /// Sessions and connections that were asked for, the latest last.
    past: Vec<(PrincipalKey, SessionId, ConnectionId)>,
    /// When leaves and forces happened: requests begin around them.
    marks: Vec<(PrincipalKey, Mono)>,
}

impl Generator {
    /// The steps of a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let weather = Weather::draw(&mut rng);
        Self {
            rng,
            weather,
            focus: Vec::new(),
            next_session: 1,
            next_connection: 1,
            past: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// The rules in force in this world.
    #[must_use]
    pub fn rules(&self) -> vigie_core::Rules {
        self.weather.rules.clone()
    }

    /// How many people there are.
    #[must_use]
    pub fn principals(&self) -> u32 {
        self.weather.principals
    }

    /// What happens next in `world`.
    pub fn next(&mut self, world: &World) -> Step {
        if self.focus.is_empty() || self.rng.below(FOCUS_STEPS) == 0 {
            self.draw_focus();
        }
        loop {
            let kind = self.weather.next(&mut self.rng);
            if let Some(step) = self.step(kind, world) {
                return step;
            }
        }
    }

    fn draw_focus(&mut self) {
        let count = self.rng.between(1, 8);
        let last = u64::from(self.weather.principals) - 1;
        let rng = &mut self.rng;
        let draw = |_| PrincipalKey(u32::try_from(rng.between(0, last)).unwrap_or(0));
        self.focus = (0..count).map(draw).collect();
    }

    fn somebody(&mut self) -> PrincipalKey {
        if self.rng.chance(90) {
            self.rng
                .pick(&self.focus)
                .copied()
                .unwrap_or(PrincipalKey(0))
        } else {
            let anybody = self.rng.below(u64::from(self.weather.principals));
            PrincipalKey(u32::try_from(anybody).unwrap_or(0))
        }
    }

    /// A step of that kind; `None` when nobody could do it now.
    fn step(&mut self, kind: Kind, world: &World) -> Option<Step> {
        let reference = world.reference();
        Some(match kind {
            Kind::Wait => Step::Wait {
                span: self.span(world),
                limit: self.limit(),
            },
            Kind::Oversleep => Step::Oversleep {
                span: self.span(world),
            },
            Kind::Fire => Step::Fire {
                limit: self.limit(),
            },
            Kind::Connect => self.connect(reference),
            Kind::Prove => Step::Prove(self.open(reference)?),
            Kind::Act => Step::Act(self.open(reference)?),
            Kind::Background => Step::Background(self.open(reference)?),
            Kind::Foreground => Step::Foreground(self.open(reference)?),
            Kind::Leave => {
                let (connection, principal, _) = self.open_with_owner(reference)?;
                self.mark(principal, world.now().mono);
                Step::Leave(connection)
            }
            Kind::Lose => {
                let (connection, _, limit) = self.open_with_owner(reference)?;
                Step::Lose(connection, self.silence_before_loss(limit))
            }
            Kind::Stale => self.stale()?,
            Kind::Revoke => self.revoke(world.now().mono),
            Kind::Delete => Step::Delete(self.somebody()),
            Kind::Request => self.request(world.now().mono),
            Kind::Batch => self.batch(world),
            Kind::Force => self.force(world.now().mono),
            Kind::Choose => self.choose(),
            Kind::Flush => Step::Flush(self.rng.pick(&[1, 5, 1_000]).copied().unwrap_or(5)),
            Kind::Answer => Step::Answer(self.answer()),
            Kind::Sweep => Step::Sweep,
            Kind::Restart => self.restart(),
            Kind::Jump => Step::Jump {
                millis: self.jump(),
            },
            Kind::Pause => Step::Pause { span: self.pause() },
        })
    }

    fn answer(&mut self) -> Answer {
        if !self.rng.chance(self.weather.refusals) {
            Answer::Stored
        } else if self.rng.chance(70) {
            Answer::Refused
        } else {
            Answer::Lost
        }
    }

    fn open(&mut self, reference: &Reference) -> Option<ConnectionId> {
        let (connection, ..) = self.open_with_owner(reference)?;
        Some(connection)
    }

    fn mark(&mut self, principal: PrincipalKey, now: Mono) {
        self.marks.push((principal, now));
        if self.marks.len() > MEMORY {
            self.marks.remove(0);
        }
    }
}
