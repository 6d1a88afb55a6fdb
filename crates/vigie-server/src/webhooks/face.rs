//! The public face: what a webhook tells of a person is what a contact sees whom nobody blocks.
//!
//! A change that shows in nobody's eyes but the person's own is nothing to tell.

use vigie_core::{Directory, Presence, PrincipalKey};

use crate::fanout::visibility::{Relation, shown};
use crate::fanout::wire::Status;

/// A person as services are told; `None` when there is nothing to tell.
pub(crate) fn face(
    directory: &Directory,
    principal: PrincipalKey,
    presence: Presence,
) -> Option<Status> {
    let member = directory.member(principal);
    let shown = shown(Relation::Contact, Some(member), member.id(), Some(presence));
    Some(Status::from(shown))
}
