//! Several devices and a REST lease make one availability: this file decides which, and until when.
//!
//! Pure arithmetic over instants: nothing is changed here.
//! Any session not idle: online. All idle: away. A REST lease alone: online. No lease, or an operator's "offline": offline.
//!
//! A status that the person chose takes the result's place afterwards ([`crate::ChosenStatus::over`]), so that what is computed goes on behind it; who hides belongs to visibility, not to the fold.

use core::time::Duration;

use crate::availability::Availability;
use crate::rules::Rules;
use crate::time::Mono;

use super::sessions::Session;

/// A REST lease as the fold sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RestLease {
    /// It ends no earlier.
    pub(super) floor: Mono,
}

/// The result of a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fold {
    pub(super) availability: Availability,
    /// Whether the REST lease is over.
    pub(super) rest_is_over: bool,
    /// When to fold again, if nothing happens before.
    pub(super) deadline: Option<Mono>,
}

/// Folds what counts at `now`; sessions whose grace is over must have been removed.
pub(super) fn fold<'a>(
    sessions: impl Iterator<Item = &'a Session>,
    rest: Option<RestLease>,
    rest_proof: Option<Mono>,
    forced_offline: bool,
    rules: &Rules,
    now: Mono,
) -> Fold {
    let after = |span: Duration| rest_proof.map(|proof| proof + span);
    let mut has_session = false;
    let mut idle_from = after(rules.away_after);
    let mut deadline = None;
    for session in sessions {
        has_session = true;
        if !session.backgrounded {
            idle_from = idle_from.max(Some(session.active.mono + rules.away_after));
        }
        deadline = earliest(deadline, session.lost.map(|lost| lost.until));
    }
    let rest_ends = rest.map(|lease| after(rules.offline_after).max(Some(lease.floor)));
    let rest_ends = rest_ends.flatten();
    let rest_is_over = rest_ends.is_some_and(|end| end <= now);
    let has_rest = rest.is_some() && !rest_is_over;
    if has_rest {
        deadline = earliest(deadline, rest_ends);
    }
    let idle_from = idle_from.filter(|instant| *instant > now);
    let availability = if forced_offline || !(has_session || has_rest) {
        Availability::Offline
    } else if !has_session {
        Availability::Online
    } else if idle_from.is_some() {
        deadline = earliest(deadline, idle_from);
        Availability::Online
    } else {
        Availability::Away
    };
    Fold {
        availability,
        rest_is_over,
        deadline,
    }
}

pub(super) fn earliest(one: Option<Mono>, other: Option<Mono>) -> Option<Mono> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::principal::PrincipalKey;
    use crate::signal::{ConnectionId, SessionId};
    use crate::time::{Now, Wall};

    use super::*;

    const NOW: u64 = 1_000_000;

    fn session(active: u64, backgrounded: bool) -> Session {
        let active = Now {
            mono: Mono::from_millis(active),
            wall: Wall::from_millis(0),
        };
        let mut session = Session::new(
            SessionId(0),
            PrincipalKey(0),
            ConnectionId(0),
            active,
            Duration::from_secs(16),
            active,
        );
        session.backgrounded = backgrounded;
        session
    }

    fn folded(sessions: &[Session], rest_proof: Option<u64>, rest: bool) -> Fold {
        fold(
            sessions.iter(),
            rest.then_some(RestLease {
                floor: Mono::from_millis(0),
            }),
            rest_proof.map(Mono::from_millis),
            false,
            &Rules::default(),
            Mono::from_millis(NOW),
        )
    }

    proptest! {
        #[test]
        fn folding_sessions_is_order_free(
            devices in proptest::collection::vec((0..NOW, any::<bool>()), 0..6),
            rest_proof in proptest::option::of(0..NOW),
        ) {
            let forward: Vec<_> = devices.iter().map(|(at, bg)| session(*at, *bg)).collect();
            let backward: Vec<_> = forward.iter().rev().cloned().collect();
            prop_assert_eq!(
                folded(&forward, rest_proof, false),
                folded(&backward, rest_proof, false)
            );
        }

        #[test]
        fn a_further_device_never_makes_anyone_less_present(
            devices in proptest::collection::vec((0..NOW, any::<bool>()), 0..6),
            another in (0..NOW, any::<bool>()),
        ) {
            let few: Vec<_> = devices.iter().map(|(at, bg)| session(*at, *bg)).collect();
            let mut more = few.clone();
            more.push(session(another.0, another.1));
            prop_assert!(
                folded(&more, None, false).availability >= folded(&few, None, false).availability
            );
        }
    }

    #[test]
    fn a_rest_lease_alone_is_online_and_never_away() {
        let open = folded(&[], Some(NOW - 299_999), true);
        assert_eq!(open.availability, Availability::Online);
        assert_eq!(open.deadline, Some(Mono::from_millis(NOW + 1)));
        let over = folded(&[], Some(NOW - 300_000), true);
        assert_eq!(over.availability, Availability::Offline);
        assert!(over.rest_is_over);
    }

    #[test]
    fn an_idle_phone_stays_away_whatever_the_lost_laptop_did() {
        let phone = session(NOW - 300_000, false);
        assert_eq!(
            folded(&[phone], None, false).availability,
            Availability::Away
        );
    }
}
