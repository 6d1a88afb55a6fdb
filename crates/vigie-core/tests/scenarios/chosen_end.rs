//! A choice with an end ends by itself, whatever its person does meanwhile.

use vigie_core::{Chosen, ChosenStatus};

use crate::world::{ALICE, HOUR, MILLISECOND, MINUTE, NOTHING, SECOND, World};

#[test]
fn busy_for_an_hour_ends_after_an_hour() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.chooses_for(ALICE, ChosenStatus::Busy, HOUR);
    world.told();
    world.after(HOUR - MINUTE);
    world.acts(laptop);
    world.after(MINUTE - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 3600 s: alice online"]);
    assert_eq!(world.presence(ALICE).chosen, None);
    assert_eq!(world.written(), ["alice"]);
}

#[test]
fn an_end_and_an_absence_that_are_both_late_are_told_as_one() {
    let mut world = World::new();
    world.connects(ALICE);
    world.chooses_for(ALICE, ChosenStatus::Busy, MINUTE);
    world.told();
    world.after_with_late_timers(HOUR);
    world.timers_fire();
    assert_eq!(world.told(), ["at 3600 s: alice away"]);
}

#[test]
fn a_choice_ends_while_its_person_is_offline_and_nobody_else_hears_of_it() {
    let mut world = World::new();
    world.chooses_for(ALICE, ChosenStatus::Busy, HOUR);
    let before = world.face(ALICE);
    world.told_to_oneself();
    world.after(HOUR);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(
        world.told_to_oneself(),
        ["at 3600 s: alice offline, nothing chosen"]
    );
    assert_eq!(world.face(ALICE), before);
}

#[test]
fn a_later_end_replaces_the_earlier_one() {
    let mut world = World::new();
    world.connects(ALICE);
    world.chooses_for(ALICE, ChosenStatus::Busy, MINUTE);
    world.after(SECOND);
    world.chooses_for(ALICE, ChosenStatus::Busy, HOUR);
    world.told();
    world.after(HOUR - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 3601 s: alice away"]);
}

#[test]
fn an_end_that_has_passed_takes_the_choice_back() {
    let mut world = World::new();
    world.connects(ALICE);
    world.chooses(ALICE, ChosenStatus::Busy);
    world.told();
    world.chooses_all(
        ALICE,
        Chosen {
            status: Some(ChosenStatus::Away),
            text: None,
            until: Some(world.now().wall),
        },
    );
    assert_eq!(world.told(), ["at 0 s: alice online"]);
    assert_eq!(world.presence(ALICE).chosen, None);
}

#[test]
fn an_end_is_kept_over_a_crash() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.chooses_for(ALICE, ChosenStatus::Busy, MINUTE);
    world.written();
    world.told();
    world.after(10 * SECOND);
    world.crashes_and_restarts_after(10 * SECOND);
    world.resumes(ALICE, session);
    world.after(40 * SECOND - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 60 s: alice online"]);
}

#[test]
fn an_end_that_passed_while_the_server_was_down_is_made_up_for_at_its_start() {
    let mut world = World::new();
    world.connects(ALICE);
    world.chooses_for(ALICE, ChosenStatus::Busy, MINUTE);
    world.written();
    world.told();
    world.crashes_and_restarts_after(2 * MINUTE);
    assert_eq!(world.told(), ["at 120 s: alice online"]);
    assert_eq!(world.written(), ["alice"]);
}
