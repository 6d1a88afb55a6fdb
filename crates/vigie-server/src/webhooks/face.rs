//! The public face: what a webhook tells of a person is what a contact sees whom nobody blocks.
//!
//! A change that shows in nobody's eyes but the person's own is nothing to tell, and is not even noted; see `fanout/announcer.rs`.

use vigie_core::{Directory, Presence, PrincipalKey, Wall, public_sight};

use crate::fanout::visibility::shown;
use crate::fanout::wire::Status;

/// A person as services are told at `now`.
pub(crate) fn face(
    directory: &Directory,
    principal: PrincipalKey,
    presence: &Presence,
    now: Wall,
) -> Status {
    let member = directory.member(principal);
    let sight = public_sight(member.privacy());
    let shown = shown(sight, Some(member), member.id(), Some(presence), now);
    Status::from(shown)
}
