//! At most one durable refresh per person and interval; the counters say what became of each activity.

use vigie_core::PrincipalKey;

use crate::world::{ALICE, BOB, MINUTE, Metrics, NOTHING, SECOND, World, wall};

#[test]
fn ten_requests_in_a_row_make_one_update() {
    let mut world = World::new();
    world.after(SECOND);
    for _ in 0..10 {
        world.requests(ALICE);
        world.after(SECOND / 20);
    }
    assert_eq!(world.written(), ["alice"]);
    let after_ten = Metrics {
        total: 10,
        throttled: 9,
        successful: 1,
        ..Metrics::default()
    };
    assert_eq!(world.metrics(), after_ten);
    for _ in 0..10 {
        world.requests(BOB);
    }
    assert_eq!(world.written(), ["bob"]);
    let after_twenty = Metrics {
        total: 20,
        throttled: 18,
        successful: 2,
        ..Metrics::default()
    };
    assert_eq!(world.metrics(), after_twenty);
    assert_eq!(world.cells().entries(), 2);
}

#[test]
fn the_stored_time_is_that_of_the_accepted_request_however_late_it_is_written() {
    let mut world = World::new();
    world.after(SECOND);
    for _ in 0..10 {
        world.requests(ALICE);
        world.after(SECOND);
    }
    assert_eq!(world.last_active(ALICE), Some(10 * SECOND));
    world.written();
    assert_eq!(world.stored(ALICE).last_active_at, Some(wall(SECOND)));
}

#[test]
fn a_request_a_second_makes_one_update_a_minute() {
    let mut world = World::new();
    let mut writes = 0;
    for _ in 0..600 {
        world.requests(ALICE);
        writes += world.written().len();
        world.after(SECOND);
    }
    assert_eq!(writes, 10);
    assert_eq!(world.metrics().throttled, 590);
}

#[test]
fn an_edge_is_accepted_however_short_ago_the_last_update_was() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.after(SECOND);
    world.is_declared(ALICE, vigie_core::Availability::Offline);
    world.written();
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.metrics().successful, 2);
    assert_eq!(world.metrics().throttled, 0);
}

#[test]
fn an_edge_begins_the_interval_anew() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(10 * MINUTE);
    world.requests(ALICE);
    world.written();
    world.after(59 * SECOND);
    world.requests(ALICE);
    assert_eq!(world.written(), NOTHING);
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.written(), ["alice"]);
}

#[test]
fn connects_and_leaves_are_not_offered_to_the_throttle() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.shows_life(laptop);
    world.leaves(laptop);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.metrics(), Metrics::default());
    assert_eq!(world.cells().entries(), 0);
}

#[test]
fn activity_on_a_socket_is_offered_like_a_request() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.acts(laptop);
    world.after(SECOND);
    world.acts(laptop);
    world.requests(ALICE);
    world.written();
    let expected = Metrics {
        total: 3,
        throttled: 2,
        successful: 1,
        ..Metrics::default()
    };
    assert_eq!(world.metrics(), expected);
}

#[test]
fn a_failing_store_delays_an_update_and_counts_it_once() {
    let mut world = World::new();
    world.requests(ALICE);
    world.flush_fails();
    world.flush_fails();
    world.flush_fails();
    let away = Metrics {
        total: 1,
        failed: 1,
        pending: 1,
        ..Metrics::default()
    };
    assert_eq!(world.metrics(), away);
    assert_eq!(world.written(), ["alice"]);
    let back = Metrics {
        total: 1,
        failed: 1,
        successful: 1,
        ..Metrics::default()
    };
    assert_eq!(world.metrics(), back);
}

#[test]
fn updates_that_wait_for_the_store_are_merged_and_none_is_lost() {
    let mut world = World::new();
    for _ in 0..5 {
        world.requests(ALICE);
        world.after(MINUTE);
    }
    world.flush_fails();
    world.requests(ALICE);
    assert_eq!(world.metrics().pending, 6);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.metrics().successful, 6);
    assert_eq!(world.stored(ALICE).last_active_at, Some(wall(5 * MINUTE)));
}

#[test]
fn entries_of_the_silent_are_dropped_and_those_of_the_lively_stay() {
    let mut world = World::new();
    world.requests(ALICE);
    world.requests(BOB);
    world.after(9 * MINUTE);
    world.requests(BOB);
    world.after(MINUTE);
    let mono = world.now().mono;
    assert_eq!(world.cells().drop_silent(2, mono), 1);
    assert_eq!(world.cells().entries(), 1);
    world.requests(PrincipalKey(7));
    assert_eq!(world.cells().entries(), 2);
}

#[test]
fn the_throttle_of_one_person_does_not_hold_back_another() {
    let mut world = World::new();
    world.requests(ALICE);
    world.requests(BOB);
    assert_eq!(world.metrics().throttled, 0);
    assert_eq!(world.written(), ["alice", "bob"]);
}

#[test]
fn the_throttle_is_empty_after_a_restart() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.crashes_and_restarts_after(SECOND);
    assert_eq!(world.cells().entries(), 0);
    world.requests(ALICE);
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.metrics().successful, 1);
}
