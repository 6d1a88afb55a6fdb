//! From lines to lives: every stay of every person, and every life of the server.

use std::collections::BTreeMap;

use super::log::{Generation, Line, Means, Proof, What};

/// One server from its first connection to its end; `killed` is far in the future for one that still runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reign {
    pub(super) listening: i64,
    pub(super) killed: i64,
}

/// A connection from its entry to its loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) generation: Generation,
    pub(super) entered: i64,
    pub(super) lost: i64,
}

/// An activity that happened somewhen between the question and the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Activity {
    pub(super) generation: Generation,
    pub(super) asked: i64,
    pub(super) answered: i64,
}

/// One stay: from wanting to be there to being there no more.
#[derive(Debug)]
pub(super) struct Stay {
    pub(super) who: String,
    pub(super) by: Means,
    pub(super) links: Vec<Link>,
    /// Acknowledged activities.
    pub(super) activities: Vec<Activity>,
    /// When the person stopped being there; far in the future for one who is still there.
    pub(super) ended: i64,
    /// When the next stay of the same person began.
    pub(super) next: i64,
}

/// Later than anything in a log.
pub(super) const NEVER: i64 = i64::MAX / 2;

impl Stay {
    /// The first thing that the server acknowledged.
    pub(super) fn first_proof(&self) -> i64 {
        let entered = self.links.first().map(|link| link.entered);
        let acted = self.activities.first().map(|activity| activity.answered);
        entered.into_iter().chain(acted).min().unwrap_or(NEVER)
    }
}

pub(super) fn reigns(lines: &[Line]) -> Vec<Reign> {
    let mut reigns: Vec<Reign> = Vec::new();
    for line in lines {
        match line.what {
            What::Listening => reigns.push(Reign {
                listening: line.at,
                killed: NEVER,
            }),
            What::Killed(generation) => reigns[generation].killed = line.at,
            What::Began { .. }
            | What::Proved { .. }
            | What::Lost { .. }
            | What::Ended { .. }
            | What::Told(_)
            | What::Stored(_) => {}
        }
    }
    reigns
}

pub(super) fn stays(lines: &[Line]) -> Vec<Stay> {
    let mut done = Vec::new();
    let mut current: BTreeMap<&str, Stay> = BTreeMap::new();
    for Line { at, what } in lines {
        match what {
            What::Began { who, by } => {
                let stay = Stay {
                    who: who.clone(),
                    by: *by,
                    links: Vec::new(),
                    activities: Vec::new(),
                    ended: NEVER,
                    next: NEVER,
                };
                if let Some(mut last) = current.insert(who, stay) {
                    last.next = *at;
                    done.push(last);
                }
            }
            What::Proved {
                who,
                proof,
                asked,
                generation,
            } => {
                let stay = current.get_mut(who.as_str()).unwrap();
                match proof {
                    Proof::Entry => stay.links.push(Link {
                        generation: *generation,
                        entered: *at,
                        lost: NEVER,
                    }),
                    Proof::Activity => stay.activities.push(Activity {
                        generation: *generation,
                        asked: *asked,
                        answered: *at,
                    }),
                }
            }
            What::Lost { who } => {
                let stay = current.get_mut(who.as_str()).unwrap();
                stay.links.last_mut().unwrap().lost = *at;
            }
            What::Ended { who } => {
                let stay = current.get_mut(who.as_str()).unwrap();
                stay.ended = *at;
                if let Some(link) = stay.links.last_mut() {
                    link.lost = *at;
                }
            }
            What::Listening | What::Killed(_) | What::Told(_) | What::Stored(_) => {}
        }
    }
    done.extend(current.into_values());
    done
}
