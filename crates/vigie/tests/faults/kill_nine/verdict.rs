//! Compares what people lived through with what watchers were told and what the database kept.
//!
//! In: the log. Out: every contradiction, as a sentence.
//! The bounds are those that the documentation states, and a busy machine's own delay.

use std::collections::BTreeMap;

use super::log::{Generation, Line, Means, Stored, Told, What};
use super::stay::{NEVER, Reign, Stay, reigns, stays};
use super::{ALIVE_INTERVAL, GRACE, OFFLINE_AFTER, RESTART_GRACE, THROTTLE_INTERVAL};

/// What happened this long before a kill is durable, in milliseconds: stated are 500, a busy machine needs more.
pub(super) const DURABLE: i64 = 2_000;

/// The node's sign of life is at most this old at a kill, in milliseconds: its interval, and the time to write it.
const ALIVE: i64 = ALIVE_INTERVAL + 1_000;

/// What one side of a wire knows, the other may not know yet for this long, in milliseconds.
/// So who comes back so much before a grace is over is in time: the grace began before anybody outside could know.
const MARGIN: i64 = 500;

/// What a log shows.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) contradictions: Vec<String>,
    pub(super) stays: usize,
    /// Stays of which nothing is promised, because somebody came back too late.
    pub(super) excused: usize,
    /// Returns after a kill of which nobody may have been told.
    pub(super) returns: usize,
    /// Statuses that were held against a stay's end.
    pub(super) ends: usize,
    /// Entries that each watcher who was there had to be told of.
    pub(super) arrivals: usize,
}

pub(super) fn judge(lines: &[Line]) -> Verdict {
    let reigns = reigns(lines);
    let stays = stays(lines);
    let told = of_each(lines, |what| {
        let What::Told(told) = what else { return None };
        Some((told.who.clone(), told.clone()))
    });
    let stored = of_each(lines, |what| {
        let What::Stored(stored) = what else {
            return None;
        };
        Some((stored.who.clone(), stored.clone()))
    });
    let mut verdict = Verdict {
        contradictions: Vec::new(),
        stays: stays.len(),
        excused: 0,
        returns: 0,
        ends: 0,
        arrivals: 0,
    };
    let watching = watching(lines);
    for stay in &stays {
        let told = told.get(&stay.who).map_or(&[][..], Vec::as_slice);
        verdict.arrival_is_told(stay, &reigns, &watching, told);
        if is_in_time(stay, &reigns) {
            verdict.returns += stay.links.len().saturating_sub(1);
            verdict.undisturbed(stay, &reigns, told);
        } else {
            verdict.excused += 1;
        }
        verdict.ended_with_last_proof(stay, &reigns, told);
    }
    for (who, told) in &told {
        verdict.told_times_grow(who, told);
    }
    for (who, stored) in &stored {
        let own: Vec<&Stay> = stays.iter().filter(|stay| stay.who == *who).collect();
        verdict.stored_times_grow(who, stored);
        verdict.activity_is_kept(&own, &reigns, stored);
        verdict.kept_to_the_end(&own, &reigns, stored);
    }
    verdict
}

type Timed<T> = (i64, T);

fn of_each<T>(
    lines: &[Line],
    pick: impl Fn(&What) -> Option<(String, T)>,
) -> BTreeMap<String, Vec<Timed<T>>> {
    let mut by_person: BTreeMap<String, Vec<Timed<T>>> = BTreeMap::new();
    for line in lines {
        if let Some((who, picked)) = pick(&line.what) {
            by_person.entry(who).or_default().push((line.at, picked));
        }
    }
    by_person
}

/// A watcher's connection to one server, and since when it was told of people.
type Watching = BTreeMap<(usize, Generation), i64>;

fn watching(lines: &[Line]) -> Watching {
    let mut watching = Watching::new();
    for line in lines {
        if let What::Told(told) = &line.what {
            let since = watching.entry((told.watcher, told.generation));
            since.or_insert(line.at);
        }
    }
    watching
}

