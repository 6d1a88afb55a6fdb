//! The timer asks to be served no later than the first deadline, and one call decides no more than it may.

use super::Scene;
use crate::difference::{Checker, Difference};
use crate::shell::Observed;

pub(super) fn timer_is_early_enough(scene: Scene<'_>) -> Result<(), Difference> {
    let Some(deadline) = scene.reference.next_deadline(scene.now.mono) else {
        return Ok(());
    };
    match scene.shell.next_timeout() {
        Some(timeout) if timeout <= deadline => Ok(()),
        timeout => Err(Difference::of_all(
            Checker::Deadlines,
            format!("the timer asks for {timeout:?}, a deadline is at {deadline:?}"),
        )),
    }
}

pub(super) fn keeps_its_limit(observed: &Observed, limit: usize) -> Result<(), Difference> {
    let count = observed.announced.len();
    if count <= limit {
        return Ok(());
    }
    let message = format!("{count} edges in a call that may decide {limit}");
    Err(Difference::of_all(Checker::Deadlines, message))
}
