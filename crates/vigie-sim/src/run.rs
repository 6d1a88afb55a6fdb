//! One seed from beginning to end, and what is left of it when it fails.
//!
//! In: a seed, perhaps a planted bug.
//! Out: how many signals it took, or the difference with the shortest list of steps that still shows it.

mod shrink;

use core::fmt;

use vigie_core::{PrincipalKey, Rules};

use crate::difference::Difference;
use crate::generator::Generator;
use crate::step::Step;
use crate::tally::Tally;
use crate::timeline::Timeline;
use crate::world::{Planted, World};

/// Signals after which a world goes quiet: enough for hundreds of leases and a few restarts.
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

/// A seed that found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lived {
    /// How many signals it took.
    pub signals: u64,
    /// What happened how often.
    pub tally: Tally,
}

/// A seed that found something.
#[derive(Debug)]
pub struct Failure {
    /// Which.
    pub seed: u64,
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
    let mut world = World::new(generator.rules(), principals, planted);
    let mut steps = Vec::new();
    let mut outcome = Ok(());
    while outcome.is_ok() && world.signals() < SIGNALS_PER_SEED {
        let step = generator.next(&world);
        outcome = world.apply(&step);
        steps.push(step);
    }
    let failed_at = steps.len();
    match outcome.and_then(|()| world.go_quiet()) {
        Ok(()) => Ok(Lived {
            signals: world.signals(),
            tally: world.tally().clone(),
        }),
        Err(difference) => Err(Box::new(Failure {
            seed,
            step: failed_at,
            difference,
            script: Script {
                rules: generator.rules(),
                principals,
                planted,
                steps,
            },
        })),
    }
}

impl Script {
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
            "seed {}, step {}: {}",
            self.seed, self.step, self.difference
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
