//! What the store remembers over a restart besides leases: decrees, goodbyes, the background, versions and times.

use vigie_core::Availability::{Away, Offline};

use crate::world::{ALICE, BEGINNING, HOUR, MILLISECOND, MINUTE, NOTHING, SECOND, World, wall};

#[test]
fn a_crash_forgets_at_most_a_throttle_interval_of_activity() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.after(MINUTE - MILLISECOND);
    world.requests(ALICE);
    world.written();
    world.crashes_and_restarts_after(SECOND);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
}

#[test]
fn a_phone_in_the_background_is_still_there_after_the_restart() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    let session = world.session(phone);
    world.goes_to_the_background(phone);
    world.written();
    world.told();
    world.crashes_and_restarts_after(SECOND);
    let again = world.resumes(ALICE, session);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Away);
    world.comes_to_the_foreground(again);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
}

#[test]
fn offline_by_decree_survives_a_restart_and_a_resume() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_declared(ALICE, Offline);
    world.written();
    world.told();
    world.crashes_and_restarts_after(SECOND);
    world.resumes(ALICE, session);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Offline);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 61 s: alice online"]);
}

#[test]
fn offline_by_decree_is_lifted_by_a_request_after_the_restart() {
    let mut world = World::new();
    world.requests(ALICE);
    world.is_declared(ALICE, Offline);
    world.written();
    world.told();
    world.crashes_and_restarts_after(SECOND);
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 2 s: alice online"]);
}

#[test]
fn the_guard_of_a_goodbye_survives_a_restart() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.leaves(laptop);
    world.written();
    assert_eq!(world.stored(ALICE).left_at, Some(wall(SECOND)));
    world.told();
    world.crashes_and_restarts_after(2 * SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING);
    world.after(3 * SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 6 s: alice online"]);
}

#[test]
fn a_report_from_before_the_goodbye_does_not_revive_after_a_restart() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    world.leaves(laptop);
    world.written();
    world.told();
    world.crashes_and_restarts_after(10 * SECOND);
    world.is_reported_active(ALICE, 11 * SECOND);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn versions_grow_over_a_restart_also_when_the_clock_went_back() {
    let mut world = World::new();
    world.after(2 * HOUR);
    world.connects(ALICE);
    world.written();
    let before = world.stored(ALICE).version;
    world.wall_clock_jumps_back(HOUR);
    world.crashes_and_restarts_after(SECOND);
    world.after(MINUTE);
    assert!(world.presence(ALICE).version > before);
    assert_eq!(world.availability(ALICE), Offline);
}

#[test]
fn a_goodbye_that_the_crash_overtook_ends_with_the_restart_grace() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.written();
    world.after(10 * SECOND);
    world.leaves(laptop);
    world.told();
    world.crashes_and_restarts_after(SECOND);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 41 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(10 * SECOND));
}

#[test]
fn the_offline_stay_offline_and_their_times_come_back() {
    let mut world = World::new();
    world.after(SECOND);
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.leaves(laptop);
    world.written();
    let before = world.presence(ALICE);
    world.told();
    world.crashes_and_restarts_after(MINUTE);
    world.after(HOUR);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.presence(ALICE), before);
    assert_eq!(world.written(), NOTHING, "unchanged is silent");
}
