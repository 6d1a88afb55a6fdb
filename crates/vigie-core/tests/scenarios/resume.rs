//! A session that comes back within its grace never was away; a duplicated tab is somebody else.

use vigie_core::Availability::{Away, Online};
use vigie_core::SessionId;

use crate::world::{ALICE, BEGINNING, BOB, MINUTE, NOTHING, SECOND, World};

#[test]
fn a_resumed_session_keeps_its_id_and_nobody_is_told() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.told();
    world.is_lost(laptop);
    world.after(3 * SECOND);
    let again = world.resumes(ALICE, session);
    world.after(MINUTE);
    assert_eq!(world.session(again), session);
    assert_eq!(world.totals().connected, 1);
    assert_eq!(world.totals().in_grace, 0);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn a_resume_is_a_sign_of_life_and_no_activity() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.after(4 * MINUTE);
    world.is_lost(laptop);
    world.after(3 * SECOND);
    world.resumes(ALICE, session);
    world.told();
    assert_eq!(world.last_proof(ALICE), Some(243 * SECOND));
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 300 s: alice away"]);
}

#[test]
fn a_resumed_session_is_still_in_the_background() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    let session = world.session(phone);
    world.goes_to_the_background(phone);
    world.told();
    world.is_lost(phone);
    world.after(SECOND);
    let again = world.resumes(ALICE, session);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Away);
    world.comes_to_the_foreground(again);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
}

#[test]
fn a_duplicated_tab_is_another_session_while_the_original_is_open() {
    let mut world = World::new();
    let original = world.connects(ALICE);
    let session = world.session(original);
    world.told();
    let duplicate = world.resumes(ALICE, session);
    assert_ne!(world.session(duplicate), session);
    assert_eq!(world.session(original), session);
    assert_eq!(world.closed(), []);
    world.leaves(original);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    world.leaves(duplicate);
    assert_eq!(world.told(), ["at 60 s: alice offline"]);
}

#[test]
fn of_two_tabs_that_hold_one_id_the_first_to_return_takes_it() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_lost(laptop);
    let first = world.resumes(ALICE, session);
    let second = world.resumes(ALICE, session);
    assert_eq!(world.session(first), session);
    assert_ne!(world.session(second), session);
    assert_eq!(world.totals().connected, 2);
}

#[test]
fn nobody_takes_up_the_session_of_somebody_else() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_lost(laptop);
    world.told();
    let thief = world.resumes(BOB, session);
    assert_ne!(world.session(thief), session);
    assert_eq!(world.told(), ["at 0 s: bob online"]);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 4 s: alice offline"]);
}

#[test]
fn an_unknown_id_begins_a_session_of_its_own() {
    let mut world = World::new();
    let laptop = world.resumes(ALICE, SessionId(404));
    assert_ne!(world.session(laptop), SessionId(404));
    assert_eq!(world.told(), ["at 0 s: alice online"]);
}

#[test]
fn a_session_whose_grace_is_over_begins_anew() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_lost(laptop);
    world.after(4 * SECOND);
    let again = world.resumes(ALICE, session);
    assert_ne!(world.session(again), session);
    assert_eq!(
        world.told(),
        [
            "at 0 s: alice online",
            "at 4 s: alice offline",
            "at 4 s: alice online"
        ]
    );
    assert_eq!(world.last_active(ALICE), Some(4 * SECOND));
}

#[test]
fn a_session_that_said_goodbye_cannot_be_resumed() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.leaves(laptop);
    let again = world.resumes(ALICE, session);
    assert_ne!(world.session(again), session);
}

#[test]
fn a_resume_leaves_the_other_lost_device_to_its_grace() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let phone = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_lost(laptop);
    world.is_lost(phone);
    world.resumes(ALICE, session);
    world.told();
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.totals().in_grace, 0);
    assert_eq!(world.totals().connected, 1);
}

#[test]
fn an_old_client_that_reloads_while_away_inherits_its_idleness() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(10 * MINUTE);
    world.is_lost(laptop);
    world.told();
    world.after(SECOND);
    world.connects(ALICE);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Away);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
}

#[test]
fn an_old_client_inherits_the_latest_activity_of_those_in_grace() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.after(2 * MINUTE);
    world.acts(laptop);
    world.after(MINUTE);
    world.is_lost(phone);
    world.is_lost(laptop);
    world.connects(ALICE);
    world.told();
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 420 s: alice away"]);
}

#[test]
fn an_old_client_does_not_inherit_the_background() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.goes_to_the_background(phone);
    world.is_lost(phone);
    world.told();
    world.after(SECOND);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
}

#[test]
fn a_device_that_starts_beside_an_open_one_is_active_at_its_start() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(10 * MINUTE);
    world.told();
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 600 s: alice online"]);
    assert_eq!(world.availability(ALICE), Online);
    assert_eq!(world.last_active(ALICE), Some(10 * MINUTE));
}
