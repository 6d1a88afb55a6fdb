//! Nobody is present without a lease, nobody with a lease is absent unless an operator said so, and in the end every lease ends.

use core::time::Duration;

use vigie_core::PrincipalKey;

use super::Scene;
use crate::difference::{Checker, Difference};

pub(super) fn state_of(scene: Scene<'_>, principal: PrincipalKey) -> Result<(), Difference> {
    let is_online = scene
        .shell
        .presence(principal, scene.now)
        .availability
        .is_online();
    let record = scene.shell.record(principal, scene.now);
    let wrong = |message: &str| {
        Err(Difference::about(
            Checker::Leases,
            principal,
            message.into(),
        ))
    };
    match (is_online, record.has_lease(), record.forced_offline_at) {
        (true, false, _) => wrong("present without a lease"),
        (true, true, Some(_)) => wrong("present although an operator said offline"),
        (false, true, None) => wrong("a lease, yet offline"),
        _ => Ok(()),
    }
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
