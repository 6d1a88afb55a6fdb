//! Who is connected and does nothing is away; what counts as doing something.

use vigie_core::Availability::{Away, Online};

use crate::world::{ALICE, BEGINNING, MILLISECOND, MINUTE, NOTHING, SECOND, World};

#[test]
fn signs_of_life_are_no_activity() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    for _ in 0..60 {
        world.after(8 * SECOND);
        world.shows_life(laptop);
    }
    assert_eq!(world.told(), ["at 300 s: alice away"]);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
}

#[test]
fn activity_on_the_socket_puts_idleness_off() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    world.after(5 * MINUTE - MILLISECOND);
    world.acts(laptop);
    world.after(5 * MINUTE - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 599.999 s: alice away"]);
}

#[test]
fn the_background_makes_a_session_idle_at_once() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.told();
    world.after(SECOND);
    world.goes_to_the_background(phone);
    assert_eq!(world.told(), ["at 1 s: alice away"]);
    assert_eq!(world.written(), ["alice"]);
    assert!(world.stored(ALICE).sessions[0].backgrounded);
}

#[test]
fn the_return_to_the_foreground_is_an_activity() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.goes_to_the_background(phone);
    world.told();
    world.after(20 * MINUTE);
    world.comes_to_the_foreground(phone);
    assert_eq!(world.told(), ["at 1200 s: alice online"]);
    assert_eq!(world.last_active(ALICE), Some(20 * MINUTE));
    assert_eq!(world.metrics().total, 1);
}

#[test]
fn a_foreground_without_a_background_before_it_is_nothing() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.after(10 * MINUTE);
    world.told();
    world.written();
    world.comes_to_the_foreground(phone);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.written(), NOTHING);
    assert_eq!(world.availability(ALICE), Away);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
    assert_eq!(world.last_proof(ALICE), Some(10 * MINUTE), "it is alive");
}

#[test]
fn going_to_the_background_twice_needs_one_return() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.goes_to_the_background(phone);
    world.goes_to_the_background(phone);
    world.told();
    world.comes_to_the_foreground(phone);
    assert_eq!(world.told(), ["at 0 s: alice online"]);
}

#[test]
fn typing_in_the_background_ends_the_background() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.goes_to_the_background(phone);
    world.told();
    world.after(SECOND);
    world.acts(phone);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
    world.after(MINUTE);
    assert_eq!(world.availability(ALICE), Online);
    world.written();
    assert!(!world.stored(ALICE).sessions[0].backgrounded);
}

#[test]
fn a_phone_in_the_background_does_not_lower_an_active_laptop() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.connects(ALICE);
    world.told();
    world.goes_to_the_background(phone);
    assert_eq!(world.told(), NOTHING);
    world.after(5 * MINUTE);
    assert_eq!(world.told(), ["at 300 s: alice away"]);
}

#[test]
fn the_end_of_a_background_is_stored_also_when_nobody_is_told() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.acts(laptop);
    world.goes_to_the_background(phone);
    world.written();
    world.told();
    world.after(SECOND);
    world.comes_to_the_foreground(phone);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.metrics().throttled, 1);
    assert_eq!(world.written(), ["alice"]);
    let backgrounded = |world: &World| {
        let sessions = &world.stored(ALICE).sessions;
        sessions.iter().any(|session| session.backgrounded)
    };
    assert!(!backgrounded(&world));
}

#[test]
fn a_lost_session_is_idle_when_its_time_comes_also_in_grace() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    world.after(299 * SECOND);
    world.is_lost(laptop);
    world.after(MINUTE);
    assert_eq!(
        world.told(),
        ["at 300 s: alice away", "at 303 s: alice offline"]
    );
}
