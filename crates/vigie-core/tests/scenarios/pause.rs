//! The process itself was stopped: silence of the server is not absence of people.

use crate::world::{ALICE, BEGINNING, MINUTE, NOTHING, SECOND, SILENCE_LIMIT, World};

#[test]
fn a_rest_lease_is_longer_by_the_pause() {
    let mut world = World::new();
    world.requests(ALICE);
    world.told();
    world.after(MINUTE);
    world.process_is_paused(10 * MINUTE);
    world.after(4 * MINUTE - SECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(SECOND);
    assert_eq!(world.told(), ["at 900 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(BEGINNING));
}

#[test]
fn a_grace_is_longer_by_the_pause() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_lost(laptop);
    world.after(3 * SECOND);
    world.process_is_paused(MINUTE);
    world.told();
    world.after(SECOND / 2);
    let again = world.resumes(ALICE, session);
    assert_eq!(world.session(again), session);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn idleness_waits_for_the_pause_too() {
    let mut world = World::new();
    world.connects(ALICE);
    world.told();
    world.after(MINUTE);
    world.process_is_paused(MINUTE);
    world.after(5 * MINUTE);
    assert_eq!(world.told(), ["at 360 s: alice away"]);
}

#[test]
fn a_session_lost_right_after_a_pause_counts_longer_by_the_pause() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.process_is_paused(20 * SECOND);
    world.after(SECOND);
    world.is_lost(laptop);
    world.told();
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 45 s: alice offline"]);
}

#[test]
fn a_long_pause_prolongs_a_grace_by_the_restart_grace_at_most() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.process_is_paused(10 * MINUTE);
    world.is_lost(laptop);
    world.told();
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 634 s: alice offline"]);
}

#[test]
fn a_session_lost_a_silence_limit_after_the_pause_has_its_usual_grace() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.process_is_paused(20 * SECOND);
    world.after(SILENCE_LIMIT);
    world.is_lost(laptop);
    world.told();
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 40 s: alice offline"]);
}

#[test]
fn the_times_of_a_lease_that_outlived_a_pause_are_those_of_the_activity() {
    let mut world = World::new();
    world.after(SECOND);
    world.requests(ALICE);
    world.process_is_paused(MINUTE);
    assert_eq!(world.last_proof(ALICE), Some(SECOND));
    world.after(10 * MINUTE);
    assert_eq!(world.last_seen(ALICE), Some(SECOND));
}

#[test]
fn nobody_is_proved_while_the_process_could_hear_nobody() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    world.shows_life(laptop);
    world.process_is_paused(MINUTE);
    assert_eq!(world.last_proof(ALICE), Some(MINUTE));
    world.after(SILENCE_LIMIT + SECOND);
    assert_eq!(world.last_proof(ALICE), Some(2 * MINUTE + SECOND));
}

#[test]
fn a_pause_takes_no_proof_away() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    let shown = world.last_proof(ALICE);
    world.process_is_paused(MINUTE);
    assert_eq!(world.last_proof(ALICE), shown);
    world.is_lost_after_silence(laptop, MINUTE);
    assert_eq!(world.last_proof(ALICE), shown);
}
