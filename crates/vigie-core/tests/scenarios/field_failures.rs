//! What broke in other presence systems in the field, each as a story that must not repeat itself here.

use vigie_core::Availability::{Away, Offline, Online};
use vigie_core::{Directory, PrincipalId, Profile, Revocation};

use crate::world::{ALICE, BOB, HOUR, MINUTE, NOTHING, SECOND, SILENCE_LIMIT, World, wall};

#[test]
fn a_new_tab_does_not_kick_the_old_one() {
    let mut world = World::new();
    let first = world.connects(ALICE);
    let second = world.connects(ALICE);
    assert_eq!(world.closed(), []);
    assert_eq!(world.totals().connected, 2);
    assert_ne!(world.session(first), world.session(second));
    assert_eq!(world.told(), ["at 0 s: alice online"]);
}

#[test]
fn a_reconnect_right_after_the_loss_is_not_erased_by_the_cleanup() {
    let mut world = World::new();
    let old = world.connects(ALICE);
    world.told();
    let new = world.connects(ALICE);
    world.is_lost(old);
    world.after(MINUTE);
    world.shows_life(new);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Online);
    world.written();
    assert_eq!(world.stored(ALICE).sessions.len(), 1);
}

#[test]
fn a_late_write_of_an_activity_resurrects_nobody() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.acts(laptop);
    world.flush_fails();
    world.leaves(laptop);
    // The retry writes the newest record, not the one that failed.
    assert_eq!(world.written(), ["alice"]);
    assert_eq!(world.stored(ALICE).availability, Offline);
    assert!(!world.stored(ALICE).has_lease());
}

#[test]
fn the_guard_after_a_goodbye_works_for_guests_too() {
    let mut directory = Directory::default();
    let people = ["guest:g_1", "user:g-1", "user:1"].map(|id| {
        let id: PrincipalId = id.parse().unwrap();
        directory.put(id, &Profile::default(), None)
    });
    for who in people {
        let mut world = World::new();
        let laptop = world.connects(who);
        world.leaves(laptop);
        world.told();
        world.after(SECOND);
        world.requests(who);
        assert_eq!(world.told(), NOTHING);
    }
}

#[test]
fn the_connected_and_passive_are_never_offline() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    for _ in 0..3_600 {
        world.after(8 * SECOND);
        world.shows_life(phone);
    }
    assert_eq!(
        world.told(),
        ["at 0 s: alice online", "at 300 s: alice away"]
    );
}

#[test]
fn a_busy_phone_that_drops_and_returns_does_not_flap() {
    let mut world = World::new();
    let mut phone = world.connects(ALICE);
    world.told();
    for _ in 0..50 {
        world.after(SECOND);
        world.acts(phone);
        let session = world.session(phone);
        world.is_lost_after_silence(phone, SECOND);
        world.after(3 * SECOND);
        phone = world.resumes(ALICE, session);
    }
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn twenty_page_reloads_tell_nobody() {
    let mut world = World::new();
    let mut tab = world.connects(ALICE);
    world.told();
    for _ in 0..20 {
        world.after(2 * SECOND);
        world.is_lost(tab);
        world.after(SECOND);
        tab = world.connects(ALICE);
    }
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.totals().connected, 1);
}

#[test]
fn logging_out_closes_all_sockets_and_the_next_request_does_not_announce() {
    let mut world = World::new();
    world.connects(ALICE);
    world.connects(ALICE);
    world.told();
    world.is_revoked(ALICE, Revocation::LoggedOut);
    assert_eq!(world.closed().len(), 2);
    world.requests(ALICE);
    world.after(MINUTE);
    assert_eq!(world.told(), ["at 0 s: alice offline"]);
}

#[test]
fn a_start_does_not_reset_everybodys_flag() {
    let mut world = World::new();
    world.connects(ALICE);
    world.requests(BOB);
    world.written();
    world.told();
    world.crashes_and_restarts_after(2 * SECOND);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Online);
    assert_eq!(world.availability(BOB), Online);
}

