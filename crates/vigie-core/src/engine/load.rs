//! What the store kept becomes state again: a restart that nobody notices.

use core::time::Duration;

use crate::availability::Availability;
use crate::chosen::{Lifted, Veil};
use crate::principal::PrincipalKey;
use crate::record::{PresenceRecord, StoredChoice, StoredSession};
use crate::signal::ConnectionId;
use crate::time::{Now, Wall};

use super::Engine;
use super::choosing::Choice;
use super::sessions::{Lost, Session};

/// The connection of a session whose connection was another process's.
const GONE: ConnectionId = ConnectionId(0);

impl Engine {
    pub(super) fn load(
        &mut self,
        principal: PrincipalKey,
        record: &PresenceRecord,
        alive_at: Option<Wall>,
        now: Now,
    ) {
        let active_at = self.clamp(record.last_active_at, now);
        let seen_at = self.clamp(record.last_seen_at, now);
        let left_at = self.clamp(record.left_at, now);
        let alive_at = self.clamp(alive_at, now);
        let ended_proof = self.clamp(record.ended_proof_at, now);
        if let Some(active_at) = active_at {
            self.cells.raise_active(principal, active_at);
            self.cells.make_durable(principal);
            if record.availability == Availability::Online {
                self.cells.raise_proof(principal, now.mono_of(active_at));
            }
        }
        let choice = record
            .choice
            .clone()
            .map(|stored| self.clamp_veil(stored, now));
        if record.availability == Availability::Online
            && let Some(stored) = &choice
            && let Some(shown) = match (stored.veil, stored.lifted) {
                (Some(veil), _) => veil.last_active_at,
                (None, Some(lifted)) => lifted.active_at(active_at),
                (None, None) => None,
            }
        {
            // Whoever came forward without an activity is not idle for as long.
            self.cells.raise_proof(principal, now.mono_of(shown));
        }
        let choice = choice.map(|stored| Box::new(Choice::restored(stored, now)));
        let details = self.details_mut(principal);
        details.choice = choice;
        details.left = left_at.map(|wall| Now {
            mono: now.mono_of(wall),
            wall,
        });
        details.forced_offline = record.forced_offline_at.map(|wall| Now {
            mono: now.mono,
            wall,
        });
        details.ended_proof = ended_proof;
        let shown = self.with_chosen(principal, record.availability);
        let standing = self.standings.change(principal);
        standing.version = record.version;
        standing.shown = shown;
        standing.computed = record.availability;
        standing.seen_at = seen_at;
        let node_lives_on =
            alive_at.is_some_and(|alive| now.wall.since(alive) < self.rules.offline_after);
        for session in &record.sessions {
            let proof = self.clamp(session.lost_alive_at, now).or(alive_at);
            if node_lives_on {
                self.restore(principal, session, proof, now);
            } else {
                let details = self.details_mut(principal);
                details.ended_proof = details.ended_proof.max(proof);
            }
        }
        if node_lives_on && record.rest_floor.is_some() {
            let restart_grace = self.rules.restart_grace;
            self.details_mut(principal).rest_floor = Some(Now {
                mono: now.mono + restart_grace,
                wall: now.wall + restart_grace,
            });
        }
        let chosen = self.chosen(principal);
        let is_over = self.end_choice(principal, now);
        let told = self.settle_after(principal, chosen, now);
        if told || is_over || record.has_state() {
            self.persist(principal, false);
        }
    }

    fn restore(
        &mut self,
        principal: PrincipalKey,
        stored: &StoredSession,
        proof: Option<Wall>,
        now: Now,
    ) {
        let active_at = self.clamp(Some(stored.active_at), now).unwrap_or(now.wall);
        let mut session = Session::new(
            stored.id,
            principal,
            GONE,
            Now {
                mono: now.mono_of(active_at),
                wall: active_at,
            },
            Duration::ZERO,
            now,
        );
        session.proved.wall = proof.unwrap_or(active_at);
        session.backgrounded = stored.backgrounded;
        session.lost = Some(Lost {
            until: now.mono + self.rules.restart_grace,
            alive: proof.unwrap_or(active_at),
        });
        let details = self.standings.change_details(principal);
        self.sessions.add(details, session);
    }

    /// A veil, and what is left of one, looks like the times of somebody offline, so it is clamped as they are.
    fn clamp_veil(&mut self, stored: StoredChoice, now: Now) -> StoredChoice {
        let veil = stored.veil.map(|veil| Veil {
            last_active_at: self.clamp(veil.last_active_at, now),
            last_seen_at: self.clamp(veil.last_seen_at, now),
            ..veil
        });
        let lifted = stored.lifted.map(|lifted| Lifted {
            // It is compared with the last activity, which is clamped too.
            hidden_until: lifted.hidden_until.min(now.wall),
            last_active_at: self.clamp(lifted.last_active_at, now),
            last_seen_at: self.clamp(lifted.last_seen_at, now),
        });
        StoredChoice {
            veil,
            lifted,
            ..stored
        }
    }

    /// A stored time in the future was written by a clock that was wrong: now is the latest it can mean.
    fn clamp(&mut self, stored: Option<Wall>, now: Now) -> Option<Wall> {
        stored.map(|wall| {
            if wall > now.wall {
                self.clamped_times += 1;
            }
            wall.min(now.wall)
        })
    }
}
