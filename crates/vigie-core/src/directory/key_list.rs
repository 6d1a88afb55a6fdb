//! A sorted list of conversations: most people are in a few, so a few need no memory of their own.
//!
//! Always true: sorted, each key once.

use super::ConversationKey;

/// Keys that lie in the list itself, which with them takes 16 bytes.
const FEW: usize = 3;

/// A sorted list without duplicates.
#[derive(Debug)]
pub(super) struct KeyList(Keys);

#[derive(Debug)]
enum Keys {
    Few {
        length: u8,
        keys: [ConversationKey; FEW],
    },
    #[expect(
        clippy::box_collection,
        reason = "a list by itself takes 24 bytes in every row, also where there is none"
    )]
    Many(Box<Vec<ConversationKey>>),
}

impl Default for KeyList {
    fn default() -> Self {
        Self(Keys::Few {
            length: 0,
            keys: [ConversationKey(0); FEW],
        })
    }
}

impl KeyList {
    pub(super) fn as_slice(&self) -> &[ConversationKey] {
        match &self.0 {
            Keys::Few { length, keys } => &keys[..usize::from(*length)],
            Keys::Many(keys) => keys,
        }
    }

    /// Adds a key; says whether it was missing.
    pub(super) fn insert(&mut self, key: ConversationKey) -> bool {
        let Err(place) = self.as_slice().binary_search(&key) else {
            return false;
        };
        match &mut self.0 {
            Keys::Few { length, keys } if usize::from(*length) < FEW => {
                let end = usize::from(*length);
                keys.copy_within(place..end, place + 1);
                keys[place] = key;
                *length += 1;
            }
            Keys::Few { keys, .. } => {
                let mut many = keys.to_vec();
                many.insert(place, key);
                self.0 = Keys::Many(Box::new(many));
            }
            Keys::Many(keys) => keys.insert(place, key),
        }
        true
    }

    /// Removes a key; says whether it was there.
    pub(super) fn remove(&mut self, key: ConversationKey) -> bool {
        let Ok(place) = self.as_slice().binary_search(&key) else {
            return false;
        };
        match &mut self.0 {
            Keys::Few { length, keys } => {
                keys.copy_within(place + 1..usize::from(*length), place);
                *length -= 1;
            }
            Keys::Many(keys) => {
                keys.remove(place);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_agrees_with_a_set(steps in proptest::collection::vec((any::<bool>(), 0_u32..8), 0..60)) {
            let mut list = KeyList::default();
            let mut model = BTreeSet::new();
            for (inserts, key) in steps {
                let key = ConversationKey(key);
                if inserts {
                    prop_assert_eq!(list.insert(key), model.insert(key));
                } else {
                    prop_assert_eq!(list.remove(key), model.remove(&key));
                }
                let expected: Vec<_> = model.iter().copied().collect();
                prop_assert_eq!(list.as_slice(), expected);
            }
        }
    }

    #[test]
    fn a_list_takes_sixteen_bytes() {
        assert_eq!(size_of::<KeyList>(), 16);
    }
}
