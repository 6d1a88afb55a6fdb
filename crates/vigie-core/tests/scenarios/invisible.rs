//! Whoever becomes invisible looks like somebody who left, and nothing that happens behind the veil shows.

use vigie_core::Availability::{Offline, Online};
use vigie_core::{ChosenStatus, Face, Revocation};

use crate::world::{ALICE, BOB, HOUR, MINUTE, NOTHING, SECOND, World};

#[test]
fn becoming_invisible_looks_like_a_goodbye() {
    let mut world = World::new();
    world.connects(ALICE);
    let laptop = world.connects(BOB);
    world.after(10 * SECOND);
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.leaves(laptop);
    assert_eq!(
        world.told(),
        [
            "at 0 s: alice online",
            "at 0 s: bob online",
            "at 10 s: alice offline",
            "at 10 s: bob offline",
        ]
    );
    assert_eq!(world.face(ALICE), world.face(BOB));
    assert_eq!(world.availability(ALICE), Online);
}

#[test]
fn behind_a_veil_everything_happens_and_nothing_shows() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.told();
    let frozen = world.face(ALICE);
    let same = |world: &World, what: &str| assert_eq!(world.face(ALICE), frozen, "{what}");
    world.after(MINUTE);
    world.acts(laptop);
    same(&world, "an activity");
    world.after(10 * MINUTE);
    same(&world, "an absence");
    world.leaves(laptop);
    same(&world, "a goodbye");
    world.after(MINUTE);
    world.requests(ALICE);
    same(&world, "a request");
    let phone = world.connects(ALICE);
    same(&world, "an arrival");
    world.is_declared(ALICE, Offline);
    world.is_declared(ALICE, Online);
    same(&world, "an operator's word");
    world.is_revoked(ALICE, Revocation::LoggedOut);
    same(&world, "a revocation");
    assert_eq!(world.closed(), [phone.connection]);
    assert_eq!(world.told(), NOTHING);
    assert!(world.told_to_oneself().len() >= 6);
}

#[test]
fn whoever_was_offline_already_is_left_as_they_were() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.leaves(laptop);
    let before = world.face(ALICE);
    world.told();
    world.after(HOUR);
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.face(ALICE), before);
    assert_eq!(world.availability(ALICE), Online);
}

#[test]
fn whoever_was_never_seen_looks_unknown_behind_a_veil() {
    let mut world = World::new();
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.connects(ALICE);
    assert_eq!(world.told(), NOTHING);
    let unknown = Face {
        version: Some(vigie_core::Version(0)),
        ..Face::default()
    };
    assert_eq!(world.face(ALICE), unknown);
}

#[test]
fn visible_again_is_news_with_a_later_version_and_tells_nothing_of_the_time_between() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.after(MINUTE);
    world.leaves(laptop);
    world.after(MINUTE);
    world.connects(ALICE);
    let frozen = world.face(ALICE);
    world.told();
    world.after(MINUTE);
    world.chooses_nothing(ALICE);
    assert_eq!(world.told(), ["at 181 s: alice online"]);
    let shown = world.face(ALICE);
    assert!(shown.version > frozen.version);
    assert_eq!(shown.last_seen_at, frozen.last_seen_at);
    // The absence behind the veil, which oneself alone is shown.
    assert_eq!(world.last_seen(ALICE), Some(MINUTE + SECOND));
}

#[test]
fn ending_it_while_offline_tells_nobody_until_the_next_arrival() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.after(MINUTE);
    world.leaves(laptop);
    world.told();
    let frozen = world.face(ALICE);
    world.after(MINUTE);
    world.chooses_nothing(ALICE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.face(ALICE), frozen);
    world.after(MINUTE);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 181 s: alice online"]);
    assert_eq!(world.presence(ALICE).veil, None);
}

#[test]
fn invisible_for_an_hour_is_seen_after_an_hour() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.chooses_for(ALICE, ChosenStatus::Invisible, HOUR);
    world.told();
    world.after(HOUR - SECOND);
    world.acts(laptop);
    assert_eq!(world.told(), NOTHING);
    world.after(SECOND);
    assert_eq!(world.told(), ["at 3600 s: alice online"]);
}

#[test]
fn from_busy_to_invisible_is_one_goodbye_and_back_one_arrival() {
    let mut world = World::new();
    world.connects(ALICE);
    world.chooses(ALICE, ChosenStatus::Busy);
    world.told();
    world.chooses(ALICE, ChosenStatus::Invisible);
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Busy);
    assert_eq!(
        world.told(),
        ["at 0 s: alice offline", "at 1 s: alice busy"]
    );
}
