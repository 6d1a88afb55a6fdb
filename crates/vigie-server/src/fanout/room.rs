//! How much was handed to a link and is not read yet, so that a client that reads slowly keeps little memory, and finds no minutes of news before the next ping.
//!
//! In: frames as they are sent, and a look when each window is over. Out: whether one more fits.
//! The last frame tells: its bytes have one holder left, this one, as soon as the transport has written it, and everything before it was written earlier.
//! A ping waits behind whatever was sent before it, and its answer has little time; so news go out at a pace that the link has shown to keep.

use bytes::Bytes;

use super::link::{BUFFER, Frame};

/// Places of a link's buffer that only answers take; the rest is left to the transport, whose own ping closes the socket when it finds none.
const FOR_ANSWERS: usize = 20;

/// Places left to the transport.
const FOR_TRANSPORT: usize = 8;

/// Bytes of news between two looks, for a link that has shown nothing yet; at most the smallest `slow_socket_limit`.
///
/// The transport takes as many from us while as many wait in it: together they pass a link of 5 kB a second within the default time for a pong.
const FIRST_PACE: usize = 16 * 1024;

/// The same for the slowest link: the states of a dozen people.
const LEAST_PACE: usize = 4 * 1024;

/// So many windows in a row must have been used up, and written, before the pace is doubled: buffers on the way take the first ones from any link.
const PROOFS: u32 = 4;

/// After so many looks in a row at something unwritten the pace is halved: half a second.
const PATIENCE: u32 = 10;

/// What was sent since the link was last seen empty.
#[derive(Debug)]
pub(super) struct Room {
    /// Bytes that may wait, `slow_socket_limit`; one frame of any size may wait alone.
    limit: usize,
    /// Bytes of news that may go out until a look finds everything written.
    pace: usize,
    /// Bytes of news that went out since then.
    paced: usize,
    /// News were held back by the pace since then.
    is_short: bool,
    /// Windows in a row that were used up and written.
    proofs: u32,
    /// Looks in a row at something unwritten.
    waits: u32,
    bytes: usize,
    frames: usize,
    last: Option<Bytes>,
}

/// What a frame is, as far as room is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Sent later when there is no room now, and at the link's pace.
    News,
    /// Sent later when there is no room now, and at once when there is.
    Urgent,
    /// Lost when there is no room.
    Answer,
    /// Without it nothing else makes sense: it takes what room it needs.
    Foundation,
}

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            pace: FIRST_PACE.min(limit),
            paced: 0,
            is_short: false,
            proofs: 0,
            waits: 0,
            bytes: 0,
            frames: 0,
            last: None,
        }
    }

    /// A window is over: says whether everything was written.
    pub(super) fn look(&mut self) -> bool {
        if !self.is_empty() {
            self.waits += 1;
            self.proofs = 0;
            if self.waits.is_multiple_of(PATIENCE) {
                self.pace = (self.pace / 2).max(LEAST_PACE);
            }
            return false;
        }
        self.proofs = if self.is_short { self.proofs + 1 } else { 0 };
        if self.proofs == PROOFS {
            self.pace = (self.pace * 2).min(self.limit);
            self.proofs = 0;
        }
        self.paced = 0;
        self.is_short = false;
        self.waits = 0;
        true
    }

    /// Whether the client has not read for so long that it is no accident.
    pub(super) fn is_stuck(&self) -> bool {
        self.waits >= PATIENCE
    }

    /// Whether everything that was sent has been written; then nothing of it is held any longer.
    pub(super) fn is_empty(&mut self) -> bool {
        if self.last.as_ref().is_some_and(Bytes::is_unique) {
            (self.bytes, self.frames, self.last) = (0, 0, None);
        }
        self.last.is_none()
    }

    /// Whether there is room for a frame of this size.
    pub(super) fn takes(&mut self, bytes: usize, r#use: Use) -> bool {
        let places = match r#use {
            Use::News | Use::Urgent => BUFFER - FOR_TRANSPORT - FOR_ANSWERS,
            Use::Answer => BUFFER - FOR_TRANSPORT,
            Use::Foundation => return true,
        };
        if r#use == Use::News && self.paced > 0 && self.paced + bytes > self.pace {
            self.is_short = true;
            return false;
        }
        self.is_empty() || (self.frames < places && self.bytes + bytes <= self.limit)
    }

    /// A frame is about to be sent.
    pub(super) fn note(&mut self, frame: &Frame, r#use: Use) {
        if r#use == Use::News {
            self.paced += frame.len();
        }
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
        room.note(&large, Use::Answer);
        assert!(!room.takes(1, Use::News) && !room.takes(1, Use::Answer));
        assert!(room.takes(9_000, Use::Foundation));
        drop(large);
        assert!(room.takes(1, Use::News));
    }

    #[test]
    fn bytes_and_places_are_counted_until_the_last_frame_is_written() {
        let mut room = Room::new(1_000);
        let mut buffer: Vec<_> = (0..3).map(|_| frame(300)).collect();
        buffer
            .iter()
            .for_each(|frame| room.note(frame, Use::Urgent));
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
        many.iter().for_each(|frame| room.note(frame, Use::Urgent));
        assert!(!room.takes(1, Use::News));
        assert!(room.takes(1, Use::Answer));
    }

    /// Sends as much as the pace allows; how much that was.
    fn fill(room: &mut Room, buffer: &mut Vec<Frame>) -> usize {
        let mut bytes = 0;
        while room.takes(1_000, Use::News) {
            buffer.push(frame(1_000));
            room.note(&buffer[buffer.len() - 1], Use::News);
            bytes += 1_000;
        }
        bytes
    }

    #[test]
    fn news_go_out_at_the_pace_that_the_link_keeps() {
        let (mut room, mut buffer) = (Room::new(512 * 1024), Vec::new());
        // Whatever was written is no reason for more before the window is over.
        assert_eq!(fill(&mut room, &mut buffer), 16_000);
        buffer.clear();
        assert!(!room.takes(1_000, Use::News) && room.takes(1_000, Use::Urgent));
        for _ in 1..PROOFS {
            assert!(room.look());
            assert_eq!(fill(&mut room, &mut buffer), 16_000);
            buffer.clear();
        }
        assert!(room.look());
        assert_eq!(fill(&mut room, &mut buffer), 32_000);
        assert!(!room.is_stuck());
        for _ in 0..5 * PATIENCE {
            assert!(!room.look());
            assert_eq!(fill(&mut room, &mut buffer), 0);
        }
        assert!(room.is_stuck());
        buffer.clear();
        assert!(room.look() && !room.is_stuck());
        assert_eq!(fill(&mut room, &mut buffer), 4_000);
    }

    #[test]
    fn a_link_that_was_slow_once_is_paced_no_longer_when_it_keeps_up() {
        let (mut room, mut buffer) = (Room::new(64 * 1024), Vec::new());
        fill(&mut room, &mut buffer);
        (0..5 * PATIENCE).for_each(|_| assert!(!room.look()));
        for _ in 0..10 * PROOFS {
            buffer.clear();
            assert!(room.look());
            fill(&mut room, &mut buffer);
        }
        buffer.clear();
        assert!(room.look());
        assert_eq!(fill(&mut room, &mut buffer), 65_000);
    }
}
