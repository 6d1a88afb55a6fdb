//! The directory while somebody reads it.
//!
//! Always true: a thread reads it once at a time. A second reading would wait behind a writer that waits for the first, for ever; builds with debug assertions panic instead, so that tests find it.

use std::marker::PhantomData;
use std::ops::Deref;

use parking_lot::{RwLock, RwLockReadGuard};
use vigie_core::Directory;

/// The directory, until this is dropped.
#[derive(Debug)]
pub struct Read<'d> {
    directory: RwLockReadGuard<'d, Directory>,
    _once: Once,
}

impl<'d> Read<'d> {
    pub(super) fn of(directory: &'d RwLock<Directory>) -> Self {
        // Before the lock is waited for: afterwards it would be too late.
        let once = Once::begin();
        Self {
            directory: directory.read(),
            _once: once,
        }
    }
}

impl Deref for Read<'_> {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.directory
    }
}

/// That this thread reads; it stays on the thread, as the lock's guard does.
#[derive(Debug)]
struct Once(PhantomData<*const ()>);

#[cfg(debug_assertions)]
thread_local! {
    static READS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl Once {
    fn begin() -> Self {
        #[cfg(debug_assertions)]
        assert!(
            !READS.replace(true),
            "this thread reads the directory already, and may wait for itself"
        );
        Self(PhantomData)
    }
}

#[cfg(debug_assertions)]
impl Drop for Once {
    fn drop(&mut self) {
        READS.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_follows_another() {
        let directory = RwLock::new(Directory::default());
        drop(Read::of(&directory));
        drop(Read::of(&directory));
    }

    #[test]
    #[should_panic(expected = "may wait for itself")]
    fn a_reading_within_a_reading_is_found() {
        let directory = RwLock::new(Directory::default());
        let _outer = Read::of(&directory);
        let _inner = Read::of(&directory);
    }
}
