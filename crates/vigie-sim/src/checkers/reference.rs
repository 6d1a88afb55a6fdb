//! The engine does what the rules demand: the same edges, the same answers, the same state, the same record.

use core::fmt::Debug;

use vigie_core::{ConnectionId, PrincipalKey, StoredSession, Version};

use super::Scene;
use crate::difference::{Checker, Difference};
use crate::edge::Edge;
use crate::reference::Demanded;
use crate::shell::Observed;

/// Order is promised per principal only.
pub(super) fn same_edges(observed: &[Edge], demanded: &[Edge]) -> Result<(), Difference> {
    if observed.is_empty() && demanded.is_empty() {
        return Ok(());
    }
    let by_principal = |edges: &[Edge]| {
        let mut edges = edges.to_vec();
        edges.sort_by_key(|edge| edge.principal);
        edges
    };
    let (observed, demanded) = (by_principal(observed), by_principal(demanded));
    let length = observed.len().max(demanded.len());
    for index in 0..length {
        let (seen, due) = (observed.get(index), demanded.get(index));
        if seen != due {
            let first = [seen, due].into_iter().flatten().map(|edge| edge.principal);
            let principal = first.min().unwrap_or(PrincipalKey(0));
            return Err(differs(principal, "announced", &due, &seen));
        }
    }
    Ok(())
}

pub(super) fn same_answers(
    scene: Scene<'_>,
    observed: &Observed,
    demanded: &Demanded,
    opened: Option<ConnectionId>,
) -> Result<(), Difference> {
    if observed.closed != demanded.closed {
        let message = in_words("connections to close", &demanded.closed, &observed.closed);
        return Err(Difference::of_all(Checker::Reference, message));
    }
    let accepted = observed.persisted.iter().any(|(_, accepted)| *accepted);
    if accepted != demanded.offered.unwrap_or(false) {
        let message = in_words("the throttle's answer", &demanded.offered, &accepted);
        return Err(Difference::of_all(Checker::Reference, message));
    }
    let session = opened.and_then(|connection| scene.shell.session_of(connection));
    if session != demanded.session {
        let message = in_words("the session given", &demanded.session, &session);
        return Err(Difference::of_all(Checker::Reference, message));
    }
    Ok(())
}

pub(super) fn state_of(scene: Scene<'_>, principal: PrincipalKey) -> Result<(), Difference> {
    let due = scene.reference.presence(principal, scene.now);
    let seen = scene.shell.presence(principal, scene.now);
    if due != seen {
        return Err(differs(principal, "presence", &due, &seen));
    }
    let mut due = scene.reference.record(principal);
    let mut seen = scene.shell.record(principal, scene.now);
    due.sessions.sort_by_key(|session| session.id);
    seen.sessions.sort_by_key(|session| session.id);
    // Which number a choice has is the engine's own; that it grows is asked elsewhere.
    if let Some(choice) = &mut seen.choice {
        choice.version = Version::default();
    }
    let newest = scene.shell.presence(principal, scene.now).last_active_at;
    if scene.reference.write_is_due(principal)
        && (due.last_active_at..=newest).contains(&seen.last_active_at)
    {
        seen.last_active_at = due.last_active_at;
    }
    if scene.timer_is_wanted() {
        // A cell answers without the engine: what ended without an edge may wait for the timer.
        let is_over = |session: &StoredSession| !due.sessions.contains(session);
        let over = seen.sessions.extract_if(.., |session| {
            session.lost_alive_at.is_some() && is_over(session)
        });
        let proofs = over.map(|session| session.lost_alive_at);
        seen.ended_proof_at = proofs.fold(seen.ended_proof_at, Option::max);
        seen.rest_floor = seen.rest_floor.filter(|_| due.rest_floor.is_some());
    }
    if due != seen {
        return Err(differs(principal, "record", &due, &seen));
    }
    Ok(())
}

pub(super) fn same_totals(scene: Scene<'_>) -> Result<(), Difference> {
    let totals = scene.shell.totals();
    let connected = scene.reference.connections().count();
    if totals.connected != connected {
        let message = in_words("open connections", &connected, &totals.connected);
        return Err(Difference::of_all(Checker::Reference, message));
    }
    Ok(())
}

fn differs(principal: PrincipalKey, what: &str, due: &impl Debug, seen: &impl Debug) -> Difference {
    Difference::about(Checker::Reference, principal, in_words(what, due, seen))
}

fn in_words(what: &str, due: &impl Debug, seen: &impl Debug) -> String {
    format!("{what}\n    the rules demand {due:?}\n    the engine gives {seen:?}")
}
