//! Finds keys by the text of an id.
//!
//! In: text, and where the text of a key lies. Out: the key.
//! Always true: the ids themselves are elsewhere, and only there; a lookup touches one slot of a table and the row it names.
//!
//! A table that grows moves all its entries, while everybody waits; many small ones move a few thousand each.

use core::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Tables: with ten million ids, one that grows moves 40 thousand entries, in about a millisecond.
const TABLES: usize = 256;

/// Where a hash keeps the bits that choose its table: those that the tables themselves look at least.
const TABLE_BITS: u32 = 40;

/// Keys as numbers; whoever owns the rows knows what they are keys of.
#[derive(Debug)]
pub(super) struct Index {
    tables: Box<[HashTable<u32>]>,
    hasher: DefaultHashBuilder,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            tables: (0..TABLES).map(|_| HashTable::new()).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl Index {
    /// The key of an id; `text_of` gives the id of a key.
    pub(super) fn find<'r>(&self, id: &[u8], text_of: impl Fn(u32) -> &'r [u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        let table = &self.tables[table_of(hash)];
        table.find(hash, |key| text_of(*key) == id).copied()
    }

    /// Adds the key of an id that has none.
    pub(super) fn insert<'r>(&mut self, id: &[u8], key: u32, text_of: impl Fn(u32) -> &'r [u8]) {
        let hasher = &self.hasher;
        let hash = hasher.hash_one(id);
        self.tables[table_of(hash)]
            .insert_unique(hash, key, |other| hasher.hash_one(text_of(*other)));
    }

    /// Removes the key of an id.
    pub(super) fn remove(&mut self, id: &[u8], key: u32) {
        let hash = self.hasher.hash_one(id);
        let entry = self.tables[table_of(hash)].find_entry(hash, |other| *other == key);
        if let Ok(entry) = entry {
            entry.remove();
        }
    }
}

fn table_of(hash: u64) -> usize {
    (hash >> TABLE_BITS) as usize % TABLES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_ids_are_found_by_their_text_until_they_are_removed() {
        let ids: Vec<String> = (0..5_000).map(|number| format!("id-{number}")).collect();
        let text_of = |key: u32| ids[key as usize].as_bytes();
        let mut index = Index::default();
        for (key, id) in (0..).zip(&ids) {
            assert_eq!(index.find(id.as_bytes(), text_of), None);
            index.insert(id.as_bytes(), key, text_of);
        }
        for (key, id) in (0..).zip(&ids) {
            assert_eq!(index.find(id.as_bytes(), text_of), Some(key));
        }
        index.remove(ids[7].as_bytes(), 7);
        assert_eq!(index.find(ids[7].as_bytes(), text_of), None);
        assert_eq!(index.find(ids[8].as_bytes(), text_of), Some(8));
    }
}
