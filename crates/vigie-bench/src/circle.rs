//! Watchers who all have the same number of contacts, some of them online, none of them with a socket.
//!
//! Two conversations share the watchers, since a conversation of more than a thousand subscribes nobody.

use std::ops::Range;

use anyhow::Context;

use crate::changes::{turn, turn_at_once};
use crate::people::{callers, converse, fetch};
use crate::server::Server;
use crate::stage::operator;

/// Everybody, and those among them who have all others as contacts.
#[derive(Debug, Clone)]
pub(crate) struct Circle {
    pub(crate) contacts: usize,
    pub(crate) watchers: Range<usize>,
}

impl Circle {
    /// Of those who do not watch, every second one is online by a request, and the others were online before.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn gather(server: &Server, contacts: usize) -> anyhow::Result<Self> {
        let everybody = contacts + 1;
        // A fifth of them are in both.
        let watchers = everybody * 2 / 5..everybody * 3 / 5;
        converse(server, 0, 0..watchers.end).await?;
        converse(server, 1, watchers.start..everybody).await?;
        let circle = Self { contacts, watchers };
        let callers = callers(server, everybody)?;
        let operator = operator(server);
        for person in circle.others() {
            if person % 2 == 0 {
                fetch(&callers[person], "/v1/auth/forward").await?;
            } else {
                turn(&operator, person, true).await?;
                turn(&operator, person, false).await?;
            }
        }
        Ok(circle)
    }

    /// Those who do not watch.
    fn others(&self) -> impl Iterator<Item = usize> {
        (0..self.watchers.start).chain(self.watchers.end..=self.contacts)
    }

    /// The watcher whose turn it is.
    pub(crate) fn watcher(&self, turn: usize) -> usize {
        self.watchers.start + turn % self.watchers.len()
    }

    /// Gives so many contacts an edge.
    ///
    /// # Errors
    /// When the server refuses, or there are not as many.
    pub(crate) async fn change(&self, server: &Server, count: usize) -> anyhow::Result<()> {
        let changing = self.watchers.end..self.watchers.end + count;
        let last = changing.end.checked_sub(1).context("nobody changes")?;
        anyhow::ensure!(last <= self.contacts, "there are not {count} to change");
        let operator = operator(server);
        // Whichever they were, the second turns them.
        turn_at_once(&operator, changing.clone(), true).await?;
        turn_at_once(&operator, changing, false).await
    }
}