/// Whether somebody was always back within the grace.
fn is_in_time(stay: &Stay, reigns: &[Reign]) -> bool {
    match stay.by {
        // A request keeps somebody online for `offline_after`; a crash forgets a throttle interval of it.
        Means::Requests => stay.activities.windows(2).all(|pair| {
            pair[1].answered - pair[0].asked <= OFFLINE_AFTER - THROTTLE_INTERVAL - DURABLE - MARGIN
        }),
        Means::Socket => stay.links.windows(2).all(|pair| {
            let (lost, back) = (pair[0], pair[1]);
            let lost_until = if back.generation == lost.generation {
                back.entered
            } else {
                reigns[lost.generation].killed
            };
            let within_grace = lost_until - lost.lost <= GRACE - MARGIN;
            let later = lost.generation + 1..=back.generation;
            within_grace
                && later.into_iter().all(|generation| {
                    let reign = reigns[generation];
                    let away_until = reign.killed.min(back.entered);
                    away_until - reign.listening <= RESTART_GRACE - MARGIN
                })
        }),
    }
}

/// From when on a stay must have been known to any later server.
fn settled(stay: &Stay, reigns: &[Reign]) -> i64 {
    let entries = stay
        .links
        .iter()
        .map(|link| (link.entered, link.generation));
    entries
        .chain(
            stay.activities
                .iter()
                .map(|activity| (activity.answered, activity.generation)),
        )
        .filter(|(at, generation)| reigns[*generation].killed >= at + DURABLE)
        .map(|(at, _)| at + DURABLE)
        .min()
        .unwrap_or(NEVER)
}

/// The latest proof of life that no kill may have lost.
fn last_kept_proof(stay: &Stay, reigns: &[Reign]) -> Option<i64> {
    let links = stay.links.iter().filter_map(|link| {
        let killed = reigns[link.generation].killed;
        (killed >= link.entered + DURABLE).then(|| link.lost.min(killed) - ALIVE)
    });
    links
        .chain(last_kept_activity(stay, reigns, usize::MAX))
        .max()
}

/// The oldest that a person's last activity may be after a kill of this generation.
fn last_kept_activity(stay: &Stay, reigns: &[Reign], after: usize) -> Option<i64> {
    let kept = stay.activities.iter().filter(|activity| {
        activity.generation <= after
            && reigns[activity.generation].killed >= activity.answered + DURABLE
    });
    // The server held it back only if it came within the throttle of the one that it kept, and it came after it was asked for.
    kept.map(|activity| activity.asked - THROTTLE_INTERVAL)
        .max()
}

impl Verdict {
    fn find(&mut self, contradiction: String) {
        self.contradictions.push(contradiction);
    }

    /// Whoever was there for a while on one server is shown online by then to everybody who watched already.
    fn arrival_is_told(
        &mut self,
        stay: &Stay,
        reigns: &[Reign],
        watching: &Watching,
        told: &[Timed<Told>],
    ) {
        for link in &stay.links {
            let shown = link.entered + DURABLE;
            if link.lost.min(reigns[link.generation].killed) < shown {
                continue;
            }
            for ((watcher, _), _) in watching.iter().filter(|((_, generation), since)| {
                *generation == link.generation && **since <= link.entered
            }) {
                self.arrivals += 1;
                let latest = told.iter().rev().find(|(at, told)| {
                    *at <= shown && told.watcher == *watcher && told.generation == link.generation
                });
                if latest.is_none_or(|(_, told)| !told.is_online) {
                    self.find(format!(
                        "watcher {watcher} was not told by {shown}, but {latest:?}: {link:?} {stay:?}"
                    ));
                }
            }
        }
    }

