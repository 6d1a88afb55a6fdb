//! A world told by bytes: whatever they are, they say which rules hold, how many people there are, and what happens, so that a fuzzer can look for a story that makes the engine lie.
//!
//! In: bytes, and the world so far, in which "just before the next deadline" has a meaning.
//! Out: steps, until the bytes run out.
//! Always true: a story keeps what a server promises its engine: rules do not contradict each other, and no connection's or session's number is given twice.
//! Anything else may happen, also what no server would do: signals of connections that are gone, clocks that jump by years, sessions of others that are resumed.

mod bytes;
mod people;
mod rules;
mod time;

use vigie_core::{ConnectionId, Mono, PrincipalKey, Rules};

use self::bytes::Bytes;
use crate::step::{Answer, Step};
use crate::weather::Kind;
use crate::world::World;

/// As few people as let two be confused with each other, so that most steps are about somebody to whom something happened.
const MOST_PRINCIPALS: u8 = 4;

/// What a byte may announce.
const KINDS: [Kind; 21] = [
    Kind::Wait,
    Kind::Oversleep,
    Kind::Fire,
    Kind::Connect,
    Kind::Prove,
    Kind::Act,
    Kind::Background,
    Kind::Foreground,
    Kind::Leave,
    Kind::Lose,
    Kind::Revoke,
    Kind::Delete,
    Kind::Request,
    Kind::Batch,
    Kind::Force,
    Kind::Flush,
    Kind::Answer,
    Kind::Sweep,
    Kind::Restart,
    Kind::Jump,
    Kind::Pause,
];

/// Bytes from here on announce a choice, so that all smaller ones go on to tell what they told before people could choose.
const CHOICES: u8 = 252;

/// How many principals one call of the timer may decide.
const TIMER_LIMITS: [usize; 3] = [1, 2, 1_000];

/// How many records one batch may hold.
const BATCH_SIZES: [usize; 3] = [1, 2, 1_000];

/// The source of one world's steps.
#[derive(Debug)]
pub(crate) struct Story<'bytes> {
    bytes: Bytes<'bytes>,
    rules: Rules,
    principals: u8,
    /// How many connections were opened; the next one's number is one more.
    connections: u8,
    /// When each step of this process happened, the latest last: activities are reported as of then.
    moments: Vec<Mono>,
}

impl<'bytes> Story<'bytes> {
    /// The story of some bytes; none at all tell of an empty world.
    pub(crate) fn open(bytes: &'bytes [u8]) -> Self {
        let mut bytes = Bytes::new(bytes);
        let rules = rules::read(&mut bytes).unwrap_or_default();
        let principals = bytes.byte().unwrap_or_default() % MOST_PRINCIPALS + 1;
        Self {
            bytes,
            rules,
            principals,
            connections: 0,
            moments: Vec::new(),
        }
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> Rules {
        self.rules.clone()
    }

    /// How many people there are.
    pub(crate) fn principals(&self) -> usize {
        usize::from(self.principals)
    }

    /// What happens next in `world`; `None` at the end.
    pub(crate) fn next(&mut self, world: &World) -> Option<Step> {
        let kind = self.kind()?;
        let step = self.step(kind, world)?;
        if let Step::Restart { .. } = step {
            // The next process counts from anew.
            self.moments.clear();
        } else {
            self.moments.push(world.now().mono);
        }
        Some(step)
    }

    fn kind(&mut self) -> Option<Kind> {
        let byte = self.bytes.byte()?;
        if byte >= CHOICES {
            return Some(Kind::Choose);
        }
        KINDS.get(usize::from(byte) % KINDS.len()).copied()
    }

    fn step(&mut self, kind: Kind, world: &World) -> Option<Step> {
        Some(match kind {
            Kind::Wait => Step::Wait {
                span: self.span(world)?,
                limit: self.bytes.pick(&TIMER_LIMITS)?,
            },
            Kind::Oversleep => Step::Oversleep {
                span: self.span(world)?,
            },
            Kind::Fire => Step::Fire {
                limit: self.bytes.pick(&TIMER_LIMITS)?,
            },
            Kind::Connect => self.connect()?,
            Kind::Prove => Step::Prove(self.connection()?),
            Kind::Act => Step::Act(self.connection()?),
            Kind::Background => Step::Background(self.connection()?),
            Kind::Foreground => Step::Foreground(self.connection()?),
            // A story names connections that are gone like those that are open.
            Kind::Leave | Kind::Stale => Step::Leave(self.connection()?),
            Kind::Lose => Step::Lose(self.connection()?, self.span(world)?),
            Kind::Revoke => self.revoke()?,
            Kind::Delete => Step::Delete(self.somebody()?),
            Kind::Request => self.request(world.now().mono)?,
            Kind::Batch => self.batch(world.now().mono)?,
            Kind::Force => Step::Force(self.somebody()?, self.bytes.pick(&[false, true])?),
            Kind::Choose => self.choose(world)?,
            Kind::Flush => Step::Flush(self.bytes.pick(&BATCH_SIZES)?),
            Kind::Answer => {
                let answers = [Answer::Stored, Answer::Refused, Answer::Lost];
                Step::Answer(self.bytes.pick(&answers)?)
            }
            Kind::Sweep => Step::Sweep,
            Kind::Restart => Step::Restart {
                graceful: self.bytes.pick(&[false, true])?,
                landed: self.bytes.pick(&[false, true])?,
                down: self.span(world)?,
            },
            Kind::Jump => Step::Jump {
                millis: self.jump(world.now().wall)?,
            },
            Kind::Pause => Step::Pause {
                span: self.pause()?,
            },
        })
    }

    fn somebody(&mut self) -> Option<PrincipalKey> {
        let number = self.bytes.byte()? % self.principals;
        Some(PrincipalKey(u32::from(number)))
    }

    /// A connection that was opened, counted back from the latest; before there is one, it is one that nobody has.
    fn connection(&mut self) -> Option<ConnectionId> {
        let back = self.bytes.byte()?;
        let number = self.connections.saturating_sub(back).max(1);
        Some(ConnectionId(u64::from(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Planted;

    #[test]
    fn a_story_ends_where_its_bytes_do() {
        let told = |bytes: &[u8]| {
            let mut story = Story::open(bytes);
            let world = World::new(story.rules(), story.principals(), Planted::default());
            core::iter::from_fn(|| story.next(&world)).count()
        };
        // Default rules, one principal, twice a sweep, and a wait that is not told to its end.
        assert_eq!(told(&[]), 0);
        assert_eq!(told(&[0, 0]), 0);
        assert_eq!(told(&[0, 0, 17, 17, 0]), 2);
    }
}
