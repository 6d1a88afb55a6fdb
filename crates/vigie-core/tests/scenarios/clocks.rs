//! Two clocks: deadlines follow the one that never jumps, people read the other.

use vigie_core::{Availability, PresenceRecord, SessionId, StoredSession};

use crate::world::{ALICE, BEGINNING, HOUR, MINUTE, NOTHING, SECOND, World, wall};

#[test]
fn a_wall_clock_that_jumps_ahead_ends_no_lease() {
    let mut world = World::new();
    world.requests(ALICE);
    world.told();
    world.wall_clock_jumps_ahead(HOUR);
    world.after(4 * MINUTE);
    assert_eq!(world.told(), NOTHING);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 300 s: alice offline"]);
}

#[test]
fn a_wall_clock_that_jumps_ahead_does_not_move_what_happened_before() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(MINUTE);
    world.shows_life(laptop);
    world.wall_clock_jumps_ahead(HOUR);
    world.after(SECOND);
    world.is_lost(laptop);
    assert_eq!(world.last_active(ALICE), Some(BEGINNING));
    world.after(MINUTE);
    assert_eq!(
        world.last_seen(ALICE),
        Some(HOUR + MINUTE + SECOND),
        "the loss was its last proof, at what the clock then said"
    );
}

#[test]
fn a_wall_clock_that_jumps_back_prolongs_no_lease() {
    let mut world = World::new();
    world.after(2 * HOUR);
    world.requests(ALICE);
    world.told();
    world.wall_clock_jumps_back(HOUR);
    world.after(5 * MINUTE);
    assert_eq!(world.told(), ["at 7500 s: alice offline"]);
}

#[test]
fn times_never_go_backwards_with_the_clock() {
    let mut world = World::new();
    world.after(2 * HOUR);
    let laptop = world.connects(ALICE);
    world.wall_clock_jumps_back(HOUR);
    world.after(MINUTE);
    world.acts(laptop);
    world.requests(ALICE);
    assert_eq!(world.last_active(ALICE), Some(2 * HOUR));
    world.leaves(laptop);
    assert_eq!(world.last_seen(ALICE), Some(2 * HOUR));
    assert_eq!(world.last_proof(ALICE), Some(2 * HOUR));
}

#[test]
fn versions_grow_also_when_the_clock_goes_back() {
    let mut world = World::new();
    world.after(2 * HOUR);
    let laptop = world.connects(ALICE);
    world.wall_clock_jumps_back(HOUR);
    world.leaves(laptop);
    world.connects(ALICE);
    let versions: Vec<_> = world
        .announced(ALICE)
        .iter()
        .map(|presence| presence.version)
        .collect();
    assert_eq!(versions.len(), 3);
    assert!(versions.is_sorted_by(|one, next| one < next));
}

#[test]
fn an_activity_that_a_clock_set_back_hides_is_held_by_the_throttle() {
    let mut world = World::new();
    world.after(2 * HOUR);
    world.requests(ALICE);
    world.written();
    world.wall_clock_jumps_back(HOUR);
    world.after(2 * MINUTE);
    world.requests(ALICE);
    assert_eq!(world.written(), NOTHING, "there is nothing later to write");
    world.told();
    world.after(4 * MINUTE + 59 * SECOND);
    assert_eq!(
        world.told(),
        NOTHING,
        "the lease was prolonged all the same"
    );
}

#[test]
fn the_throttle_follows_the_clock_that_never_jumps() {
    let mut world = World::new();
    world.requests(ALICE);
    world.written();
    world.wall_clock_jumps_ahead(HOUR);
    world.after(59 * SECOND);
    world.requests(ALICE);
    assert_eq!(world.written(), NOTHING);
    world.after(SECOND);
    world.requests(ALICE);
    assert_eq!(world.written(), ["alice"]);
}

#[test]
fn a_stored_time_in_the_future_is_clamped_and_reported() {
    let mut world = World::new();
    world.store_holds(
        ALICE,
        PresenceRecord {
            last_active_at: Some(wall(HOUR)),
            ..PresenceRecord::default()
        },
    );
    world.crashes_and_restarts_after(MINUTE);
    assert_eq!(world.last_active(ALICE), Some(MINUTE));
    assert_eq!(world.totals().clamped_times, 1);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn an_unknown_time_stays_unknown_over_a_restart() {
    let mut world = World::new();
    world.is_declared(ALICE, Availability::Online);
    world.written();
    world.crashes_and_restarts_after(SECOND);
    world.after(HOUR);
    assert_eq!(world.last_active(ALICE), None);
    world.written();
    assert_eq!(world.stored(ALICE).last_active_at, None);
}

#[test]
fn a_sign_of_life_does_not_undo_a_proof_when_the_clock_went_back() {
    let mut world = World::new();
    let lost = world.connects(ALICE);
    world.is_lost(lost);
    world.after(SECOND);
    let laptop = world.connects(ALICE);
    assert_eq!(world.last_proof(ALICE), Some(SECOND));
    world.wall_clock_jumps_back(SECOND);
    world.shows_life(laptop);
    assert_eq!(world.last_proof(ALICE), Some(SECOND));
    world.acts(laptop);
    assert_eq!(world.last_proof(ALICE), Some(SECOND));
}

#[test]
fn of_two_activities_of_decades_ago_the_later_is_inherited() {
    let mut world = World::new();
    let years = |count: u32| wall(BEGINNING) - count * 365 * 24 * HOUR;
    let lost = |id, active_at| StoredSession {
        id: SessionId(id),
        active_at,
        backgrounded: false,
        lost_alive_at: None,
    };
    // A node whose clock had stood in the seventies, and was then set.
    world.store_holds(
        ALICE,
        PresenceRecord {
            last_active_at: Some(years(40)),
            sessions: vec![lost(1, years(50)), lost(2, years(40))],
            ..PresenceRecord::default()
        },
    );
    world.crashes_and_restarts_after(SECOND);
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.written();
    let mut sessions = world.stored(ALICE).sessions.iter();
    let own = sessions.find(|stored| stored.id == session);
    assert_eq!(own.map(|stored| stored.active_at), Some(years(40)));
}
