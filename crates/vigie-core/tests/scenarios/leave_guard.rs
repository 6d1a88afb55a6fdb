//! After a goodbye the requests still under way must not make a person look present again.

use vigie_core::Availability::Offline;

use crate::world::{ALICE, BEGINNING, MILLISECOND, MINUTE, NOTHING, SECOND, World, wall};

#[test]
fn a_request_in_the_guard_moves_the_time_and_opens_no_lease() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.told();
    world.after(2 * SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Offline);
    assert_eq!(world.last_active(ALICE), Some(2 * SECOND));
    assert_eq!(world.last_seen(ALICE), Some(BEGINNING));
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).last_active_at, Some(wall(2 * SECOND)));
    assert!(!world.stored(ALICE).has_lease());
}

#[test]
fn the_guard_is_over_at_its_instant() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.told();
    world.after(5 * SECOND - MILLISECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 5 s: alice online"]);
}

#[test]
fn a_session_opens_a_lease_inside_the_guard() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.told();
    world.after(SECOND);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
}

#[test]
fn a_session_start_ends_the_guard() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.after(SECOND);
    let phone = world.connects(ALICE);
    world.is_lost(phone);
    world.told();
    world.after(SECOND);
    world.requests(ALICE);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING, "the lease opened in the grace");
}

#[test]
fn a_later_goodbye_guards_anew() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.after(4 * SECOND);
    let phone = world.connects(ALICE);
    world.leaves(phone);
    world.told();
    world.after(4 * SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING);
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 9 s: alice online"]);
}

#[test]
fn a_goodbye_guards_also_while_another_device_is_in_grace() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let phone = world.connects(ALICE);
    world.is_lost(laptop);
    world.leaves(phone);
    world.told();
    world.after(SECOND);
    world.requests(ALICE);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 4 s: alice offline"]);
}

#[test]
fn an_abrupt_loss_guards_nothing() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.is_lost(laptop);
    world.after(4 * SECOND);
    world.told();
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 4 s: alice online"]);
}
