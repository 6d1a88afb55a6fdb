//! The inputs that fuzzing collected, and what tells whether they are worth anything: a decoder with a mistake must not get through them.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::{Decoder, Outcome};

/// Every input of the target `inbound`.
pub(crate) fn inputs() -> impl Iterator<Item = Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/inbound");
    let files = fs::read_dir(&folder);
    let files = files.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(move |file| {
        let read = file.and_then(|file| fs::read(file.path()));
        read.unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    })
}

/// Gives every input of a decoder to a reader with a mistake, one of which must show it.
///
/// # Panics
/// When none does.
#[track_caller]
pub(crate) fn shows_the_mistake_of(decoder: Decoder, read: impl Fn(&[u8]) -> Outcome) {
    let mut own = inputs().filter_map(|bytes| {
        let (first, rest) = bytes.split_first()?;
        (Decoder::named_by(*first) == decoder).then(|| rest.to_vec())
    });
    let is_seen = own.any(|rest| catch_unwind(AssertUnwindSafe(|| read(&rest))).is_err());
    assert!(is_seen, "no input of {decoder:?} shows this mistake");
}
