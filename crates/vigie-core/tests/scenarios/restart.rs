//! The server restarts: who returns never was away, who does not goes offline with the last proof of life.

use vigie_core::Availability::{Away, Offline, Online};

use crate::world::{
    ALICE, BEGINNING, BOB, HOUR, MILLISECOND, MINUTE, NOTHING, SECOND, World, wall,
};

#[test]
fn who_resumes_after_a_crash_is_never_announced() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.written();
    world.told();
    world.after(11 * SECOND);
    world.crashes_and_restarts_after(5 * SECOND);
    assert_eq!(world.availability(ALICE), Online);
    world.after(29 * SECOND);
    let again = world.resumes(ALICE, session);
    world.after(MINUTE);
    assert_eq!(world.session(again), session);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
}

#[test]
fn who_does_not_return_goes_offline_as_of_the_last_sign_of_the_node() {
    let mut world = World::new();
    world.connects(ALICE);
    world.written();
    world.told();
    world.after(11 * SECOND);
    world.crashes_and_restarts_after(5 * SECOND);
    world.after(30 * SECOND - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 46 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(10 * SECOND));
    world.written();
    assert!(!world.stored(ALICE).has_lease());
}

#[test]
fn who_was_lost_before_the_crash_keeps_the_own_last_proof() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(5 * SECOND);
    world.is_lost(laptop);
    world.written();
    world.told();
    world.after(2 * SECOND);
    world.crashes_and_restarts_after(SECOND);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 38 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(5 * SECOND));
}

#[test]
fn a_session_that_ended_beside_another_keeps_its_proof_through_the_crash() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.is_lost(laptop);
    let phone = world.connects(ALICE);
    world.after(3 * SECOND);
    world.leaves(phone);
    world.written();
    world.told();
    world.crashes_and_restarts_after(SECOND);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 35 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(4 * SECOND));
}

#[test]
fn a_resume_after_the_restart_grace_is_too_late() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.written();
    world.told();
    world.crashes_and_restarts_after(SECOND);
    world.after_with_late_timers(30 * SECOND);
    world.resumes(ALICE, session);
    assert_eq!(
        world.told(),
        ["at 31 s: alice offline", "at 31 s: alice online"]
    );
}

#[test]
fn a_rest_lease_goes_on_where_it_was() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.told();
    world.after(MINUTE);
    world.crashes_and_restarts_after(10 * SECOND);
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 300 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(BEGINNING));
}

#[test]
fn a_rest_lease_near_its_end_counts_for_the_restart_grace() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.told();
    world.after(280 * SECOND);
    world.crashes_and_restarts_after(15 * SECOND);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 325 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(BEGINNING));
}

#[test]
fn a_request_prolongs_a_restored_lease_and_leaves_its_floor() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.after(280 * SECOND);
    world.crashes_and_restarts_after(15 * SECOND);
    world.written();
    let floor = world.stored(ALICE).rest_floor;
    assert_eq!(floor, Some(wall(325 * SECOND)));
    world.told();
    world.after(15 * SECOND);
    world.requests(ALICE);
    world.written();
    assert_eq!(world.stored(ALICE).rest_floor, floor);
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 610 s: alice offline"]);
}

#[test]
fn leases_of_a_node_long_dead_end_at_once() {
    let mut world = World::new();
    world.connects(ALICE);
    world.written();
    world.told();
    world.after(11 * SECOND);
    world.crashes_and_restarts_after(HOUR);
    assert_eq!(world.told(), ["at 3611 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(10 * SECOND));
    assert_eq!(world.written(), ["alice"]);
    assert!(!world.stored(ALICE).has_lease());
}

#[test]
fn a_node_is_long_dead_after_offline_after_and_not_before() {
    let told_after = |downtime| {
        let mut world = World::new();
        world.connects(ALICE);
        world.written();
        world.after(10 * SECOND);
        world.told();
        world.crashes_and_restarts_after(downtime);
        world.availability(ALICE)
    };
    assert_eq!(told_after(5 * MINUTE), Offline);
    assert_ne!(told_after(5 * MINUTE - MILLISECOND), Offline);
}

#[test]
fn a_rest_lease_of_a_node_long_dead_ends_with_its_last_activity() {
    let mut world = World::new();
    world.after(SECOND);
    world.requests(ALICE);
    world.written();
    world.told();
    world.after(MINUTE);
    world.crashes_and_restarts_after(HOUR);
    assert_eq!(world.told(), ["at 3661 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(SECOND));
}

#[test]
fn a_graceful_stop_tells_nobody_and_forgets_nothing() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.requests(BOB);
    world.after(MINUTE - MILLISECOND);
    world.acts(laptop);
    world.told();
    world.stops_and_restarts_after(10 * SECOND);
    world.resumes(ALICE, session);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.last_active(ALICE), Some(MINUTE - MILLISECOND));
}

#[test]
fn a_restored_session_and_a_new_one_on_another_device_are_two_leases() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.written();
    world.told();
    world.crashes_and_restarts_after(SECOND);
    let phone = world.connects(ALICE);
    let laptop = world.resumes(ALICE, session);
    assert_eq!(world.totals().connected, 2);
    world.leaves(phone);
    assert_eq!(world.told(), NOTHING);
    world.leaves(laptop);
    assert_eq!(world.told(), ["at 1 s: alice offline"]);
}

#[test]
fn an_old_client_that_was_away_returns_away() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(10 * MINUTE);
    world.written();
    world.told();
    world.crashes_and_restarts_after(5 * SECOND);
    world.connects(ALICE);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Away);
}

#[test]
fn who_was_not_idle_thanks_to_rest_is_not_announced_away() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    let session = world.session(phone);
    world.after(280 * SECOND);
    world.requests(ALICE);
    world.written();
    world.after(40 * SECOND);
    world.told();
    world.crashes_and_restarts_after(SECOND);
    world.resumes(ALICE, session);
    assert_eq!(world.told(), NOTHING);
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 580 s: alice away"]);
}

#[test]
fn who_became_idle_while_the_server_was_down_is_announced_away() {
    let mut world = World::new();
    world.connects(ALICE);
    world.written();
    world.after(290 * SECOND);
    world.told();
    world.crashes_and_restarts_after(20 * SECOND);
    assert_eq!(world.told(), ["at 310 s: alice away"]);
    assert_eq!(world.written(), ["alice"]);
}

#[test]
fn a_second_crash_does_not_make_the_absent_look_alive() {
    let mut world = World::new();
    world.connects(ALICE);
    world.written();
    world.after(10 * SECOND);
    world.told();
    world.crashes_and_restarts_after(4 * SECOND);
    world.written();
    world.after(20 * SECOND);
    world.crashes_and_restarts_after(4 * SECOND);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 68 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(10 * SECOND));
}

#[test]
fn a_request_in_the_restart_grace_keeps_its_person_online() {
    let mut world = World::new();
    world.connects(ALICE);
    world.written();
    world.told();
    world.crashes_and_restarts_after(SECOND);
    world.after(10 * SECOND);
    world.requests(ALICE);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
}
