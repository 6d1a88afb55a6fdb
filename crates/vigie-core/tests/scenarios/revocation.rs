//! Logged out everywhere, deactivated, deleted: every session and lease of a person, by one path.

use vigie_core::Revocation::{Deactivated, LoggedOut};

use crate::world::{ALICE, BEGINNING, BOB, MINUTE, NOTHING, SECOND, World};

#[test]
fn all_devices_are_closed_and_the_end_is_told_once() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let phone = world.connects(ALICE);
    world.connects(BOB);
    world.told();
    world.after(SECOND);
    world.is_revoked(ALICE, LoggedOut);
    assert_eq!(world.told(), ["at 1 s: alice offline"]);
    let mut closed = world.closed();
    closed.sort();
    assert_eq!(closed, [laptop.connection, phone.connection]);
    assert_eq!(world.last_seen(ALICE), Some(SECOND));
    assert_eq!(world.totals().connected, 1, "bob stays");
}

#[test]
fn a_revocation_ends_a_rest_lease_and_guards_like_a_goodbye() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(SECOND);
    world.is_revoked(ALICE, Deactivated);
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(
        world.told(),
        ["at 0 s: alice online", "at 1 s: alice offline"]
    );
    assert_eq!(world.last_seen(ALICE), Some(SECOND));
}

#[test]
fn a_session_in_grace_is_revoked_and_has_no_connection_to_close() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_lost(laptop);
    world.told();
    world.after(SECOND);
    world.is_revoked(ALICE, LoggedOut);
    assert_eq!(world.closed(), []);
    assert_eq!(world.told(), ["at 1 s: alice offline"]);
    let again = world.resumes(ALICE, session);
    assert_ne!(world.session(again), session, "a revoked session is gone");
}

#[test]
fn a_revocation_of_somebody_absent_tells_nothing_and_keeps_requests_in_flight_out() {
    let mut world = World::new();
    world.is_revoked(ALICE, LoggedOut);
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING, "inside the guard");
    assert_eq!(world.last_seen(ALICE), None);
    world.after(4 * SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 5 s: alice online"]);
}

#[test]
fn the_loss_of_a_revoked_connection_comes_late_and_changes_nothing() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.is_revoked(ALICE, LoggedOut);
    world.written();
    world.told();
    world.after(SECOND);
    world.is_lost(laptop);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.written(), NOTHING);
    assert_eq!(world.last_seen(ALICE), Some(BEGINNING));
}