    /// Nobody who was always back in time was announced offline, and once known nothing of them was announced at all.
    fn undisturbed(&mut self, stay: &Stay, reigns: &[Reign], told: &[Timed<Told>]) {
        let (from, settled) = (stay.first_proof(), settled(stay, reigns));
        // Who comes by requests is there until the last of them.
        let until = match stay.by {
            Means::Socket => stay.ended,
            Means::Requests => stay
                .activities
                .last()
                .map_or(from, |activity| activity.answered),
        };
        for (at, told) in told.iter().filter(|(at, _)| (from..until).contains(at)) {
            if told.is_announced && !told.is_online {
                self.find(format!("announced offline at {at}: {told:?} {stay:?}"));
            } else if told.is_announced && *at >= settled {
                self.find(format!("a return was announced at {at}: {told:?} {stay:?}"));
            } else if !told.is_online && *at >= settled {
                self.find(format!("a snapshot forgot at {at}: {told:?} {stay:?}"));
            }
        }
    }

    /// Who is gone is shown with the last proof of life.
    fn ended_with_last_proof(&mut self, stay: &Stay, reigns: &[Reign], told: &[Timed<Told>]) {
        let kept = last_kept_proof(stay, reigns);
        for (at, told) in told {
            // A snapshot was read a moment before it came, and may be older than the end.
            let since = stay.ended + if told.is_announced { 0 } else { MARGIN };
            if !(since..stay.next).contains(at) || told.is_online {
                continue;
            }
            self.ends += 1;
            if let Some(problem) = misplaced(told.last_active_at, kept, stay.ended) {
                self.find(format!("offline at {at} with {problem}: {told:?} {stay:?}"));
            }
        }
    }

    /// On one connection of a watcher no time goes backwards.
    fn told_times_grow(&mut self, who: &str, told: &[Timed<Told>]) {
        let mut latest = BTreeMap::new();
        for (at, told) in told {
            let latest = latest.entry((told.watcher, told.generation)).or_default();
            if told.last_active_at < *latest {
                self.find(format!("{who}: told {told:?} at {at} after {latest:?}"));
            }
            *latest = told.last_active_at;
        }
    }

    /// No stored time ever goes backwards or is forgotten.
    fn stored_times_grow(&mut self, who: &str, stored: &[Timed<Stored>]) {
        for pair in stored.windows(2) {
            let times = |stored: &Stored| [stored.last_active_at, stored.last_seen_at];
            let [before, after] = [times(&pair[0].1), times(&pair[1].1)];
            if after[0] < before[0] || after[1] < before[1] {
                self.find(format!("{who}: stored {before:?}, then {after:?}"));
            }
        }
    }

    /// No stored last activity is older than the throttle allows.
    fn activity_is_kept(&mut self, stays: &[&Stay], reigns: &[Reign], stored: &[Timed<Stored>]) {
        for (_, stored) in stored {
            let kept = stays
                .iter()
                .filter_map(|stay| last_kept_activity(stay, reigns, stored.after))
                .max();
            if stored.last_active_at < kept {
                self.find(format!("an activity was lost: {kept:?}, but {stored:?}"));
            }
        }
    }

    /// At the end, long after everybody came to rest, the database holds each person's final state.
    fn kept_to_the_end(&mut self, stays: &[&Stay], reigns: &[Reign], stored: &[Timed<Stored>]) {
        let (Some(stay), Some((_, stored))) = (stays.last(), stored.last()) else {
            return;
        };
        if stored.has_lease != (stay.ended == NEVER) {
            self.find(format!("a wrong end: {stored:?} {stay:?}"));
        }
        if !stored.has_lease {
            let seen = stored.last_seen_at.max(stored.last_active_at);
            if let Some(problem) = misplaced(seen, last_kept_proof(stay, reigns), stay.ended) {
                self.find(format!("gone with {problem}: {stored:?} {stay:?}"));
            }
        }
    }
}

/// Why a last proof of life is not one: older than what must have been kept, or later than the end of the stay.
fn misplaced(proof: Option<i64>, kept: Option<i64>, ended: i64) -> Option<String> {
    if proof < kept {
        return Some(format!("{proof:?}, older than {kept:?}"));
    }
    if proof > Some(ended + DURABLE) {
        return Some(format!("{proof:?}, later than the end {ended}"));
    }
    None
}
