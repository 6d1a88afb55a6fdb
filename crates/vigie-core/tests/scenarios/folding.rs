//! Several devices and a REST lease make one availability.

use vigie_core::Availability::{self, Away, Offline, Online};

use crate::world::{ALICE, MINUTE, NOTHING, SECOND, World};

#[test]
fn losing_the_active_laptop_leaves_the_idle_phone_away() {
    let mut world = World::new();
    world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.after(4 * MINUTE);
    world.acts(laptop);
    world.after(2 * MINUTE);
    world.told();
    world.is_lost(laptop);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 364 s: alice away"]);
}

#[test]
fn the_active_laptop_says_goodbye_and_the_idle_phone_is_away_at_once() {
    let mut world = World::new();
    world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.after(6 * MINUTE);
    world.acts(laptop);
    world.told();
    world.leaves(laptop);
    assert_eq!(world.told(), ["at 360 s: alice away"]);
    assert_eq!(world.last_seen(ALICE), None, "away is not offline");
}

#[test]
fn activity_on_one_device_does_not_wake_the_other() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.goes_to_the_background(phone);
    let laptop = world.connects(ALICE);
    world.told();
    world.acts(laptop);
    world.leaves(laptop);
    assert_eq!(world.told(), ["at 0 s: alice away"]);
}

#[test]
fn rest_activity_keeps_a_person_online_whichever_devices_are_left() {
    let mut world = World::new();
    world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.after(4 * MINUTE);
    world.requests(ALICE);
    world.leaves(laptop);
    world.told();
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 540 s: alice away"]);
}

#[test]
fn rest_activity_makes_a_backgrounded_phone_online_for_a_while() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.goes_to_the_background(phone);
    world.told();
    world.after(MINUTE);
    world.requests(ALICE);
    world.after(10 * MINUTE);
    assert_eq!(
        world.told(),
        ["at 60 s: alice online", "at 360 s: alice away"]
    );
}

#[test]
fn a_rest_lease_alone_is_online_until_it_ends_and_never_away() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(10 * MINUTE);
    assert_eq!(
        world.told(),
        ["at 0 s: alice online", "at 300 s: alice offline"]
    );
}

#[test]
fn five_devices_come_and_go_and_make_two_edges() {
    let mut world = World::new();
    let devices: Vec<_> = (0..5).map(|_| world.connects(ALICE)).collect();
    world.after(SECOND);
    for device in devices {
        world.leaves(device);
    }
    assert_eq!(
        world.told(),
        ["at 0 s: alice online", "at 1 s: alice offline"]
    );
}

#[test]
fn the_latest_activity_of_all_devices_decides_when_a_person_is_away() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    world.acts(phone);
    world.after(MINUTE);
    world.acts(laptop);
    world.told();
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 420 s: alice away"]);
}

#[test]
fn an_away_person_who_loses_everything_goes_offline_without_a_detour() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.after(10 * MINUTE);
    world.told();
    world.is_lost(phone);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 604 s: alice offline"]);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn online_is_whoever_is_not_offline() {
    let check = |availability: Availability, expected| {
        assert_eq!(availability.is_online(), expected, "{availability:?}");
    };
    check(Online, true);
    check(Away, true);
    check(Offline, false);
}
