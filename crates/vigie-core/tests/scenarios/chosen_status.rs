//! A status that people chose takes the computed one's place while they are present, and goes on behind it.

use vigie_core::Availability::{Away, Busy, Offline, Online};
use vigie_core::{Chosen, ChosenStatus};

use crate::world::{ALICE, HOUR, MILLISECOND, MINUTE, NOTHING, SECOND, World};

fn text(status: Option<ChosenStatus>, text: &str) -> Chosen {
    Chosen {
        status,
        text: Some(text.into()),
        until: None,
    }
}

#[test]
fn busy_outlives_idle_timer() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Busy);
    assert_eq!(world.told(), ["at 0 s: alice online", "at 1 s: alice busy"]);
    world.after(HOUR);
    assert_eq!(world.told(), NOTHING);
    world.goes_to_the_background(laptop);
    assert_eq!(world.availability(ALICE), Busy);
    world.chooses_nothing(ALICE);
    assert_eq!(world.told(), ["at 3601 s: alice away"]);
}

#[test]
fn whoever_chose_away_stays_so_whatever_they_do() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.chooses(ALICE, ChosenStatus::Away);
    world.told();
    for _ in 0..3 {
        world.after(MINUTE);
        world.acts(laptop);
        world.requests(ALICE);
    }
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.availability(ALICE), Away);
    assert_eq!(world.last_active(ALICE), Some(3 * MINUTE));
    world.chooses_nothing(ALICE);
    assert_eq!(world.told(), ["at 180 s: alice online"]);
}

#[test]
fn a_request_behind_busy_ends_an_absence_that_nobody_sees() {
    let mut world = World::new();
    world.connects(ALICE);
    world.chooses(ALICE, ChosenStatus::Busy);
    // Idle behind the status since five minutes.
    world.after(10 * MINUTE);
    world.requests(ALICE);
    world.after(5 * MINUTE - MILLISECOND);
    world.told();
    world.chooses_nothing(ALICE);
    assert_eq!(world.told(), ["at 899.999 s: alice online"]);
    world.after(MILLISECOND);
    assert_eq!(world.told(), ["at 900 s: alice away"]);
}

#[test]
fn a_choice_while_offline_tells_nobody_else() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.after(SECOND);
    world.leaves(laptop);
    world.told();
    world.after(MINUTE);
    let before = world.face(ALICE);
    world.chooses_all(ALICE, text(Some(ChosenStatus::Busy), "on a train"));
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.told_to_oneself(), ["at 61 s: alice offline, busy"]);
    assert_eq!(world.face(ALICE), before);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 61 s: alice busy \"on a train\""]);
}

#[test]
fn a_text_is_news_while_its_person_is_shown_present() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    world.told();
    world.chooses_all(ALICE, text(None, "on a train"));
    assert_eq!(world.told(), ["at 0 s: alice online \"on a train\""]);
    world.after(SECOND);
    world.chooses_all(ALICE, text(None, "on a bus"));
    assert_eq!(world.told(), ["at 1 s: alice online \"on a bus\""]);
    world.leaves(laptop);
    assert_eq!(world.told(), ["at 1 s: alice offline"]);
    assert_eq!(world.told_to_oneself(), NOTHING);
}

#[test]
fn the_same_choice_again_is_silent_and_costs_no_write() {
    let mut world = World::new();
    world.connects(ALICE);
    world.chooses(ALICE, ChosenStatus::Busy);
    world.told();
    world.written();
    world.after(SECOND);
    world.chooses(ALICE, ChosenStatus::Busy);
    assert_eq!((world.told().len(), world.told_to_oneself().len()), (0, 0));
    assert_eq!(world.written(), NOTHING);
}

#[test]
fn away_by_choice_over_away_by_idleness_is_news_for_oneself_alone() {
    let mut world = World::new();
    world.connects(ALICE);
    world.after(5 * MINUTE);
    world.told();
    let before = world.face(ALICE);
    world.chooses(ALICE, ChosenStatus::Away);
    assert_eq!(world.told(), NOTHING);
    assert_eq!(world.told_to_oneself(), ["at 300 s: alice away, away"]);
    assert_eq!(world.face(ALICE), before);
}

#[test]
fn an_operators_offline_covers_a_chosen_status() {
    let mut world = World::new();
    world.connects(ALICE);
    world.chooses(ALICE, ChosenStatus::Busy);
    world.told();
    world.is_declared(ALICE, Offline);
    assert_eq!(world.told(), ["at 0 s: alice offline"]);
    world.chooses(ALICE, ChosenStatus::Away);
    assert_eq!(world.told(), NOTHING);
    world.is_declared(ALICE, Online);
    assert_eq!(world.told(), ["at 0 s: alice away"]);
}

#[test]
fn a_choice_is_there_after_a_crash_and_so_is_the_state_behind_it() {
    let mut world = World::new();
    let laptop = world.connects(ALICE);
    let session = world.session(laptop);
    world.chooses_all(ALICE, text(Some(ChosenStatus::Busy), "on a train"));
    world.written();
    let before = world.face(ALICE);
    world.told();
    world.crashes_and_restarts_after(SECOND);
    world.resumes(ALICE, session);
    assert_eq!(world.told(), NOTHING);
    let after = world.face(ALICE);
    assert_eq!((after.availability, after.version), (Busy, before.version));
    assert_eq!(after.text.as_deref(), Some("on a train"));
    world.after(5 * MINUTE);
    world.chooses_nothing(ALICE);
    world.written();
    assert_eq!(world.told(), ["at 301 s: alice away"]);
    world.crashes_and_restarts_after(SECOND);
    assert_eq!(world.presence(ALICE).chosen, None);
    assert_eq!(world.told(), NOTHING);
}

#[test]
fn a_deleted_person_leaves_no_choice_behind() {
    let mut world = World::new();
    world.chooses_for(ALICE, ChosenStatus::Busy, HOUR);
    world.is_forgotten(ALICE);
    assert_eq!(world.presence(ALICE).chosen, None);
    world.after(2 * HOUR);
    world.connects(ALICE);
    assert_eq!(world.told(), ["at 7200 s: alice online"]);
}
