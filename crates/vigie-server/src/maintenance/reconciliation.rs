//! Compares memory with the store, a slice of principals at a time; it should find nothing, and counts what it finds.
//!
//! Always true: what merely waits to be written is no finding, what a start restored included; and nothing is changed but by writing memory's record again.

use std::collections::HashMap;
use std::time::Duration;

use vigie_core::{PresenceRecord, PrincipalId, PrincipalKey, Wall};
use vigie_store::ReadError;

use crate::app::App;

/// Principals in one comparison: some ten milliseconds of reading, a million principals in four hours at the default interval.
const SLICE: usize = 1_000;

/// Where the next comparison begins.
#[derive(Debug, Default)]
pub(super) struct Slice {
    next: usize,
}

/// Compares the next slice; how many principals the store had wrong.
///
/// `None` while what the start restored is still being written: of those people the store holds the rows of an earlier start.
pub(super) async fn compare(app: &App, slice: &mut Slice) -> Result<Option<u64>, ReadError> {
    if app.host.is_taking_over() {
        return Ok(None);
    }
    let principals = slice.take(app);
    let suspects = differing(app, principals).await?;
    if suspects.is_empty() {
        return Ok(Some(0));
    }
    let before: Vec<PresenceRecord> = suspects
        .iter()
        .map(|(key, _)| app.host.record(*key))
        .collect();
    // What waited to be written is then written; a store that refuses is trouble, and known as such.
    if app.flusher.flush().await.is_err() {
        return Ok(Some(0));
    }
    let still = differing(app, suspects.clone()).await?;
    let mut findings = 0;
    for ((key, _), before) in suspects.iter().zip(before) {
        let differs = still.iter().any(|(suspect, _)| suspect == key);
        // A record that changed meanwhile will be compared another time.
        if differs && app.host.record(*key) == before {
            app.host.write_again(*key);
            findings += 1;
        }
    }
    Ok(Some(findings))
}

impl Slice {
    /// The next principals who exist, round and round.
    fn take(&mut self, app: &App) -> Vec<(PrincipalKey, PrincipalId)> {
        let directory = app.people.directory();
        if self.next >= directory.len() {
            self.next = 0;
        }
        let begin = self.next;
        self.next += SLICE;
        directory
            .members_from(begin)
            .take(SLICE)
            .filter(|(_, member)| !member.is_deleted())
            .map(|(key, member)| (key, member.id().clone()))
            .collect()
    }
}

/// Those of whom the store holds something else than memory.
async fn differing(
    app: &App,
    principals: Vec<(PrincipalKey, PrincipalId)>,
) -> Result<Vec<(PrincipalKey, PrincipalId)>, ReadError> {
    let ids: Vec<PrincipalId> = principals.iter().map(|(_, id)| id.clone()).collect();
    let stored = app.store.read_presence(&ids).await?;
    let mut stored: HashMap<PrincipalId, PresenceRecord> = stored
        .into_iter()
        .map(|presence| (presence.principal, presence.record))
        .collect();
    let throttle = app.config.rules.throttle_interval;
    let mut principals = principals;
    principals.retain(|(key, id)| {
        let held = app.host.record(*key);
        let mut stored = stored.remove(id).unwrap_or_default();
        if app.host.was_clamped(*key) {
            clamp(&mut stored, &held);
        }
        differ(&held, &stored, throttle)
    });
    Ok(principals)
}

/// Takes times out of the future as the start did that took them up: they may be wrong, but the store does not give them back, and writing would not change them.
fn clamp(stored: &mut PresenceRecord, held: &PresenceRecord) {
    for (stored, held) in [
        (&mut stored.last_active_at, held.last_active_at),
        (&mut stored.last_seen_at, held.last_seen_at),
        (&mut stored.left_at, held.left_at),
    ] {
        *stored = (*stored).min(held);
    }
}

