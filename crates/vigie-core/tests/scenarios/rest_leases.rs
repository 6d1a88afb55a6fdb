//! The right to be counted that a request gives to who has no session.

use vigie_core::Availability::{Offline, Online};

use crate::world::{ALICE, MILLISECOND, MINUTE, NOTHING, SECOND, World, wall};

#[test]
fn every_request_prolongs_the_lease_also_the_throttled_ones() {
    let mut world = World::new();
    for _ in 0..10 {
        world.requests(ALICE);
        world.after(30 * SECOND);
    }
    assert_eq!(world.told(), ["at 0 s: alice online"]);
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 570 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(270 * SECOND));
}

#[test]
fn a_request_beside_an_open_session_opens_no_lease() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.requests(ALICE);
    world.told();
    world.is_lost(laptop);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 5 s: alice offline"]);
}

#[test]
fn an_older_rest_lease_ends_with_the_last_session() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(SECOND);
    let laptop = world.connects(ALICE);
    world.told();
    world.after(SECOND);
    world.leaves(laptop);
    assert_eq!(world.told(), ["at 2 s: alice offline"]);
    world.written();
    assert!(!world.stored(ALICE).has_lease());
}

#[test]
fn a_rest_lease_opened_in_the_grace_survives_the_lost_session() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.is_lost(laptop);
    world.told();
    world.after(2 * SECOND);
    world.requests(ALICE);
    world.written();
    assert!(world.stored(ALICE).rest_floor.is_some());
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 302 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(2 * SECOND));
}

#[test]
fn a_lease_is_stored_also_when_the_throttle_holds_its_request_back() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.requests(ALICE);
    world.is_lost(laptop);
    world.written();
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.metrics().throttled, 1);
    assert_eq!(world.written(), ["alice"]);
    assert!(world.stored(ALICE).rest_floor.is_some());
}

#[test]
fn a_resume_ends_the_rest_lease_opened_in_the_grace() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_lost(laptop);
    world.after(SECOND);
    world.requests(ALICE);
    let again = world.resumes(ALICE, session);
    world.told();
    world.after(SECOND);
    world.leaves(again);
    assert_eq!(world.told(), ["at 2 s: alice offline"]);
}

#[test]
fn a_lease_opened_in_the_grace_of_an_idle_session_makes_its_person_online() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(10 * MINUTE);
    world.is_lost(laptop);
    world.told();
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 601 s: alice online"]);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn a_session_that_starts_beside_a_rest_lease_tells_nobody() {
    let mut world = World::new();
    world.requests(ALICE);
    world.told();
    world.after(MINUTE);
    world.connects(ALICE);
    world.after(4 * MINUTE + 59 * SECOND);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Online);
}

#[test]
fn the_floor_of_a_lease_stays_while_requests_prolong_it() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    let floor = world.stored(ALICE).rest_floor;
    assert_eq!(floor, Some(wall(5 * MINUTE)));
    world.after(2 * MINUTE);
    world.requests(ALICE);
    world.written();
    assert_eq!(world.stored(ALICE).rest_floor, floor);
    world.after(5 * MINUTE);
    world.written();
    assert_eq!(world.stored(ALICE).rest_floor, None);
    assert_eq!(world.availability(ALICE), Offline);
}

#[test]
fn a_lease_ends_at_its_instant_and_the_next_request_opens_another() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(5 * MINUTE - MILLISECOND);
    assert_eq!(world.availability(ALICE), Online);
    world.after(MILLISECOND);
    world.requests(ALICE);
    assert_eq!(
        world.told(),
        [
            "at 0 s: alice online",
            "at 300 s: alice offline",
            "at 300 s: alice online"
        ]
    );
}
