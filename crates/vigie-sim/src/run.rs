//! One world from beginning to end, and what is left of it when it fails.
//!
//! In: a seed or a story, perhaps a planted bug.
//! Out: how many signals it took, or the difference with the shortest list of steps that still shows it.

mod shrink;

use core::fmt;

use vigie_core::{PrincipalKey, Rules};

use crate::difference::Difference;
use crate::generator::Generator;
use crate::step::Step;
use crate::story::Story;
use crate::tally::Tally;
use crate::timeline::Timeline;
use crate::world::{Planted, World};

/// Signals after which a world goes quiet at the latest: enough for hundreds of leases and a few restarts.
pub const SIGNALS_PER_SEED: u64 = 2_000;

/// A list of steps with the world that they belong to.
#[derive(Debug, Clone)]
pub struct Script {
    /// The rules in force.
    pub rules: Rules,
    /// How many people there are.
    pub principals: usize,
    /// The bug that is planted, and who looks for it.
    pub planted: Planted,
    /// What happens.
    pub steps: Vec<Step>,
}

/// Where a world comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A seed.
    Seed(u64),
    /// The bytes of a story.
    Bytes,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seed(seed) => write!(out, "seed {seed}"),
            Self::Bytes => out.write_str("these bytes"),
        }
    }
}

/// A world that found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lived {
    /// How many signals it took.
    pub signals: u64,
    /// What happened how often.
    pub tally: Tally,
}

/// A world that found something.
#[derive(Debug)]
pub struct Failure {
    /// Which.
    pub origin: Origin,
    /// At which step; one past the last when the quiet end found it.
    pub step: usize,
    /// What is wrong.
    pub difference: Difference,
    /// Every step up to the difference.
    pub script: Script,
}

/// Runs a seed.
///
/// # Errors
/// The first difference, with all steps up to it.
pub fn run(seed: u64, planted: Planted) -> Result<Lived, Box<Failure>> {
    let mut generator = Generator::from_seed(seed);
    let principals = usize::try_from(generator.principals()).unwrap_or(50);
    let script = Script::empty(generator.rules(), principals, planted);
    live(Origin::Seed(seed), script, |world| {
        Some(generator.next(world))
    })
}

/// Runs the story that `bytes` tell.
///
/// # Errors
/// The first difference, with all steps up to it.
pub fn tell(bytes: &[u8], planted: Planted) -> Result<Lived, Box<Failure>> {
    let mut story = Story::open(bytes);
    let script = Script::empty(story.rules(), story.principals(), planted);
    live(Origin::Bytes, script, |world| story.next(world))
}

/// Lives through the steps that `next` thinks up, until it has no more or there were enough, and through the quiet end.
fn live(
    origin: Origin,
    mut script: Script,
    mut next: impl FnMut(&World) -> Option<Step>,
) -> Result<Lived, Box<Failure>> {
    let mut world = script.world(None);
    let mut outcome = Ok(());
    while outcome.is_ok() && world.signals() < SIGNALS_PER_SEED {
        let Some(step) = next(&world) else { break };
        outcome = world.apply(&step);
        script.steps.push(step);
    }
    match outcome.and_then(|()| world.go_quiet()) {
        Ok(()) => Ok(Lived {
            signals: world.signals(),
            tally: world.tally().clone(),
        }),
        Err(difference) => Err(Box::new(Failure {
            origin,
            step: script.steps.len(),
            difference,
            script,
        })),
    }
}

impl Script {
    fn empty(rules: Rules, principals: usize, planted: Planted) -> Self {
        Self {
            rules,
            principals,
            planted,
            steps: Vec::new(),
        }
    }

    /// Plays the steps and the quiet end, with an eye on `principal` all the time.
    ///
    /// # Errors
    /// The first difference, with the number of steps that it took.
    pub fn play(&self, principal: Option<PrincipalKey>) -> Result<(), (usize, Difference)> {
        self.play_in(&mut self.world(principal))
    }

    /// The timeline of these steps, up to the difference if there is one.
    #[must_use]
    pub fn timeline(&self, principal: Option<PrincipalKey>) -> (Option<Difference>, String) {
        let mut world = self.world(principal).with_timeline();
        let difference = self.play_in(&mut world).err().map(|(_, found)| found);
        let lines = world.timeline().map(Timeline::to_string);
        (difference, lines.unwrap_or_default())
    }

    fn world(&self, principal: Option<PrincipalKey>) -> World {
        let world = World::new(self.rules.clone(), self.principals, self.planted);
        match principal {
            Some(principal) => world.with_an_eye_on(principal),
            None => world,
        }
    }

    fn play_in(&self, world: &mut World) -> Result<(), (usize, Difference)> {
        for (index, step) in self.steps.iter().enumerate() {
            world.apply(step).map_err(|found| (index + 1, found))?;
        }
        world.go_quiet().map_err(|found| (self.steps.len(), found))
    }
}

impl fmt::Display for Failure {
    /// The report: what was found where, and the shortest story that still shows it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{}, step {}: {}",
            self.origin, self.step, self.difference
        )?;
        let short = self.script.shortest(&self.difference);
        let (difference, timeline) = short.timeline(self.difference.principal);
        writeln!(out, "\n{:?}", short.rules)?;
        writeln!(
            out,
            "\nThe shortest story that shows it, in milliseconds since the start:\n\n{timeline}"
        )?;
        match difference {
            Some(difference) => writeln!(out, "{difference}"),
            None => writeln!(out, "{}", self.difference),
        }
    }
}
