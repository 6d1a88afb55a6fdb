//! How often what happened: a simulation that never reaches a state proves nothing about it.
//!
//! In: what was seen and demanded.
//! Out: counts.

use std::collections::BTreeMap;

use vigie_core::{Availability, Concern};

use crate::reference::Demanded;
use crate::shell::Observed;

/// The counts of one world, or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Edges by what they lead from and to.
    pub edges: BTreeMap<(Availability, Availability), u64>,
    /// New sessions.
    pub started: u64,
    /// Sessions that were taken up again.
    pub resumed: u64,
    /// Activities that the throttle let pass.
    pub accepted: u64,
    /// Activities that it held back.
    pub held_back: u64,
    /// Changes behind a veil, which oneself alone was told.
    pub hidden: u64,
    /// Connections that a revocation closed.
    pub closed: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, observed: &Observed, demanded: &Demanded) {
        for edge in &observed.announced {
            let between = (edge.was, edge.presence.availability);
            *self.edges.entry(between).or_default() += 1;
            let is_hidden = edge.concern == Concern::Oneself && edge.presence.veil.is_some();
            self.hidden += u64::from(is_hidden);
        }
        match demanded.offered {
            Some(true) => self.accepted += 1,
            Some(false) => self.held_back += 1,
            None => {}
        }
        self.closed += u64::try_from(observed.closed.len()).unwrap_or(u64::MAX);
    }

    pub(crate) fn count_start(&mut self, was_resumed: bool) {
        if was_resumed {
            self.resumed += 1;
        } else {
            self.started += 1;
        }
    }

    /// Adds the counts of another world.
    pub fn add(&mut self, other: &Self) {
        for (between, count) in &other.edges {
            *self.edges.entry(*between).or_default() += count;
        }
        self.started += other.started;
        self.resumed += other.resumed;
        self.accepted += other.accepted;
        self.held_back += other.held_back;
        self.hidden += other.hidden;
        self.closed += other.closed;
    }
}
