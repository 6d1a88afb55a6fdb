//! Who of a conversation's members is present, so that nobody reads a million states to show fifty.
//!
//! In: members as their state, their privacy or their membership changes. Out: those who are present, in the order of their ids.
//! Always true: memory is taken by those alone who are present; the order of ids tells nothing of who joined when, and is the same over restarts.

use std::collections::BTreeMap;
use std::ops::Bound;

use vigie_core::{
    Availability, Member, Presence, PrincipalId, PrincipalKey, Wall, face, public_sight,
};

/// How a member stands to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody is shown anything.
    Absent,
    /// Present, and shown to no other member.
    Hidden(Own),
    /// Shown as this to whoever may see it.
    Public(Availability),
}

/// The state of somebody whom no other member sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Own {
    /// As services see it, and the person itself.
    pub(super) availability: Availability,
    /// The person chose to be invisible, and sees itself in conversations as others do.
    pub(super) is_veiled: bool,
}

impl Standing {
    /// Whether others are shown anything.
    pub(super) const fn is_public(self) -> bool {
        match self {
            Self::Public(_) => true,
            Self::Absent | Self::Hidden(_) => false,
        }
    }

    /// What a member's presence makes of it.
    pub(super) fn of(member: Member<'_>, presence: &Presence, now: Wall) -> Self {
        if member.is_deleted() {
            return Self::Absent;
        }
        let public = face(public_sight(member.privacy()), presence, now).availability;
        if public.is_online() {
            return Self::Public(public);
        }
        if !presence.availability.is_online() {
            return Self::Absent;
        }
        Self::Hidden(Own {
            availability: presence.availability,
            is_veiled: presence.veil.is_some(),
        })
    }
}

/// The present members of one conversation.
#[derive(Debug, Default)]
pub(super) struct Index {
    public: BTreeMap<PrincipalId, (PrincipalKey, Availability)>,
    hidden: BTreeMap<PrincipalId, (PrincipalKey, Own)>,
}

impl Index {
    /// Notes how a member stands now.
    pub(super) fn note(&mut self, id: &PrincipalId, key: PrincipalKey, standing: Standing) {
        match standing {
            Standing::Absent => {
                self.public.remove(id);
                self.hidden.remove(id);
            }
            Standing::Hidden(own) => {
                self.public.remove(id);
                self.hidden.insert(id.clone(), (key, own));
            }
            Standing::Public(availability) => {
                self.hidden.remove(id);
                match self.public.get_mut(id) {
                    Some(known) => *known = (key, availability),
                    None => drop(self.public.insert(id.clone(), (key, availability))),
                }
            }
        }
    }

    /// How a member stands.
    pub(super) fn standing(&self, id: &PrincipalId) -> Standing {
        if let Some((_, availability)) = self.public.get(id) {
            return Standing::Public(*availability);
        }
        self.hidden
            .get(id)
            .map_or(Standing::Absent, |(_, own)| Standing::Hidden(*own))
    }

    /// How many are shown as present.
    pub(super) fn public(&self) -> usize {
        self.public.len()
    }

    /// How many are present and shown to no other member.
    pub(super) fn hidden(&self) -> usize {
        self.hidden.len()
    }

    /// Those shown as present, in the order of ids, from the one after `after` on.
    pub(super) fn public_after(
        &self,
        after: Option<&PrincipalId>,
    ) -> impl Iterator<Item = (&PrincipalId, PrincipalKey)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let people = self.public.range((from, Bound::Unbounded));
        people.map(|(id, (key, _))| (id, *key))
    }

    /// The same of those shown to no other member.
    pub(super) fn hidden_after(
        &self,
        after: Option<&PrincipalId>,
    ) -> impl Iterator<Item = (&PrincipalId, PrincipalKey)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let people = self.hidden.range((from, Bound::Unbounded));
        people.map(|(id, (key, _))| (id, *key))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use vigie_core::{Directory, Privacy, Profile, Reach, Veil};

    use super::*;

    #[test]
    fn a_standing_is_what_others_are_shown_and_what_they_are_not() {
        let mut directory = Directory::default();
        let id = PrincipalId::user("alice").unwrap();
        let alice = directory.put(id, &Profile::default(), None);
        let mut presence = Presence {
            availability: Availability::Busy,
            version: vigie_core::Version(1),
            last_active_at: None,
            last_proof_at: None,
            last_seen_at: None,
            chosen: None,
            veil: None,
            times_shown: None,
        };
        let now = Wall::from_millis(1_000);
        let of = |directory: &Directory, presence: &Presence| {
            Standing::of(directory.member(alice), presence, now)
        };
        let hidden = |is_veiled| {
            Standing::Hidden(Own {
                availability: Availability::Busy,
                is_veiled,
            })
        };
        assert_eq!(
            of(&directory, &presence),
            Standing::Public(Availability::Busy)
        );
        presence.veil = Some(Veil {
            version: vigie_core::Version(1),
            last_active_at: None,
            last_seen_at: None,
        });
        assert_eq!(of(&directory, &presence), hidden(true));
        presence.veil = None;
        let nobody = Privacy {
            availability: Reach::Nobody,
            last_seen: Reach::Nobody,
        };
        directory.set_privacy(alice, nobody);
        assert_eq!(of(&directory, &presence), hidden(false));
        presence.availability = Availability::Offline;
        assert_eq!(of(&directory, &presence), Standing::Absent);
        directory.delete(alice);
        presence.availability = Availability::Online;
        assert_eq!(of(&directory, &presence), Standing::Absent);
    }

    #[test]
    fn each_member_stands_in_one_place_and_pages_go_on_behind_any_id() {
        let mut index = Index::default();
        let id = |name: &str| PrincipalId::user(name).unwrap();
        let own = Own {
            availability: Availability::Online,
            is_veiled: true,
        };
        let standings = [
            Standing::Public(Availability::Online),
            Standing::Hidden(own),
            Standing::Public(Availability::Away),
            Standing::Absent,
        ];
        for standing in standings {
            index.note(&id("ann"), PrincipalKey(3), standing);
            assert_eq!(index.standing(&id("ann")), standing);
            assert!(index.public() + index.hidden() <= 1);
        }
        for (key, name) in [(5, "ann"), (1, "cem"), (2, "ben")] {
            let online = Standing::Public(Availability::Online);
            index.note(&id(name), PrincipalKey(key), online);
        }
        let page = |after: Option<&str>| {
            let after = after.map(id);
            let people = index.public_after(after.as_ref());
            people.map(|(_, key)| key.0).collect::<Vec<_>>()
        };
        assert_eq!(page(None), [5, 2, 1]);
        assert_eq!(page(Some("ann")), [2, 1]);
        // Nobody has this id, which nobody is told.
        assert_eq!(page(Some("bee")), [2, 1]);
        assert!(page(Some("cem")).is_empty());
    }
}
