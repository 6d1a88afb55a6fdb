//! The table "State × event" of the presence rules, one test per row.
//!
//! Each row asserts its four columns: shown, announced, durable, times.

use vigie_core::Availability::{Away, Offline, Online};

use crate::world::{ALICE, BEGINNING, MILLISECOND, MINUTE, NOTHING, SECOND, World, wall};

#[test]
fn offline_and_a_session_starts() {
    let mut world = World::new();
    world.after(SECOND);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Online);
    assert_eq!(world.last_active(ALICE), Some(SECOND));
    assert_eq!(world.last_proof(ALICE), Some(SECOND));
}

#[test]
fn offline_and_rest_activity() {
    let mut world = World::new();
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Online);
    assert_eq!(world.last_active(ALICE), Some(SECOND));
}

#[test]
fn online_and_activity_within_the_throttle() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.told();
    world.after(MINUTE - MILLISECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.written(), NOTHING);
    assert_eq!(world.last_active(ALICE), Some(MINUTE - MILLISECOND));
}

#[test]
fn online_and_activity_after_the_throttle() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.told();
    world.after(MINUTE);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).last_active_at, Some(wall(MINUTE)));
    assert_eq!(world.last_active(ALICE), Some(MINUTE));
}

#[test]
fn online_and_all_sessions_idle() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(3 * SECOND);
    world.connects(ALICE);
    world.written();
    world.told();
    world.after(5 * MINUTE - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 303 s: alice away"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Away);
    assert_eq!(world.last_active(ALICE), Some(3 * SECOND));
    assert_eq!(world.last_seen(ALICE), None);
}

#[test]
fn away_and_activity_on_the_socket() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(6 * MINUTE);
    world.written();
    world.told();
    world.acts(laptop);
    assert_eq!(world.told(), ["at 360 s: alice online"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Online);
    assert_eq!(world.last_active(ALICE), Some(6 * MINUTE));
}

#[test]
fn away_and_activity_by_rest() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(6 * MINUTE);
    world.written();
    world.told();
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 360 s: alice online"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.last_active(ALICE), Some(6 * MINUTE));
}

#[test]
fn the_last_session_leaves_cleanly() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(9 * SECOND);
    world.told();
    world.leaves(laptop);
    assert_eq!(world.told(), ["at 9 s: alice offline"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Offline);
    assert!(!world.stored(ALICE).has_lease());
    assert_eq!(world.last_seen(ALICE), Some(9 * SECOND));
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
}

#[test]
fn the_last_session_is_lost_and_returns_within_grace() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.written();
    let before = world.stored(ALICE).clone();
    world.told();
    world.after(10 * SECOND);
    world.is_lost(laptop);
    world.after(4 * SECOND - MILLISECOND);
    world.resumes(ALICE, session);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    // No edge is written; that the session was lost for a while may be, so that a crash could not forget it.
    world.written();
    assert_eq!(world.stored(ALICE), &before);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
    assert_eq!(world.last_seen(ALICE), None);
}

#[test]
fn the_last_session_is_lost_and_its_grace_is_over() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(10 * SECOND);
    world.is_lost(laptop);
    world.written();
    world.told();
    world.after(4 * SECOND - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Online);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 14 s: alice offline"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Offline);
    assert_eq!(world.last_seen(ALICE), Some(10 * SECOND));
}

#[test]
fn a_rest_lease_is_over() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(59 * SECOND);
    world.requests(ALICE);
    world.written();
    world.told();
    world.after(5 * MINUTE - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 359 s: alice offline"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Offline);
    assert_eq!(world.last_seen(ALICE), Some(59 * SECOND));
}

#[test]
fn user_status_false() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.written();
    world.told();
    world.after(7 * SECOND);
    world.is_declared(ALICE, Offline);
    assert_eq!(world.told(), ["at 7 s: alice offline"]);
    assert_eq!(world.closed(), [], "sockets stay");
    assert_eq!(world.totals().connected, 1);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.last_seen(ALICE), Some(7 * SECOND));
    world.after(SECOND);
    world.acts(laptop);
    assert_eq!(world.told(), ["at 8 s: alice online"]);
}

#[test]
fn user_status_true() {
    let mut world = World::new();
    world.after(7 * SECOND);
    world.is_declared(ALICE, Online);
    assert_eq!(world.told(), ["at 7 s: alice online"]);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Online);
    assert_eq!(world.last_active(ALICE), None);
    world.after(5 * MINUTE - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 307 s: alice offline"]);
}
