//! Activity that another service reports, possibly late.

use vigie_core::Availability::{Offline, Online};

use crate::world::{ALICE, BEGINNING, MILLISECOND, MINUTE, NOTHING, SECOND, World, wall};

#[test]
fn a_late_report_opens_a_lease_that_runs_from_the_activity() {
    let mut world = World::new();
    world.after(10 * MINUTE);
    world.is_reported_active(ALICE, 2 * MINUTE);
    assert_eq!(world.told(), ["at 600 s: alice online"]);
    assert_eq!(world.last_active(ALICE), Some(8 * MINUTE));
    world.written();
    assert_eq!(world.stored(ALICE).rest_floor, Some(wall(13 * MINUTE)));
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 780 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(8 * MINUTE));
}

#[test]
fn a_report_older_than_a_lease_lasts_moves_the_time_alone() {
    let mut world = World::new();
    world.after(10 * MINUTE);
    world.is_reported_active(ALICE, 5 * MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Offline);
    assert_eq!(world.last_active(ALICE), Some(5 * MINUTE));
    assert_eq!(world.metrics().throttled, 0, "the time becomes durable");
}

#[test]
fn a_report_almost_as_old_as_a_lease_lasts_opens_it_for_the_rest() {
    let mut world = World::new();
    world.after(10 * MINUTE);
    world.is_reported_active(ALICE, 5 * MINUTE - MILLISECOND);
    world.after(SECOND);
    assert_eq!(
        world.told(),
        ["at 600 s: alice online", "at 600.001 s: alice offline"]
    );
}

#[test]
fn a_report_from_before_a_goodbye_never_revives() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    world.leaves(laptop);
    world.told();
    world.after(MINUTE);
    world.is_reported_active(ALICE, MINUTE + SECOND);
    assert_eq!(world.told(), NOTHING);
    world.is_reported_active(ALICE, MINUTE);
    assert_eq!(world.told(), NOTHING, "nor in its very instant");
    world.is_reported_active(ALICE, MINUTE - MILLISECOND);
    assert_eq!(world.told(), ["at 120 s: alice online"]);
}

#[test]
fn a_report_older_than_what_is_known_moves_nothing_and_is_held_back() {
    let mut world = World::new();
    world.after(MINUTE);
    world.requests(ALICE);
    world.written();
    world.after(2 * MINUTE);
    world.is_reported_active(ALICE, 3 * MINUTE);
    assert_eq!(world.last_active(ALICE), Some(MINUTE));
    assert_eq!(world.written(), NOTHING);
    assert_eq!(world.metrics().throttled, 1);
}

#[test]
fn a_report_keeps_a_connected_person_from_idleness_from_its_own_time_on() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(6 * MINUTE);
    world.told();
    world.is_reported_active(ALICE, 2 * MINUTE);
    assert_eq!(world.told(), ["at 360 s: alice online"]);
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 540 s: alice away"]);
}

#[test]
fn a_report_older_than_idleness_does_not_wake_a_connected_person() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(20 * MINUTE);
    world.told();
    world.is_reported_active(ALICE, 5 * MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.last_active(ALICE), Some(15 * MINUTE));
}

#[test]
fn a_report_from_before_user_status_false_does_not_lift_it() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(MINUTE);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.is_reported_active(ALICE, 2 * SECOND);
    assert_eq!(world.told(), NOTHING);
    world.is_reported_active(ALICE, BEGINNING);
    assert_eq!(world.told(), ["at 61 s: alice online"]);
    assert_eq!(world.availability(ALICE), Online);
}
