//! The global properties, one file each, and the order in which they are asked.
//!
//! In: the instant, the real shell, the reference, and what was seen.
//! Out: the first difference.
//! The properties come before the comparison with the reference: a mistake is then named by the rule that it breaks, where there is one.

mod deadlines;
mod durability;
mod edges;
mod leases;
mod reference;
mod times;
mod veils;

use core::time::Duration;

use vigie_core::{ConnectionId, Now, PrincipalKey};

pub(crate) use self::durability::Durability;
use self::edges::Edges;
use self::times::Times;
use self::veils::Veils;
use crate::difference::Difference;
use crate::reference::{Demanded, Reference};
use crate::shell::{Observed, Shell};

/// What every checker may look at.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'world> {
    pub(crate) now: Now,
    pub(crate) shell: &'world Shell,
    pub(crate) reference: &'world Reference,
}

impl Scene<'_> {
    /// Whether the engine has asked for its timer to be served by now.
    pub(crate) fn timer_is_wanted(&self) -> bool {
        let timeout = self.shell.next_timeout();
        timeout.is_some_and(|timeout| timeout <= self.now.mono)
    }
}

/// Whose word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Judges {
    /// The properties and the reference.
    #[default]
    All,
    /// The properties that stand by themselves: shows that each of them would find something without the reference, too.
    PropertiesAlone,
}

/// All of them, with what they remember.
#[derive(Debug)]
pub(crate) struct Checkers {
    judges: Judges,
    edges: Edges,
    veils: Veils,
    pub(crate) times: Times,
    pub(crate) durability: Durability,
}

impl Checkers {
    pub(crate) fn new(principals: usize, judges: Judges) -> Self {
        Self {
            judges,
            edges: Edges::new(principals),
            veils: Veils::new(principals),
            times: Times::new(principals),
            durability: Durability::default(),
        }
    }

    /// A new process starts on the store.
    pub(crate) fn restart(&mut self, scene: Scene<'_>) {
        self.veils.restart(scene);
        self.edges.restart(scene);
        self.times.restart(scene);
        self.durability = Durability::default();
    }

    /// A principal was deleted.
    pub(crate) fn forget(&mut self, scene: Scene<'_>, principal: PrincipalKey) {
        self.edges.forget(principal);
        self.veils.forget(scene, principal);
        self.times.forget(principal);
        self.durability.forget(principal);
    }

    /// After one signal.
    pub(crate) fn after_signal(
        &mut self,
        scene: Scene<'_>,
        (observed, demanded): (&Observed, &Demanded),
        opened: Option<ConnectionId>,
    ) -> Result<(), Difference> {
        self.after_anything(scene, observed, demanded)?;
        if self.judges == Judges::All {
            reference::same_edges(&observed.announced, &demanded.announced)?;
            reference::same_answers(scene, observed, demanded, opened)?;
        }
        Ok(())
    }

    /// After one call of the timer.
    pub(crate) fn after_timer(
        &mut self,
        scene: Scene<'_>,
        (observed, demanded): (&Observed, &Demanded),
        limit: usize,
    ) -> Result<(), Difference> {
        deadlines::keeps_its_limit(observed, limit)?;
        self.after_anything(scene, observed, demanded)?;
        if self.judges == Judges::All {
            reference::same_edges(&observed.announced, &demanded.announced)?;
        }
        Ok(())
    }

    fn after_anything(
        &mut self,
        scene: Scene<'_>,
        observed: &Observed,
        demanded: &Demanded,
    ) -> Result<(), Difference> {
        self.edges.saw(observed)?;
        self.veils.saw(observed)?;
        self.times.saw(scene.now, observed)?;
        self.durability.saw(scene, observed, demanded);
        for (principal, _) in &observed.persisted {
            self.edges.state_of(scene, *principal)?;
            self.veils.state_of(scene, *principal)?;
            self.times.state_of(scene, *principal)?;
        }
        Ok(())
    }

    /// The state of one principal, at any time.
    pub(crate) fn state_of(
        &mut self,
        scene: Scene<'_>,
        principal: PrincipalKey,
    ) -> Result<(), Difference> {
        self.edges.state_of(scene, principal)?;
        self.veils.state_of(scene, principal)?;
        self.times.state_of(scene, principal)?;
        leases::state_of(scene, principal)?;
        // Of whom nobody decided yet, only what was last announced is certain.
        let is_decided = !scene.reference.is_due(principal, scene.now.mono);
        if is_decided && self.judges == Judges::All {
            reference::state_of(scene, principal)?;
        }
        Ok(())
    }

    /// What concerns nobody in particular, at any time.
    pub(crate) fn state(&self, scene: Scene<'_>) -> Result<(), Difference> {
        if self.judges == Judges::All {
            deadlines::timer_is_early_enough(scene)?;
            reference::same_totals(scene)?;
            self.durability.adds_up(scene)?;
        }
        self.durability.state(scene)
    }

    /// After the world went quiet for longer than any rule lasts.
    pub(crate) fn at_the_end(&self, scene: Scene<'_>, waited: Duration) -> Result<(), Difference> {
        leases::all_ended(scene, waited)?;
        self.durability.at_the_end(scene)
    }
}
