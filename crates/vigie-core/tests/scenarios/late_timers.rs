//! A busy node decides late, and still decides the same.

use vigie_core::Availability::{Away, Offline};

use crate::world::{ALICE, BEGINNING, MILLISECOND, MINUTE, NOTHING, SECOND, World};

#[test]
fn a_resume_after_the_grace_is_too_late_also_when_the_timer_is_later() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_lost(laptop);
    world.told();
    world.after_with_late_timers(4 * SECOND);
    let again = world.resumes(ALICE, session);
    assert_ne!(world.session(again), session);
    assert_eq!(
        world.told(),
        ["at 4 s: alice offline", "at 4 s: alice online"]
    );
}

#[test]
fn a_request_after_the_end_of_its_lease_finds_it_over() {
    let mut world = World::new();
    world.requests(ALICE);
    world.told();
    world.after_with_late_timers(5 * MINUTE);
    world.requests(ALICE);
    assert_eq!(
        world.told(),
        ["at 300 s: alice offline", "at 300 s: alice online"]
    );
    assert_eq!(world.last_seen(ALICE), Some(BEGINNING));
}

#[test]
fn a_request_after_idleness_finds_its_person_away() {
    let mut world = World::new();
    world.connects(ALICE);
    world.told();
    world.after_with_late_timers(5 * MINUTE);
    world.requests(ALICE);
    assert_eq!(
        world.told(),
        ["at 300 s: alice away", "at 300 s: alice online"]
    );
}

#[test]
fn of_two_deadlines_that_passed_only_the_end_is_told() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    world.after(299 * SECOND);
    world.is_lost(laptop);
    world.after_with_late_timers(MINUTE);
    world.timers_fire();
    assert_eq!(world.told(), ["at 359 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(299 * SECOND));
}

#[test]
fn a_late_decision_takes_the_times_of_what_happened_not_of_the_decision() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(10 * SECOND);
    world.requests(ALICE);
    world.told();
    world.after_with_late_timers(20 * MINUTE);
    world.timers_fire();
    assert_eq!(world.told(), ["at 1210 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(10 * SECOND));
}

#[test]
fn an_open_session_is_never_ended_by_a_late_node() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    world.after_with_late_timers(60 * MINUTE);
    world.shows_life(laptop);
    world.timers_fire();
    assert_eq!(world.told(), ["at 3600 s: alice away"]);
    assert_eq!(world.availability(ALICE), Away);
}

#[test]
fn an_early_timer_decides_nothing() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    world.is_lost(laptop);
    world.after_with_late_timers(4 * SECOND - MILLISECOND);
    world.timers_fire();
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 4 s: alice offline"]);
    assert_eq!(world.availability(ALICE), Offline);
}
