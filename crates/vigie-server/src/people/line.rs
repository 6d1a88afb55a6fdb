//! Changes of the directory, one after another.
//!
//! In: whoever wants to change something. Out: their turn, which ends when it is dropped.
//! Always true: "write to the store, then to memory" happens in one turn, so that both see the same order; and nobody stays in a line that does not move.

use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::{Instant, timeout};

/// A line whose first has been at it for this long does not move: who asks is told so, and asks again when the store is back.
const PATIENCE: Duration = Duration::from_secs(2);

/// The line of those who want to change the directory.
#[derive(Debug, Default)]
pub(super) struct Line {
    changing: tokio::sync::Mutex<()>,
    /// When the turn under way began.
    began: parking_lot::Mutex<Option<Instant>>,
}

/// The right to change the directory.
#[derive(Debug)]
pub(super) struct Turn<'l> {
    line: &'l Line,
    _changing: MutexGuard<'l, ()>,
}

/// Whoever is first has been at it for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an earlier change still waits for the store")]
pub struct Stuck;

impl Line {
    /// Waits for one's turn, for as long as the line moves.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, Stuck> {
        let mut changing = std::pin::pin!(self.changing.lock());
        loop {
            match timeout(PATIENCE, &mut changing).await {
                Ok(changing) => {
                    *self.began.lock() = Some(Instant::now());
                    return Ok(Turn {
                        line: self,
                        _changing: changing,
                    });
                }
                Err(_) if self.is_stuck() => return Err(Stuck),
                Err(_) => {}
            }
        }
    }

    fn is_stuck(&self) -> bool {
        let began = *self.began.lock();
        began.is_some_and(|began| began.elapsed() >= PATIENCE)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.line.began.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn who_waits_leaves_a_line_that_stands_still_and_stays_in_one_that_moves() {
        let line = Line::default();
        let first = line.turn().await;
        let (one, two) = tokio::join!(line.turn(), line.turn());
        assert_eq!(one.err(), Some(Stuck));
        assert_eq!(two.err(), Some(Stuck));
        drop(first);

        // Twelve turns, each far below anybody's patience and together above it.
        let line = Arc::new(line);
        let mut turns = JoinSet::new();
        for _ in 0..12 {
            let line = Arc::clone(&line);
            turns.spawn(async move {
                let _turn = line.turn().await?;
                tokio::time::sleep(PATIENCE / 8).await;
                Ok(())
            });
        }
        let turns: Vec<Result<(), Stuck>> = turns.join_all().await;
        assert_eq!(turns, [Ok(()); 12]);
    }
}
