//! The compatible wire's `lastActiveAt`: the last proof that a person was there.

use vigie_core::Availability::Away;

use crate::world::{ALICE, BEGINNING, MINUTE, SECOND, SILENCE_LIMIT, World};

#[test]
fn an_open_session_is_proved_as_of_its_transports_silence_limit() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(10 * SECOND);
    assert_eq!(world.last_proof(ALICE), Some(BEGINNING), "its start");
    world.after(MINUTE);
    assert_eq!(world.last_proof(ALICE), Some(70 * SECOND - SILENCE_LIMIT));
}

#[test]
fn a_sign_of_life_moves_the_proof_and_not_the_activity() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    world.shows_life(laptop);
    world.after(SECOND);
    assert_eq!(world.last_proof(ALICE), Some(MINUTE));
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
}

#[test]
fn a_passive_person_is_never_proved_more_than_the_silence_limit_ago() {
    let mut world = World::new();
    world.connects(ALICE);
    for _ in 0..600 {
        world.after(SECOND);
        let proof = world.last_proof(ALICE).unwrap();
        let now = crate::world::since_beginning(world.now().wall);
        assert!(now - proof <= SILENCE_LIMIT);
    }
    assert_eq!(world.availability(ALICE), Away);
}

#[test]
fn the_proof_of_a_lost_session_stands_still() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    world.is_lost_after_silence(laptop, 6 * SECOND);
    world.after(3 * SECOND);
    assert_eq!(world.last_proof(ALICE), Some(54 * SECOND));
    world.after(MINUTE);
    assert_eq!(world.last_proof(ALICE), Some(54 * SECOND));
    assert_eq!(world.last_seen(ALICE), Some(54 * SECOND));
}

#[test]
fn the_proof_does_not_fall_back_when_the_livelier_device_ends() {
    let mut world = World::new();
    world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    world.shows_life(laptop);
    world.leaves(laptop);
    assert_eq!(world.last_proof(ALICE), Some(MINUTE));
}

#[test]
fn a_silence_longer_than_the_limit_does_not_undo_what_was_shown() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    let shown = world.last_proof(ALICE);
    world.is_lost_after_silence(laptop, 40 * SECOND);
    assert_eq!(world.last_proof(ALICE), shown);
}

#[test]
fn a_rest_lease_is_proved_by_its_last_activity() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(MINUTE);
    world.requests(ALICE);
    world.after(MINUTE);
    assert_eq!(world.last_proof(ALICE), Some(MINUTE));
}

#[test]
fn nobody_ever_seen_has_no_times() {
    let world = World::new();
    assert_eq!(world.last_active(ALICE), None);
    assert_eq!(world.last_proof(ALICE), None);
    assert_eq!(world.last_seen(ALICE), None);
}
