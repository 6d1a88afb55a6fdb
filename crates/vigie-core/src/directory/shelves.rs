//! Everybody's names, packed: names are read one at a time and rarely change, and there are millions of them.
//!
//! In and out: the [`Names`] of the principal with a position.
//! Always true: what is read equals what was put last, and an absent name stays apart from an empty one.
//!
//! Picture a library with sixteen thin books to a shelf: a shelf has a number, a book has none.
//! Whoever wants the seventh book passes a finger over six; whoever changes one moves those behind it.

use super::profile::{NAMES, Names};

/// Principals to a shelf: a walk over a few cache lines, and one allocation for sixteen.
const SHELF: usize = 16;

/// A first byte of a length that does not fit into one: four more bytes follow.
const LONG: u8 = u8::MAX;

/// The names of all principals, by position.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    /// Those that are full, in memory of exactly their size.
    full: Vec<Box<[u8]>>,
    /// The one that the next books go to; its memory is used for one after the other, so that none leaves a hole.
    open: Vec<u8>,
    count: usize,
}

impl Shelves {
    /// Adds the names of the next principal.
    pub(super) fn push(&mut self, names: Names<'_>) {
        pack(names, &mut self.open);
        self.count += 1;
        if self.count.is_multiple_of(SHELF) {
            self.full.push(self.open.as_slice().into());
            self.open.clear();
        }
    }

    /// Replaces the names of a known principal.
    pub(super) fn set(&mut self, position: usize, names: Names<'_>) {
        let shelf = self.shelf(position);
        let begin = shelf.len() - book(shelf, position).len();
        let end = shelf.len() - pass_over(&shelf[begin..]).len();
        let mut packed = Vec::new();
        pack(names, &mut packed);
        match self.full.get_mut(position / SHELF) {
            Some(full) => {
                let changed = [&full[..begin], &packed, &full[end..]].concat();
                *full = changed.into_boxed_slice();
            }
            None => drop(self.open.splice(begin..end, packed)),
        }
    }

    /// The names of a known principal.
    pub(super) fn names(&self, position: usize) -> Names<'_> {
        unpack(book(self.shelf(position), position))
    }

    fn shelf(&self, position: usize) -> &[u8] {
        let full = self.full.get(position / SHELF);
        full.map_or(&self.open, |full| full)
    }
}

/// A shelf from the book of a position on.
fn book(shelf: &[u8], position: usize) -> &[u8] {
    (0..position % SHELF).fold(shelf, |books, _| pass_over(books))
}

/// One byte says which names there are, then each has its length and its text.
fn pack(names: Names<'_>, shelf: &mut Vec<u8>) {
    let fields = names.fields();
    let given = (0..).zip(fields);
    let which = given.fold(0, |which, (bit, field)| {
        which | u8::from(field.is_some()) << bit
    });
    shelf.push(which);
    for text in fields.into_iter().flatten() {
        match u8::try_from(text.len()) {
            Ok(length) if length < LONG => shelf.push(length),
            Ok(_) | Err(_) => {
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                shelf.push(LONG);
                shelf.extend(length.to_le_bytes());
            }
        }
        shelf.extend(text.as_bytes());
    }
}

/// The first book.
fn unpack(books: &[u8]) -> Names<'_> {
    let (which, mut rest) = first(books);
    let mut fields = [None; NAMES];
    for (bit, field) in (0..).zip(&mut fields) {
        if which & 1 << bit != 0 {
            let text;
            (text, rest) = take_text(rest);
            *field = core::str::from_utf8(text).ok();
        }
    }
    Names::of_fields(fields)
}

/// The books behind the first.
fn pass_over(books: &[u8]) -> &[u8] {
    let (which, rest) = first(books);
    (0..which.count_ones()).fold(rest, |rest, _| take_text(rest).1)
}

fn take_text(rest: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = first(rest);
    if length < LONG {
        return rest.split_at(usize::from(length));
    }
    match rest.split_first_chunk() {
        Some((length, rest)) => rest.split_at(u32::from_le_bytes(*length) as usize),
        None => unreachable!("four bytes follow the mark of a long text"),
    }
}

fn first(books: &[u8]) -> (u8, &[u8]) {
    match books.split_first() {
        Some((first, rest)) => (*first, rest),
        None => unreachable!("a shelf holds a book for each of its positions"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Fields = [Option<String>; NAMES];

    fn fields() -> impl Strategy<Value = Fields> {
        let text = (0..4_usize, 0..3_usize).prop_map(|(pick, length)| {
            let letters = ["", "ab", "é\0", "a long name "];
            letters[pick].repeat([1, 7, 24][length])
        });
        proptest::array::uniform5(proptest::option::of(text))
    }

    fn names(fields: &Fields) -> Names<'_> {
        Names::of_fields(fields.each_ref().map(|field| field.as_deref()))
    }

    proptest! {
        #[test]
        fn everybody_keeps_the_names_given_last(
            mut people in proptest::collection::vec(fields(), 1..40),
            changes in proptest::collection::vec((0_usize..50, fields()), 0..20),
        ) {
            let mut shelves = Shelves::default();
            for person in &people {
                shelves.push(names(person));
            }
            for (position, changed) in changes {
                let position = position % people.len();
                shelves.set(position, names(&changed));
                people[position] = changed;
            }
            for (position, person) in people.iter().enumerate() {
                prop_assert_eq!(shelves.names(position), names(person));
            }
        }
    }
}