#[test]
fn a_killed_server_leaves_no_ghosts() {
    let mut world = World::new();
    world.connects(ALICE);
    world.requests(BOB);
    world.written();
    world.crashes_and_restarts_after(2 * SECOND);
    world.after(HOUR);
    assert_eq!(world.availability(ALICE), Offline);
    assert_eq!(world.availability(BOB), Offline);
    assert_eq!(world.totals().in_grace, 0);
    world.written();
    assert!(!world.stored(ALICE).has_lease());
    assert!(!world.stored(BOB).has_lease());
}

#[test]
fn a_hidden_tab_that_runs_no_timer_stays_present() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(HOUR);
    assert_eq!(world.availability(ALICE), Away, "an open link is a lease");
}

#[test]
fn a_closed_lid_is_offline_within_the_stated_time() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(10 * MINUTE);
    world.shows_life(laptop);
    world.told();
    world.after(SILENCE_LIMIT);
    world.is_lost_after_silence(laptop, SILENCE_LIMIT);
    world.after(HOUR);
    assert_eq!(world.told(), ["at 620 s: alice offline"]);
}

#[test]
fn nobody_is_stuck_away() {
    let mut world = World::new();
    let phone = world.connects(ALICE);
    let laptop = world.connects(ALICE);
    world.goes_to_the_background(phone);
    world.is_lost(phone);
    world.after(HOUR);
    world.told();
    world.acts(laptop);
    assert_eq!(world.told(), ["at 3600 s: alice online"]);
}

#[test]
fn what_was_announced_last_is_what_a_reader_sees() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(10 * MINUTE);
    world.requests(ALICE);
    world.is_declared(ALICE, Offline);
    world.acts(laptop);
    world.after(SECOND);
    world.acts(laptop);
    world.leaves(laptop);
    world.after(MINUTE);
    world.requests(ALICE);
    world.after(HOUR);
    let last = world.announced(ALICE).last().unwrap().clone();
    assert_eq!(world.presence(ALICE), last);
    world.written();
    assert_eq!(world.stored(ALICE).version, last.version);
    assert_eq!(world.stored(ALICE).availability, last.availability);
}

#[test]
fn a_missing_time_is_not_replaced_by_now() {
    let mut world = World::new();
    world.after(HOUR);
    let phone = world.connects(BOB);
    world.is_declared(ALICE, Online);
    let edges = world.announced(ALICE);
    assert_eq!(edges[0].last_active_at, None);
    assert_eq!(edges[0].last_seen_at, None);
    world.leaves(phone);
    assert_eq!(world.announced(BOB)[0].last_seen_at, None);
    assert_eq!(world.announced(BOB)[1].last_seen_at, Some(wall(HOUR)));
}

#[test]
fn unchanged_is_silent() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.requests(ALICE);
    world.written();
    world.told();
    for _ in 0..1_000 {
        world.shows_life(laptop);
        world.requests(ALICE);
        world.acts(laptop);
    }
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.written(), NOTHING);
}

#[test]
fn detection_is_stated_from_the_last_sign_of_life_and_not_from_a_sweep() {
    for offset in 0..16 {
        let mut world = World::new();
        let laptop = world.connects(ALICE);
        world.after(offset * SECOND);
        world.shows_life(laptop);
        world.told();
        world.after(SILENCE_LIMIT);
        world.is_lost_after_silence(laptop, SILENCE_LIMIT);
        world.after(HOUR);
        let expected = format!("at {} s: alice offline", offset + 20);
        assert_eq!(world.told(), [expected]);
    }
}

#[test]
fn a_deploy_announces_neither_the_goodbyes_nor_the_returns() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let phone = world.connects(BOB);
    let sessions = (world.session(laptop), world.session(phone));
    world.told();
    world.stops_and_restarts_after(8 * SECOND);
    world.resumes(ALICE, sessions.0);
    world.after(20 * SECOND);
    world.resumes(BOB, sessions.1);
    world.after(MINUTE);
    assert_eq!(world.told(), NOTHING);
}
