//! The one visibility function: what one watcher may see of one principal.
//!
//! Presence fields leave the process only as a [`Shown`], and only [`shown`] makes one.
//! Today the relation alone decides: oneself and people of a shared conversation are seen, everybody else is unknown.
//! Who hides, and from whom, will be decided here.

use std::borrow::Cow;

use vigie_core::{Availability, Directory, Member, Presence, PrincipalId, PrincipalKey, Wall};

/// What a watcher is to a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Relation {
    /// The same principal, on this or another device.
    Myself,
    /// They share a conversation.
    Contact,
    /// They do not.
    Stranger,
    /// A service with an API key, which acts for the operator.
    Service,
}

/// What `watcher` is to `principal`.
pub(crate) fn relation(
    directory: &Directory,
    watcher: PrincipalKey,
    principal: PrincipalKey,
) -> Relation {
    if watcher == principal {
        Relation::Myself
    } else if directory.share_conversation(watcher, principal) {
        Relation::Contact
    } else {
        Relation::Stranger
    }
}

/// A principal as one watcher may see it.
#[derive(Debug, Clone)]
pub(crate) struct Shown<'a> {
    pub(crate) id: &'a PrincipalId,
    pub(crate) name: Cow<'a, str>,
    pub(crate) availability: Availability,
    /// Last proof that the person was there: the `lastActiveAt` of the compatible wire.
    pub(crate) last_proof_at: Option<Wall>,
    pub(crate) last_active_at: Option<Wall>,
    pub(crate) last_seen_at: Option<Wall>,
    /// The number of the latest change; `None` of a stranger.
    pub(crate) version: Option<u64>,
}

/// What a watcher may see; whoever it may not see looks like somebody who does not exist.
pub(crate) fn shown<'a>(
    relation: Relation,
    member: Option<Member<'a>>,
    id: &'a PrincipalId,
    presence: Option<Presence>,
) -> Shown<'a> {
    let may_see = match relation {
        Relation::Myself | Relation::Contact | Relation::Service => true,
        Relation::Stranger => false,
    };
    match (member, presence) {
        (Some(member), Some(presence)) if may_see && !member.is_deleted() => Shown {
            id,
            name: member.name(),
            availability: presence.availability,
            last_proof_at: presence.last_proof_at,
            last_active_at: presence.last_active_at,
            last_seen_at: presence.last_seen_at,
            version: Some(presence.version.0),
        },
        _ => Shown {
            id,
            name: Cow::Borrowed(id.as_str()),
            availability: Availability::Offline,
            last_proof_at: None,
            last_active_at: None,
            last_seen_at: None,
            version: None,
        },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use vigie_core::{Profile, Version};

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
        let now = Some(Wall::from_millis(1_000));
        let presence = Presence {
            availability: Availability::Online,
            version: Version(7),
            last_active_at: now,
            last_proof_at: now,
            last_seen_at: now,
        };
        assert_eq!(relation(&directory, mallory, alice), Relation::Stranger);
        let member = directory.member(alice);
        let seen = shown(Relation::Stranger, Some(member), &id, Some(presence));
        let unknown = shown(Relation::Stranger, None, &id, None);
        assert_eq!(format!("{seen:?}"), format!("{unknown:?}"));
        let own = shown(Relation::Myself, Some(member), &id, Some(presence));
        assert_eq!(own.name, "Alice");
        assert_eq!(own.last_proof_at, now);
    }
}
