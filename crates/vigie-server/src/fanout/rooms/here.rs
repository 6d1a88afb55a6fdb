//! Who has a conversation open: the devices of each member, and what they say of themselves.
//!
//! In: sockets that open and close their view. Out: whether somebody is here, and the metadata to show.
//! Always true: whoever others see as present is counted as they come, go and change, so that nobody counts thousands;
//! somebody with several devices is here once, with the metadata that was given last, until the last device closes its view.

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_core::{ConnectionId, PrincipalKey};

/// What a join says of its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Metadata {
    /// Nothing: it stays as it was.
    Unchanged,
    /// Nothing is to be shown.
    Removed,
    /// This object, as JSON.
    Given(Arc<str>),
}

/// One socket that has the conversation open.
#[derive(Debug)]
struct Device {
    connection: ConnectionId,
    /// What it says of itself, by a number that grows with each time anybody says something.
    metadata: Option<(u64, Arc<str>)>,
}

/// Somebody who has the conversation open.
#[derive(Debug, Default)]
struct Attendee {
    devices: Vec<Device>,
    /// Others see this person as present.
    is_public: bool,
}

/// Everybody who has one conversation open.
#[derive(Debug, Default)]
pub(super) struct Here {
    people: BTreeMap<PrincipalKey, Attendee>,
    public: usize,
    stamp: u64,
}

impl Here {
    /// A device opens its view, or says something new of itself; says whether anything of its person is another than before.
    pub(super) fn open(
        &mut self,
        principal: PrincipalKey,
        connection: ConnectionId,
        metadata: Metadata,
    ) -> bool {
        let before = self.metadata(principal).map(|(stamp, _)| stamp);
        let devices = &mut self.people.entry(principal).or_default().devices;
        let was_here = !devices.is_empty();
        let place = devices.iter().position(|one| one.connection == connection);
        let place = place.unwrap_or_else(|| {
            devices.push(Device {
                connection,
                metadata: None,
            });
            devices.len() - 1
        });
        let device = &mut devices[place];
        match metadata {
            Metadata::Unchanged => {}
            Metadata::Removed => device.metadata = None,
            Metadata::Given(text) => {
                if device.metadata.as_ref().is_none_or(|(_, old)| *old != text) {
                    self.stamp += 1;
                    device.metadata = Some((self.stamp, text));
                }
            }
        }
        !was_here || self.metadata(principal).map(|(stamp, _)| stamp) != before
    }

    /// A device closes its view; says whether anything of its person is another than before.
    pub(super) fn close(&mut self, principal: PrincipalKey, connection: ConnectionId) -> bool {
        let before = self.metadata(principal).map(|(stamp, _)| stamp);
        let Some(attendee) = self.people.get_mut(&principal) else {
            return false;
        };
        let devices = &mut attendee.devices;
        let had = devices.len();
        devices.retain(|one| one.connection != connection);
        if devices.is_empty() {
            self.forget(principal);
            return true;
        }
        had > devices.len() && self.metadata(principal).map(|(stamp, _)| stamp) != before
    }

    /// A person has the conversation open no more, on any device; on which it had.
    pub(super) fn forget(&mut self, principal: PrincipalKey) -> Vec<ConnectionId> {
        let attendee = self.people.remove(&principal).unwrap_or_default();
        self.public -= usize::from(attendee.is_public);
        let devices = attendee.devices.into_iter();
        devices.map(|one| one.connection).collect()
    }

    /// Notes whether others see somebody as present, whether or not they are here.
    pub(super) fn note_standing(&mut self, principal: PrincipalKey, is_public: bool) {
        if let Some(attendee) = self.people.get_mut(&principal) {
            self.public -= usize::from(attendee.is_public);
            self.public += usize::from(is_public);
            attendee.is_public = is_public;
        }
    }

    /// How many of those who are here others see as present.
    pub(super) fn public(&self) -> usize {
        self.public
    }

    /// Whether others see somebody as present who is here.
    pub(super) fn is_public(&self, principal: PrincipalKey) -> bool {
        let attendee = self.people.get(&principal);
        attendee.is_some_and(|attendee| attendee.is_public)
    }

    pub(super) fn is_here(&self, principal: PrincipalKey) -> bool {
        self.people.contains_key(&principal)
    }

    /// The devices on which somebody is here.
    pub(super) fn devices(&self, principal: PrincipalKey) -> impl Iterator<Item = ConnectionId> {
        let attendee = self.people.get(&principal).into_iter();
        attendee.flat_map(|attendee| attendee.devices.iter().map(|one| one.connection))
    }

    /// The metadata that was given last, with its number.
    pub(super) fn metadata(&self, principal: PrincipalKey) -> Option<(u64, &str)> {
        let devices = self.people.get(&principal)?.devices.iter();
        let given = devices.filter_map(|one| one.metadata.as_ref());
        let (stamp, text) = given.max_by_key(|(stamp, _)| *stamp)?;
        Some((*stamp, text))
    }

    /// Everybody who is here.
    pub(super) fn people(&self) -> impl Iterator<Item = PrincipalKey> {
        self.people.keys().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_on_two_devices_is_here_until_the_last_and_shows_what_was_said_last() {
        const ALICE: PrincipalKey = PrincipalKey(7);
        let (phone, laptop) = (ConnectionId(1), ConnectionId(2));
        let given = |text: &str| Metadata::Given(text.into());
        let mut here = Here::default();
        let shown = |here: &Here| here.metadata(ALICE).map(|(_, text)| text.to_owned());
        assert!(here.open(ALICE, phone, given("{\"a\":1}")));
        assert!(!here.open(ALICE, laptop, Metadata::Unchanged));
        assert!(here.open(ALICE, laptop, given("{\"b\":1}")));
        assert!(!here.open(ALICE, laptop, given("{\"b\":1}")));
        assert_eq!(shown(&here).as_deref(), Some("{\"b\":1}"));
        // A device that says nothing of itself any more leaves it to the other.
        assert!(here.open(ALICE, laptop, Metadata::Removed));
        assert_eq!(shown(&here).as_deref(), Some("{\"a\":1}"));
        assert!(!here.close(ALICE, laptop));
        assert!(here.is_here(ALICE));
        here.note_standing(ALICE, true);
        here.note_standing(ALICE, true);
        here.note_standing(PrincipalKey(8), true);
        assert_eq!(here.public(), 1);
        assert!(here.close(ALICE, phone));
        assert_eq!(here.public(), 0);
        assert!(!here.is_here(ALICE) && here.is_empty());
        assert!(!here.close(ALICE, phone));
    }
}
