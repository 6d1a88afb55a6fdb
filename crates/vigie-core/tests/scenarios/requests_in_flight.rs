//! A request that began before a person left, or was called offline, speaks of the time before.

use vigie_core::Availability::{Offline, Online};

use crate::world::{ALICE, MILLISECOND, MINUTE, NOTHING, SECOND, World};

#[test]
fn a_request_that_began_before_the_goodbye_never_opens_a_lease() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let request = world.request_arrives(ALICE);
    world.after(SECOND);
    world.leaves(laptop);
    world.told();
    world.after(MINUTE);
    world.request_is_handled(request);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Offline);
}

#[test]
fn a_request_that_began_in_the_instant_of_the_goodbye_opens_no_lease() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let request = world.request_arrives(ALICE);
    world.leaves(laptop);
    world.told();
    world.after(MINUTE);
    world.request_is_handled(request);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn a_request_that_began_in_the_guard_opens_a_lease_after_it() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.told();
    world.after(MILLISECOND);
    let request = world.request_arrives(ALICE);
    world.after(5 * SECOND);
    world.request_is_handled(request);
    assert_eq!(world.told(), ["at 5.001 s: alice online"]);
}

#[test]
fn a_later_session_does_not_revive_a_request_from_before_the_goodbye() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let request = world.request_arrives(ALICE);
    world.leaves(laptop);
    world.after(SECOND);
    let phone = world.connects(ALICE);
    world.is_lost(phone);
    world.told();
    world.after(SECOND);
    world.request_is_handled(request);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 5 s: alice offline"]);
}

#[test]
fn a_request_across_a_loss_opens_a_lease() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let request = world.request_arrives(ALICE);
    world.after(SECOND);
    world.is_lost(laptop);
    world.told();
    world.after(SECOND);
    world.request_is_handled(request);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Online);
}

#[test]
fn a_request_that_began_before_user_status_false_does_not_lift_it() {
    let mut world = World::new();
    world.requests(ALICE);
    let request = world.request_arrives(ALICE);
    world.after(SECOND);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.request_is_handled(request);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Offline);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 2 s: alice online"]);
}

#[test]
fn a_request_that_began_in_the_instant_of_user_status_false_does_not_lift_it() {
    let mut world = World::new();
    let request = world.request_arrives(ALICE);
    world.is_declared(ALICE, Offline);
    world.after(SECOND);
    world.request_is_handled(request);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn a_request_under_way_does_not_revive_somebody_who_was_logged_out() {
    let mut world = World::new();
    world.requests(ALICE);
    let request = world.request_arrives(ALICE);
    world.after(SECOND);
    world.is_revoked(ALICE, vigie_core::Revocation::LoggedOut);
    world.told();
    world.after(10 * SECOND);
    world.request_is_handled(request);
    assert_eq!(world.told(), NOTHING);
}
