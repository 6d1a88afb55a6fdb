//! A goodbye ends a session at once; anything else gives it its grace.

use vigie_core::Availability::{Offline, Online};

use crate::world::{
    ALICE, BEGINNING, MILLISECOND, MINUTE, NOTHING, SECOND, SILENCE_LIMIT, World, wall,
};

#[test]
fn a_silent_loss_is_announced_twenty_seconds_after_the_last_sign_of_life() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.after(MINUTE);
    world.shows_life(phone);
    world.told();
    world.after(SILENCE_LIMIT);
    world.is_lost_after_silence(phone, SILENCE_LIMIT);
    world.after(4 * SECOND - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 80 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(MINUTE));
}

#[test]
fn a_loss_that_the_transport_reports_at_once_is_announced_after_the_grace() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.told();
    world.after(10 * SECOND);
    world.is_lost(phone);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 14 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(10 * SECOND));
}

#[test]
fn one_of_two_devices_says_goodbye_and_nobody_is_told() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let phone = world.connects(ALICE);
    world.told();
    world.leaves(laptop);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.last_seen(ALICE), None);
    world.leaves(phone);
    assert_eq!(world.told(), ["at 0 s: alice offline"]);
}

#[test]
fn one_of_two_devices_is_lost_and_only_the_store_learns_it() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.connects(ALICE);
    world.told();
    world.is_lost(laptop);
    world.written();
    assert_eq!(world.stored(ALICE).sessions.len(), 2);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    // Else a crash would let a session come back that is over.
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).sessions.len(), 1);
}

#[test]
fn a_goodbye_does_not_cut_short_the_grace_of_another_device() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let phone = world.connects(ALICE);
    world.told();
    world.after(10 * SECOND);
    world.is_lost(laptop);
    world.after(2 * SECOND);
    world.leaves(phone);
    assert_eq!(world.told(), NOTHING);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 14 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(12 * SECOND), "the goodbye");
}

#[test]
fn the_last_seen_time_is_the_latest_proof_of_all_devices_not_of_the_last_one() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.after(20 * SECOND);
    world.shows_life(laptop);
    world.is_lost(laptop);
    world.after(3 * SECOND);
    world.is_lost_after_silence(phone, SILENCE_LIMIT);
    world.told();
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 27 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(20 * SECOND));
}

#[test]
fn a_connection_that_said_goodbye_cannot_be_lost_any_more() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.leaves(laptop);
    world.written();
    world.told();
    world.after(SECOND);
    world.is_lost(laptop);
    world.leaves(laptop);
    world.acts(laptop);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.written(), NOTHING);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
    assert_eq!(world.last_seen(ALICE), Some(SECOND));
}

#[test]
fn a_second_report_of_one_loss_does_not_prolong_the_grace() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    world.is_lost(laptop);
    world.after(3 * SECOND);
    world.is_lost(laptop);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 4 s: alice offline"]);
}

#[test]
fn a_goodbye_after_the_loss_changes_nothing() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    world.is_lost(laptop);
    world.after(SECOND);
    world.leaves(laptop);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Online);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 4 s: alice offline"]);
}

#[test]
fn a_lost_session_is_stored_with_its_last_proof_of_life() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.written();
    assert_eq!(world.stored(ALICE).sessions[0].lost_alive_at, None);
    world.after(20 * SECOND);
    world.is_lost_after_silence(laptop, 16 * SECOND);
    world.written();
    let stored = &world.stored(ALICE).sessions[0];
    assert_eq!(stored.lost_alive_at, Some(wall(4 * SECOND)));
    assert_eq!(world.totals().in_grace, 1);
    world.after(MINUTE);
    assert_eq!(world.totals().in_grace, 0);
    assert_eq!(world.availability(ALICE), Offline);
}
