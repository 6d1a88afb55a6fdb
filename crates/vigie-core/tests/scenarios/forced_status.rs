//! An operator's word: `user-status false` and `user-status true`.

use vigie_core::Availability::{Away, Offline, Online};

use crate::world::{ALICE, BEGINNING, MINUTE, NOTHING, SECOND, World};

#[test]
fn offline_by_decree_is_lifted_by_the_next_session_start() {
    let mut world = World::new();
    world.connects(ALICE);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
}

#[test]
fn offline_by_decree_outlives_a_resume() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.is_declared(ALICE, Offline);
    world.told();
    world.is_lost(laptop);
    world.after(SECOND);
    let again = world.resumes(ALICE, session);
    world.after(MINUTE);
    assert_eq!(world.session(again), session);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Offline);
}

#[test]
fn offline_by_decree_is_lifted_by_a_later_request_beside_an_open_session() {
    let mut world = World::new();
    world.connects(ALICE);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
    assert_eq!(world.metrics().pending, 1, "the edge is accepted");
}

#[test]
fn offline_by_decree_is_lifted_by_a_request_however_short_after_another() {
    let mut world = World::new();
    world.connects(ALICE);
    world.requests(ALICE);
    world.after(SECOND);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 2 s: alice online"]);
}

#[test]
fn offline_by_decree_outlives_heartbeats_and_the_background() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.shows_life(phone);
    world.goes_to_the_background(phone);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    world.comes_to_the_foreground(phone);
    assert_eq!(world.told(), ["at 61 s: alice online"]);
}

#[test]
fn nobody_is_told_when_somebody_offline_by_decree_leaves() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let phone = world.connects(ALICE);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.leaves(laptop);
    world.is_lost(phone);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.last_seen(ALICE), Some(BEGINNING));
    assert_eq!(world.totals().in_grace, 0);
}

#[test]
fn offline_by_decree_ends_the_rest_lease() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(SECOND);
    world.is_declared(ALICE, Offline);
    world.written();
    assert_eq!(world.stored(ALICE).rest_floor, None);
    assert!(world.stored(ALICE).forced_offline_at.is_some());
    assert_eq!(
        world.told(),
        ["at 0 s: alice online", "at 1 s: alice offline"]
    );
}

#[test]
fn offline_by_decree_of_somebody_offline_is_silent_and_moves_no_time() {
    let mut world = World::new();
    world.after(SECOND);
    world.is_declared(ALICE, Offline);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.last_seen(ALICE), None);
    assert_eq!(world.last_active(ALICE), None);
    world.written();
    assert!(world.stored(ALICE).forced_offline_at.is_some());
}

#[test]
fn offline_by_decree_of_somebody_offline_proves_nothing_later_either() {
    let mut world = World::new();
    world.after(SECOND);
    world.is_declared(ALICE, Offline);
    world.after(SECOND);
    world.is_declared(ALICE, Online);
    world.after(10 * MINUTE);
    assert_eq!(
        world.told(),
        ["at 2 s: alice online", "at 302 s: alice offline"]
    );
    assert_eq!(world.last_seen(ALICE), None);
}

#[test]
fn the_later_of_two_decrees_counts() {
    let mut world = World::new();
    world.requests(ALICE);
    world.is_declared(ALICE, Offline);
    world.after(SECOND);
    let request = world.request_arrives(ALICE);
    world.after(SECOND);
    world.is_declared(ALICE, Offline);
    world.told();
    world.request_is_handled(request);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn a_request_that_lifts_the_decree_is_then_treated_like_any_other() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING, "the guard of the goodbye holds");
    world.written();
    assert_eq!(world.stored(ALICE).forced_offline_at, None);
    world.after(4 * SECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 5 s: alice online"]);
}

#[test]
fn nobody_offline_by_decree_pulses() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.is_declared(ALICE, Offline);
    for _ in 0..10 {
        world.after(8 * SECOND);
        world.shows_life(laptop);
    }
    assert_eq!(world.last_proof(ALICE), Some(SECOND));
}

#[test]
fn online_by_decree_opens_a_lease_inside_the_guard() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.told();
    world.after(SECOND);
    world.is_declared(ALICE, Online);
    world.after(10 * MINUTE);
    assert_eq!(
        world.told(),
        ["at 1 s: alice online", "at 301 s: alice offline"]
    );
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
}

#[test]
fn online_by_decree_lifts_offline_by_decree() {
    let mut world = World::new();
    world.connects(ALICE);
    world.is_declared(ALICE, Offline);
    world.told();
    world.after(SECOND);
    world.is_declared(ALICE, Online);
    assert_eq!(world.told(), ["at 1 s: alice online"]);
    world.written();
    assert_eq!(world.stored(ALICE).forced_offline_at, None);
}

#[test]
fn online_by_decree_wakes_an_idle_session_for_a_while() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(10 * MINUTE);
    world.told();
    world.is_declared(ALICE, Online);
    assert_eq!(world.told(), ["at 600 s: alice online"]);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
    world.after(5 * MINUTE);
    assert_eq!(world.told(), ["at 900 s: alice away"]);
}

#[test]
fn online_by_decree_beside_an_open_session_opens_no_lease() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.is_declared(ALICE, Online);
    world.told();
    world.after(SECOND);
    world.leaves(laptop);
    assert_eq!(world.told(), ["at 1 s: alice offline"]);
}

#[test]
fn online_by_decree_prolongs_an_open_rest_lease() {
    let mut world = World::new();
    world.requests(ALICE);
    world.after(2 * MINUTE);
    world.is_declared(ALICE, Online);
    world.told();
    world.after(10 * MINUTE);
    assert_eq!(world.told(), ["at 420 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(BEGINNING), "the activity");
}

#[test]
fn offline_by_decree_of_somebody_away_is_an_edge() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(10 * MINUTE);
    assert_eq!(world.availability(ALICE), Away);
    world.told();
    world.is_declared(ALICE, Offline);
    assert_eq!(world.told(), ["at 600 s: alice offline"]);
    assert_eq!(world.last_seen(ALICE), Some(10 * MINUTE));
}

#[test]
fn offline_by_decree_is_written_anew_by_the_next_start_so_that_it_outlives_two() {
    let mut world = World::new();
    world.requests(ALICE);
    world.is_declared(ALICE, Offline);
    world.written();
    world.crashes_and_restarts_after(SECOND);
    assert_eq!(world.written(), ["alice"]);
    assert!(world.stored(ALICE).forced_offline_at.is_some());
}
