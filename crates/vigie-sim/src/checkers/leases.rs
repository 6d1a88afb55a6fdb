//! Nobody is present without a lease, nobody with a lease is absent unless an operator said so, and in the end every lease ends.

use core::time::Duration;

use vigie_core::PrincipalKey;

use super::Scene;
use crate::difference::{Checker, Difference};

/// A lease that is over may wait for the timer, so only the timer's own time can tell "offline with a lease" from "not decided yet".
pub(super) fn state_of(scene: Scene<'_>, principal: PrincipalKey) -> Result<(), Difference> {
    let presence = scene.shell.presence(principal, scene.now);
    let record = scene.shell.record(principal, scene.now);
    let is_online = presence.availability.is_online();
    let is_forced = record.forced_offline_at.is_some();
    let wrong = |message: &str| {
        let message = message.to_owned();
        Err(Difference::about(Checker::Leases, principal, message))
    };
    if is_online && !record.has_lease() {
        return wrong("present without a lease");
    }
    if is_online && is_forced {
        return wrong("present although an operator said offline");
    }
    if !is_online && !is_forced && record.has_lease() && !scene.timer_is_wanted() {
        return wrong("a lease, yet offline");
    }
    Ok(())
}

/// After `waited` without any input.
pub(super) fn all_ended(scene: Scene<'_>, waited: Duration) -> Result<(), Difference> {
    for principal in scene.reference.principals() {
        let presence = scene.shell.presence(principal, scene.now);
        if presence.availability.is_online() {
            let word = presence.availability.as_str();
            let message =
                format!("still {word} after {waited:?} without any connection or activity");
            return Err(Difference::about(Checker::Leases, principal, message));
        }
    }
    Ok(())
}
