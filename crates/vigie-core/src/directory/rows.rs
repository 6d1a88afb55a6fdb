//! The rows of all principals, in blocks: one more principal never moves those that are there.
//!
//! Always true: rows are only added, and a row stays at its position.

use core::ops::{Index, IndexMut};

use super::member::Row;

/// Rows in a block: 64 KiB.
const BLOCK: usize = 1_024;

/// Rows by position.
#[derive(Debug, Default)]
pub(super) struct Rows {
    blocks: Vec<Vec<Row>>,
    count: usize,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn push(&mut self, row: Row) {
        if self.count.is_multiple_of(BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        if let Some(block) = self.blocks.last_mut() {
            block.push(row);
            self.count += 1;
        }
    }

    /// The rows from a position on.
    pub(super) fn from(&self, position: usize) -> impl Iterator<Item = &Row> {
        let blocks = self.blocks.iter().skip(position / BLOCK);
        blocks.flatten().skip(position % BLOCK)
    }
}

impl Index<usize> for Rows {
    type Output = Row;

    fn index(&self, position: usize) -> &Row {
        &self.blocks[position / BLOCK][position % BLOCK]
    }
}

impl IndexMut<usize> for Rows {
    fn index_mut(&mut self, position: usize) -> &mut Row {
        &mut self.blocks[position / BLOCK][position % BLOCK]
    }
}
