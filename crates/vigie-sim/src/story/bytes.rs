//! Bytes, read from the front: each question takes as many as its answer needs, and there is no answer when too few are left.

/// What is left to read.
#[derive(Debug)]
pub(super) struct Bytes<'bytes>(&'bytes [u8]);

impl<'bytes> Bytes<'bytes> {
    pub(super) const fn new(bytes: &'bytes [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number of `width` bytes, at most eight, the lowest first.
    pub(super) fn number(&mut self, width: usize) -> Option<u64> {
        let (bytes, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        let digits = bytes.iter().rev();
        Some(digits.fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// One of at most 256 items; every byte names one.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let index = usize::from(self.byte()?) % items.len();
        items.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_made_up() {
        let mut bytes = Bytes::new(&[4, 1, 2, 9, 9]);
        assert_eq!(bytes.pick(&['a', 'b', 'c']), Some('b'));
        assert_eq!(bytes.number(2), Some(0x0201));
        assert_eq!(bytes.number(3), None);
        assert_eq!((bytes.byte(), bytes.byte()), (Some(9), Some(9)));
        assert_eq!((bytes.byte(), bytes.number(1)), (None, None));
    }
}
