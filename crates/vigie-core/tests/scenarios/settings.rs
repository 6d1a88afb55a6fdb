//! Every period of the rules is a setting, and each one decides its own thing.

use core::time::Duration;

use vigie_core::Rules;

use crate::world::{ALICE, MILLISECOND, MINUTE, NOTHING, SECOND, World};

/// No two periods are alike, and none is its default.
fn unusual() -> Rules {
    let rules = Rules {
        throttle_interval: 2 * SECOND,
        offline_after: 50 * SECOND,
        away_after: 20 * SECOND,
        grace: 7 * SECOND,
        leave_guard: 3 * SECOND,
        restart_grace: 11 * SECOND,
        cache_max_age: 13 * SECOND,
    };
    assert_eq!(rules.check(), []);
    rules
}

/// After `story`, nobody is told anything for `period` less a millisecond, and then `told`.
fn check(story: impl FnOnce(&mut World), period: Duration, told: &str) {
    let mut world = World::with(unusual());
    story(&mut world);
    world.told();
    world.after(period - MILLISECOND);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    assert_eq!(world.told(), [told]);
}

#[test]
fn offline_after_ends_rest_leases() {
    check(
        |world| world.requests(ALICE),
        50 * SECOND,
        "at 50 s: alice offline",
    );
}

#[test]
fn away_after_makes_sessions_idle() {
    check(
        |world| {
            world.connects(ALICE);
        },
        20 * SECOND,
        "at 20 s: alice away",
    );
}

#[test]
fn grace_ends_lost_sessions() {
    check(
        |world| {
            let laptop = world.connects(ALICE);
            world.is_lost(laptop);
        },
        7 * SECOND,
        "at 7 s: alice offline",
    );
}

#[test]
fn restart_grace_ends_restored_sessions() {
    check(
        |world| {
            world.connects(ALICE);
            world.written();
            world.crashes_and_restarts_after(SECOND);
        },
        11 * SECOND,
        "at 12 s: alice offline",
    );
}

#[test]
fn leave_guard_holds_requests_back() {
    let mut world = World::with(unusual());
    let laptop = world.connects(ALICE);
    world.leaves(laptop);
    world.told();
    world.after(3 * SECOND - MILLISECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), NOTHING);
    world.after(MILLISECOND);
    world.requests(ALICE);
    assert_eq!(world.told(), ["at 3 s: alice online"]);
}

#[test]
fn throttle_interval_spaces_refreshes() {
    let mut world = World::with(unusual());
    world.requests(ALICE);
    world.written();
    world.after(2 * SECOND - MILLISECOND);
    world.requests(ALICE);
    assert_eq!(world.written(), NOTHING);
    world.after(MILLISECOND);
    world.requests(ALICE);
    assert_eq!(world.written(), ["alice"]);
}

#[test]
fn cache_max_age_drops_throttle_entries() {
    let mut world = World::with(unusual());
    world.requests(ALICE);
    world.after(13 * SECOND - MILLISECOND);
    assert_eq!(world.cells().drop_silent(1, world.now().mono), 0);
    world.after(MILLISECOND);
    assert_eq!(world.cells().drop_silent(1, world.now().mono), 1);
}

#[test]
fn idleness_may_outlast_a_rest_lease() {
    let rules = Rules {
        away_after: 10 * MINUTE,
        ..Rules::default()
    };
    let mut world = World::with(rules);
    let laptop = world.connects(ALICE);
    world.after(9 * MINUTE);
    world.requests(ALICE);
    world.after(6 * MINUTE);
    world.told();
    world.is_lost(laptop);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 904 s: alice offline"]);
}