/// Whether the store lost something of what memory holds, or holds what memory does not.
fn differ(held: &PresenceRecord, stored: &PresenceRecord, throttle: Duration) -> bool {
    let sessions = |record: &PresenceRecord| {
        let mut sessions: Vec<_> = record
            .sessions
            .iter()
            .map(|session| (session.id, session.lost_alive_at.is_some()))
            .collect();
        sessions.sort_unstable();
        sessions
    };
    let state = |record: &PresenceRecord| {
        (
            record.version,
            record.availability,
            record.forced_offline_at,
            record.rest_floor,
            record.ended_proof_at,
        )
    };
    // The times of a veil are clamped at a start like all others.
    let choice = |record: &PresenceRecord| {
        let choice = record.choice.clone().unwrap_or_default();
        let is_kept = choice.is_kept();
        let veil = choice.veil.map(|veil| veil.version);
        is_kept.then_some((choice.version, choice.chosen, veil, choice.lifted.is_some()))
    };
    state(held) != state(stored)
        || choice(held) != choice(stored)
        || sessions(held) != sessions(stored)
        || (held.last_seen_at, held.left_at) != (stored.last_seen_at, stored.left_at)
        || !is_within_throttle(held.last_active_at, stored.last_active_at, throttle)
}

/// Activity within the throttle moves memory alone.
fn is_within_throttle(held: Option<Wall>, stored: Option<Wall>, throttle: Duration) -> bool {
    match (held, stored) {
        (None, None) => true,
        (Some(held), Some(stored)) => stored <= held && held.since(stored) <= throttle,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use vigie_core::{Availability, SessionId, StoredSession, Version};

    use super::*;

    const THROTTLE: Duration = Duration::from_secs(60);

    fn online() -> PresenceRecord {
        PresenceRecord {
            version: Version(1),
            availability: Availability::Online,
            last_active_at: Some(Wall::from_millis(100_000)),
            sessions: vec![StoredSession {
                id: SessionId(7),
                active_at: Wall::from_millis(100_000),
                backgrounded: false,
                lost_alive_at: None,
            }],
            ..PresenceRecord::default()
        }
    }

    #[test]
    fn what_the_throttle_holds_back_is_no_difference() {
        let check = |held: Option<i64>, stored: Option<i64>, expected: bool| {
            let record = |at: Option<i64>| PresenceRecord {
                last_active_at: at.map(Wall::from_millis),
                ..online()
            };
            let differs = differ(&record(held), &record(stored), THROTTLE);
            assert_eq!(differs, expected, "{held:?} {stored:?}");
        };
        check(Some(100_000), Some(100_000), false);
        check(Some(160_000), Some(100_000), false);
        check(Some(160_001), Some(100_000), true);
        check(Some(100_000), Some(100_001), true);
        check(Some(100_000), None, true);
        check(None, None, false);
    }

    #[test]
    fn a_time_out_of_the_future_is_taken_as_the_start_took_it_and_a_lost_one_is_still_lost() {
        let check = |held: Option<i64>, stored: Option<i64>, expected: bool| {
            let record = |at: Option<i64>| PresenceRecord {
                last_seen_at: at.map(Wall::from_millis),
                ..online()
            };
            let mut stored = record(stored);
            clamp(&mut stored, &record(held));
            assert_eq!(differ(&record(held), &stored, THROTTLE), expected);
        };
        check(Some(100_000), Some(900_000), false);
        check(Some(100_000), Some(99_999), true);
        check(Some(100_000), None, true);
        check(None, None, false);
    }

    #[test]
    fn a_lost_edge_or_session_is_a_difference() {
        let check = |change: fn(&mut PresenceRecord)| {
            let mut stored = online();
            change(&mut stored);
            assert!(differ(&online(), &stored, THROTTLE));
        };
        check(|stored| stored.version = Version(0));
        check(|stored| stored.availability = Availability::Away);
        check(|stored| stored.sessions.clear());
        check(|stored| stored.sessions[0].lost_alive_at = stored.last_active_at);
        check(|stored| stored.rest_floor = stored.last_active_at);
        check(|stored| stored.ended_proof_at = stored.last_active_at);
        check(|stored| stored.last_seen_at = stored.last_active_at);
        check(|stored| *stored = PresenceRecord::default());
        assert!(!differ(&online(), &online(), THROTTLE));
    }
}
