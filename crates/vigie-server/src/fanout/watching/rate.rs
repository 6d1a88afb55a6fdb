//! How fast one person may take others into view: following many strangers, a few at a time, is limited as well.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use vigie_core::{PrincipalId, PrincipalKey};

/// The time over which beginnings are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Whom each person began to watch within the minute.
#[derive(Debug, Default)]
pub(super) struct Rates {
    by_person: HashMap<PrincipalKey, Rate>,
    /// When each minute began, oldest first.
    begun: VecDeque<(Instant, PrincipalKey)>,
}

#[derive(Debug)]
struct Rate {
    used: usize,
    /// Whom a link named in its address: it may come back with the same, as links do that ask again and again.
    named: HashSet<PrincipalId>,
}

impl Rates {
    /// Whether a person may begin to watch one more.
    pub(super) fn admits(&mut self, who: PrincipalKey, most: usize, now: Instant) -> bool {
        let rate = self.of(who, now);
        let is_admitted = rate.used < most;
        rate.used += usize::from(is_admitted);
        is_admitted
    }

    /// The same for whoever is named in a link's address: within the minute each counts once.
    pub(super) fn admits_named(
        &mut self,
        who: PrincipalKey,
        id: &PrincipalId,
        most: usize,
        now: Instant,
    ) -> bool {
        let rate = self.of(who, now);
        if rate.named.contains(id) {
            return true;
        }
        let is_admitted = rate.used < most;
        if is_admitted {
            rate.used += 1;
            rate.named.insert(id.clone());
        }
        is_admitted
    }

    fn of(&mut self, who: PrincipalKey, now: Instant) -> &mut Rate {
        self.end_minutes(now);
        let begun = &mut self.begun;
        self.by_person.entry(who).or_insert_with(|| {
            begun.push_back((now, who));
            Rate {
                used: 0,
                named: HashSet::new(),
            }
        })
    }

    /// Whose minute is over takes no memory any more.
    fn end_minutes(&mut self, now: Instant) {
        while let Some((since, who)) = self.begun.front().copied()
            && now.duration_since(since) >= MINUTE
        {
            self.begun.pop_front();
            self.by_person.remove(&who);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn beginnings_are_counted_by_the_minute_and_a_name_in_an_address_once() {
        let mut rates = Rates::default();
        let (alice, bob) = (PrincipalKey(1), PrincipalKey(2));
        let start = Instant::now();
        let id = |name: &str| PrincipalId::user(name).unwrap();
        assert!(rates.admits(alice, 3, start));
        assert!(rates.admits_named(alice, &id("x"), 3, start));
        assert!(rates.admits(alice, 3, start));
        assert!(!rates.admits(alice, 3, start));
        assert!(!rates.admits_named(alice, &id("y"), 3, start));
        assert!(rates.admits_named(alice, &id("x"), 3, start));
        assert!(rates.admits(bob, 3, start));
        assert!(!rates.admits(alice, 3, start + MINUTE / 2));
        assert!(rates.admits(alice, 3, start + MINUTE));
        // Bob's minute is over as well, and nothing of it is kept.
        rates.admits(PrincipalKey(3), 3, start + MINUTE);
        assert_eq!((rates.by_person.len(), rates.begun.len()), (2, 2));
    }
}
