//! How much was handed to a link and is not read yet, so that a client that reads slowly keeps little memory.
//!
//! In: frames as they are sent. Out: whether one more fits.
//! The last frame tells: its bytes have one holder left, this one, as soon as the transport has written it, and everything before it was written earlier.

use bytes::Bytes;

use super::link::{BUFFER, Frame};

/// Places of a link's buffer that only answers take; the rest is left to the transport, whose own ping closes the socket when it finds none.
const FOR_ANSWERS: usize = 20;

/// Places left to the transport.
const FOR_TRANSPORT: usize = 8;

/// What was sent since the link was last seen empty.
#[derive(Debug)]
pub(super) struct Room {
    /// Bytes that may wait, `slow_socket_limit`; one frame of any size may wait alone.
    limit: usize,
    bytes: usize,
    frames: usize,
    last: Option<Bytes>,
}

/// What a frame is, as far as room is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Sent again later when there is no room now.
    News,
    /// Lost when there is no room.
    Answer,
    /// Without it nothing else makes sense: it takes what room it needs.
    Foundation,
}

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: 0,
            frames: 0,
            last: None,
        }
    }

    /// Whether everything that was sent has been written; then nothing of it is held any longer.
    pub(super) fn is_empty(&mut self) -> bool {
        if self.last.as_ref().is_some_and(Bytes::is_unique) {
            *self = Self::new(self.limit);
        }
        self.last.is_none()
    }

    /// Whether there is room for a frame of this size.
    pub(super) fn takes(&mut self, bytes: usize, r#use: Use) -> bool {
        let places = match r#use {
            Use::News => BUFFER - FOR_TRANSPORT - FOR_ANSWERS,
            Use::Answer => BUFFER - FOR_TRANSPORT,
            Use::Foundation => return true,
        };
        self.is_empty() || (self.frames < places && self.bytes + bytes <= self.limit)
    }

    /// A frame is about to be sent.
    pub(super) fn note(&mut self, frame: &Frame) {
        self.frames += 1;
        self.bytes += frame.len();
        self.last = Some(frame.share());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(size: usize) -> Frame {
        Frame::new("x".repeat(size))
    }

    #[test]
    fn a_frame_of_any_size_fits_alone_and_nothing_beside_it() {
        let mut room = Room::new(1_000);
        assert!(room.takes(5_000, Use::News));
        let large = frame(5_000);
        room.note(&large);
        assert!(!room.takes(1, Use::News) && !room.takes(1, Use::Answer));
        assert!(room.takes(9_000, Use::Foundation));
        drop(large);
        assert!(room.takes(1, Use::News));
    }

    #[test]
    fn bytes_and_places_are_counted_until_the_last_frame_is_written() {
        let mut room = Room::new(1_000);
        let mut buffer: Vec<_> = (0..3).map(|_| frame(300)).collect();
        buffer.iter().for_each(|frame| room.note(frame));
        assert!(room.takes(100, Use::News));
        assert!(!room.takes(101, Use::News));
        // What is written first is written; the rest still waits.
        buffer.remove(0);
        assert!(!room.takes(101, Use::News));
        buffer.clear();
        assert!(room.takes(101, Use::News));
        let many: Vec<_> = (0..BUFFER - FOR_TRANSPORT - FOR_ANSWERS)
            .map(|_| frame(1))
            .collect();
        many.iter().for_each(|frame| room.note(frame));
        assert!(!room.takes(1, Use::News));
        assert!(room.takes(1, Use::Answer));
    }
}
