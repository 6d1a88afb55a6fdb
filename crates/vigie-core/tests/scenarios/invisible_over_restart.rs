//! A veil is kept in the same write as everything else, so no restart uncovers anybody.

use vigie_core::Availability::{Offline, Online};
use vigie_core::ChosenStatus;

use crate::world::{ALICE, HOUR, MINUTE, NOTHING, SECOND, World};

#[test]
fn invisible_survives_a_crash_also_when_the_session_returns() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.written();
    let frozen = world.face(ALICE);
    world.told();
    world.crashes_and_restarts_after(2 * SECOND);
    assert_eq!(world.face(ALICE), frozen);
    world.after(SECOND);
    world.resumes(ALICE, session);
    assert_eq!(world.availability(ALICE), Online);
    world.after(HOUR);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.face(ALICE), frozen);
    world.chooses_nothing(ALICE);
    assert_eq!(world.told(), ["at 3604 s: alice online"]);
}

#[test]
fn invisible_survives_a_crash_from_which_the_session_does_not_return() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.written();
    let frozen = world.face(ALICE);
    world.told();
    world.crashes_and_restarts_after(HOUR);
    assert_eq!(world.availability(ALICE), Offline);
    world.after(MINUTE);
    world.connects(ALICE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.face(ALICE), frozen);
}

#[test]
fn a_veil_without_a_choice_is_kept_too() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.after(MINUTE);
    world.leaves(laptop);
    world.chooses_nothing(ALICE);
    world.written();
    let frozen = world.face(ALICE);
    world.told();
    world.crashes_and_restarts_after(MINUTE);
    assert_eq!(world.face(ALICE), frozen);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 121 s: alice online"]);
    world.written();
    world.crashes_and_restarts_after(SECOND);
    assert_eq!(world.presence(ALICE).veil, None, "it was lifted");
}
