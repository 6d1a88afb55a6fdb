//! The door through which presence leaves: a [`Shown`] is made here alone, of the face that a sight lets through.
//!
//! What one watcher may know of one principal is decided by `vigie_core::Directory::sight`, and what that makes of a presence by `vigie_core::face`; here a name is added.

use std::borrow::Cow;

use vigie_core::{
    Directory, Face, Member, Presence, PrincipalId, PrincipalKey, Sight, Wall, Watcher, face,
    public_sight,
};

/// A principal as one watcher may see it.
#[derive(Debug, Clone)]
pub(crate) struct Shown<'a> {
    pub(crate) id: &'a PrincipalId,
    pub(crate) name: Cow<'a, str>,
    pub(crate) face: Face,
}

/// What a watcher with this sight is shown at `now`; whoever it may not see looks like somebody who does not exist.
pub(crate) fn shown<'a>(
    sight: Sight,
    member: Option<Member<'a>>,
    id: &'a PrincipalId,
    presence: Option<&Presence>,
    now: Wall,
) -> Shown<'a> {
    match (sight, member, presence) {
        (Sight::Part { .. } | Sight::Whole, Some(member), Some(presence))
            if !member.is_deleted() =>
        {
            Shown {
                id,
                name: member.name(),
                face: face(sight, presence, now),
            }
        }
        _ => Shown {
            id,
            name: Cow::Borrowed(id.as_str()),
            face: Face::default(),
        },
    }
}

/// Somebody's presence, and how much of it one watcher may see.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) key: PrincipalKey,
    pub(crate) sight: Sight,
    pub(crate) presence: Presence,
}

impl Seen {
    /// What the watcher is shown.
    pub(crate) fn face(&self, now: Wall) -> Face {
        face(self.sight, &self.presence, now)
    }
}

/// What somebody who shares a conversation with `principal` may know of it; the same as its sight, and cheaper where everybody's is the same.
pub(crate) fn contact_sight(
    directory: &Directory,
    watcher: PrincipalKey,
    principal: PrincipalKey,
) -> Sight {
    let common = directory.common_sight(principal);
    common.unwrap_or_else(|| directory.sight(Watcher::Principal(watcher), principal))
}

/// What a member may know of another where members are listed and counted: of oneself what the others see, so that no list tells more than theirs.
pub(crate) fn list_sight(
    directory: &Directory,
    watcher: PrincipalKey,
    principal: PrincipalKey,
) -> Sight {
    if watcher == principal {
        public_sight(directory.member(principal).privacy())
    } else {
        contact_sight(directory, watcher, principal)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use vigie_core::{Availability, Directory, Profile, Version, Watcher};

    use super::*;

    #[test]
    fn a_stranger_looks_like_somebody_who_does_not_exist() {
        let mut directory = Directory::default();
        let id = PrincipalId::user("alice").unwrap();
        let profile = Profile {
            display_name: Some("Alice".into()),
            ..Profile::default()
        };
        let alice = directory.put(id.clone(), &profile, None);
        let mallory = directory.put(
            PrincipalId::user("mallory").unwrap(),
            &Profile::default(),
            None,
        );
        let now = Wall::from_millis(1_000);
        let presence = Presence {
            availability: Availability::Online,
            version: Version(7),
            last_active_at: Some(now),
            last_proof_at: Some(now),
            last_seen_at: Some(now),
            chosen: None,
            veil: None,
            times_shown: None,
        };
        let sight = directory.sight(Watcher::Principal(mallory), alice);
        assert_eq!(sight, Sight::Nothing);
        let member = directory.member(alice);
        let seen = shown(sight, Some(member), &id, Some(&presence), now);
        let unknown = shown(Sight::Nothing, None, &id, None, now);
        assert_eq!(format!("{seen:?}"), format!("{unknown:?}"));
        let own = shown(Sight::Whole, Some(member), &id, Some(&presence), now);
        assert_eq!(own.name, "Alice");
        assert_eq!(own.face.last_proof_at, Some(now));
    }
}
