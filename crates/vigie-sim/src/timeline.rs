//! What happened when, in lines that a person can read.
//!
//! In: steps, and what was seen and demanded after each.
//! Out: lines; times are counted from the start of the world.

use core::fmt;
use std::fmt::Write as _;

use vigie_core::{ChosenStatus, Concern, Now, Wall};

use crate::edge::Edge;
use crate::reference::Demanded;
use crate::shell::Observed;
use crate::step::Step;

/// The lines so far.
#[derive(Debug)]
pub struct Timeline {
    origin: Now,
    lines: Vec<String>,
}

impl Timeline {
    /// An empty timeline that counts from `origin`.
    #[must_use]
    pub fn from(origin: Now) -> Self {
        Self {
            origin,
            lines: Vec::new(),
        }
    }

    /// A step is about to happen.
    pub fn step(&mut self, now: Now, step: &Step) {
        let line = format!("{}  {step}", self.stamp(now));
        self.lines.push(line);
    }

    /// Something that is no step.
    pub fn remark(&mut self, now: Now, words: &str) {
        self.lines.push(format!("{}  {words}", self.stamp(now)));
    }

    /// What came of it.
    pub fn seen(&mut self, now: Now, observed: &Observed, demanded: &Demanded) {
        for edge in &observed.announced {
            let what = self.words(edge);
            self.result(now, format_args!("engine: {what}"));
        }
        for edge in &demanded.announced {
            if !observed.announced.contains(edge) {
                let what = self.words(edge);
                self.result(now, format_args!("rules:  {what}"));
            }
        }
        if let Some(accepted) = demanded.offered {
            let passed = observed.persisted.iter().any(|(_, accepted)| *accepted);
            let words = |accepted| if accepted { "accepted" } else { "held back" };
            let (engine, rules) = (words(passed), words(accepted));
            self.result(
                now,
                format_args!("throttle: engine {engine}, rules {rules}"),
            );
        }
        for connection in &observed.closed {
            self.result(now, format_args!("engine: close c{}", connection.0));
        }
    }

    fn result(&mut self, now: Now, what: fmt::Arguments<'_>) {
        let line = format!("{}    -> {what}", self.stamp(now));
        self.lines.push(line);
    }

    fn words(&self, edge: &Edge) -> String {
        let presence = &edge.presence;
        let number = edge.principal.0;
        let mut words = format!("p{number} is {}", presence.availability.as_str());
        if let Some(chosen) = &presence.chosen {
            let status = chosen.status.map_or("no status", ChosenStatus::as_str);
            words = format!("{words} by choice of {status}");
        }
        if edge.concern == Concern::Oneself {
            words.push_str(", which others do not see");
        }
        let times = [
            ("active", presence.last_active_at),
            ("seen", presence.last_seen_at),
            ("proof", presence.last_proof_at),
        ];
        for (name, time) in times {
            // Writing to a string cannot fail.
            let _ = match time {
                Some(wall) => write!(words, ", {name} {}", self.wall(wall)),
                None => write!(words, ", {name} never"),
            };
        }
        words
    }

    /// Both clocks, in milliseconds since the start of the world.
    fn stamp(&self, now: Now) -> String {
        let mono = now.mono.since(self.origin.mono).as_millis();
        format!("mono {mono:>8}  wall {:>10}", self.wall(now.wall))
    }

    fn wall(&self, wall: Wall) -> i64 {
        wall.as_millis() - self.origin.wall.as_millis()
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines
            .iter()
            .try_for_each(|line| writeln!(out, "{line}"))
    }
}
