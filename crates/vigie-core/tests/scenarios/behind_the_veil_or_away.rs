//! Two worlds with the same story, but that in one somebody is invisible for a while and in the other gone: others are shown the same in both, also afterwards.

use core::time::Duration;

use vigie_core::Availability::{Offline, Online};
use vigie_core::ChosenStatus;

use crate::world::{ALICE, Device, HOUR, MINUTE, SECOND, World};

/// The same person in both worlds.
struct Worlds {
    veiled: World,
    away: World,
}

impl Worlds {
    /// Alice was there for ten seconds, and then hides in one world and leaves in the other.
    fn part() -> (Self, Device) {
        let (mut worlds, [laptop, other]) = Self::begin();
        worlds.veiled.chooses(ALICE, ChosenStatus::Invisible);
        worlds.away.leaves(other);
        worlds.are_alike("at the goodbye");
        (worlds, laptop)
    }

    fn begin() -> (Self, [Device; 2]) {
        let mut worlds = Self {
            veiled: World::new(),
            away: World::new(),
        };
        let devices = worlds.both(|world| world.connects(ALICE));
        worlds.after(10 * SECOND);
        (worlds, devices)
    }

    fn both<T>(&mut self, act: impl Fn(&mut World) -> T) -> [T; 2] {
        [act(&mut self.veiled), act(&mut self.away)]
    }

    fn after(&mut self, span: Duration) {
        self.both(|world| world.after(span));
    }

    fn are_alike(&mut self, when: &str) {
        assert_eq!(self.veiled.face(ALICE), self.away.face(ALICE), "{when}");
        let [veiled, away] = self.both(World::told);
        assert_eq!(veiled, away, "{when}");
    }

    fn crash(&mut self) {
        self.both(|world| {
            world.written();
            world.crashes_and_restarts_after(2 * SECOND);
        });
    }
}

/// Acts and leaves behind the veil, and lets others see again while nobody is there.
fn is_there_in_secret(worlds: &mut Worlds, laptop: Device) {
    worlds.after(MINUTE);
    worlds.veiled.acts(laptop);
    worlds.after(MINUTE);
    worlds.veiled.leaves(laptop);
    worlds.are_alike("while it lasts");
    worlds.after(MINUTE);
    worlds.veiled.chooses_nothing(ALICE);
    worlds.after(HOUR);
    worlds.are_alike("while it is over and nobody is there");
}

#[test]
fn coming_back_tells_nothing_of_the_time_behind_the_veil() {
    let (mut worlds, laptop) = Worlds::part();
    is_there_in_secret(&mut worlds, laptop);
    let goodbye = worlds.veiled.face(ALICE);
    let devices = worlds.both(|world| world.connects(ALICE));
    worlds.are_alike("at the return");
    let back = worlds.veiled.face(ALICE);
    assert_eq!(back.last_seen_at, goodbye.last_seen_at);
    assert!(back.version > goodbye.version);
    // Oneself and services are shown what is.
    assert_eq!(
        worlds.veiled.last_seen(ALICE),
        Some(2 * MINUTE + 10 * SECOND)
    );
    worlds.after(MINUTE);
    worlds.are_alike("a while later");
    worlds.veiled.acts(devices[0]);
    worlds.away.acts(devices[1]);
    worlds.are_alike("at an activity");
    worlds.after(10 * MINUTE);
    worlds.are_alike("when idle");
    worlds.veiled.leaves(devices[0]);
    worlds.away.leaves(devices[1]);
    worlds.are_alike("at the next goodbye");
    assert_eq!(worlds.veiled.presence(ALICE).times_shown, None);
}

#[test]
fn coming_back_by_a_request_tells_as_little() {
    for ago in [Duration::ZERO, 4 * SECOND] {
        let (mut worlds, laptop) = Worlds::part();
        is_there_in_secret(&mut worlds, laptop);
        worlds.both(|world| world.is_reported_active(ALICE, ago));
        worlds.are_alike("at the return");
        worlds.after(HOUR);
        worlds.are_alike("when it is over");
    }
}

#[test]
fn whoever_is_there_by_requests_at_its_end_looks_like_one_who_comes() {
    let (mut worlds, [laptop, other]) = Worlds::begin();
    worlds
        .veiled
        .chooses_for(ALICE, ChosenStatus::Invisible, HOUR);
    worlds.veiled.leaves(laptop);
    worlds.away.leaves(other);
    worlds.after(HOUR - 4 * MINUTE);
    worlds.veiled.requests(ALICE);
    worlds.after(4 * MINUTE);
    worlds.away.requests(ALICE);
    worlds.are_alike("at the return");
    for _ in 0..6 {
        worlds.after(MINUTE);
        worlds.are_alike("as time passes");
    }
}

#[test]
fn an_operator_who_says_online_tells_as_little() {
    let (mut worlds, laptop) = Worlds::part();
    is_there_in_secret(&mut worlds, laptop);
    worlds.both(|world| world.is_declared(ALICE, Online));
    worlds.are_alike("at the word");
    worlds.after(HOUR);
    worlds.are_alike("when the lease is over, and nobody was active");
    worlds.crash();
    worlds.are_alike("after a restart");
    worlds.both(|world| world.is_declared(ALICE, Online));
    worlds.both(|world| world.is_declared(ALICE, Offline));
    worlds.are_alike("at the operator's goodbye");
    let devices = worlds.both(|world| world.connects(ALICE));
    worlds.are_alike("at an arrival");
    worlds.veiled.leaves(devices[0]);
    worlds.away.leaves(devices[1]);
    worlds.are_alike("at the last goodbye");
    assert_eq!(worlds.veiled.presence(ALICE).times_shown, None);
}

#[test]
fn whoever_ends_it_while_connected_and_idle_looks_like_one_who_comes() {
    for in_background in [false, true] {
        let (mut worlds, laptop) = Worlds::part();
        worlds.after(HOUR);
        if in_background {
            worlds.veiled.goes_to_the_background(laptop);
        }
        worlds.veiled.chooses_nothing(ALICE);
        let tablet = worlds.away.connects(ALICE);
        worlds.are_alike("at the return");
        for _ in 0..7 {
            worlds.after(MINUTE);
            worlds.are_alike("as time passes");
        }
        worlds.veiled.leaves(laptop);
        worlds.away.leaves(tablet);
        worlds.are_alike("at the goodbye");
    }
}

#[test]
fn whoever_is_connected_and_idle_at_its_end_looks_like_one_who_comes() {
    let (mut worlds, [laptop, other]) = Worlds::begin();
    worlds
        .veiled
        .chooses_for(ALICE, ChosenStatus::Invisible, HOUR);
    worlds.away.leaves(other);
    worlds.after(HOUR);
    let tablet = worlds.away.connects(ALICE);
    worlds.are_alike("at the return");
    worlds.after(6 * MINUTE);
    worlds.are_alike("when idle");
    worlds.veiled.is_lost(laptop);
    worlds.away.is_lost(tablet);
    worlds.after(MINUTE);
    worlds.are_alike("when lost");
}

#[test]
fn a_restart_between_the_return_and_the_goodbye_keeps_it() {
    let (mut worlds, laptop) = Worlds::part();
    is_there_in_secret(&mut worlds, laptop);
    let sessions = worlds.both(|world| {
        let device = world.connects(ALICE);
        world.session(device)
    });
    worlds.are_alike("at the return");
    worlds.crash();
    worlds.are_alike("after a crash");
    let veiled = worlds.veiled.resumes(ALICE, sessions[0]);
    let away = worlds.away.resumes(ALICE, sessions[1]);
    worlds.after(MINUTE);
    worlds.are_alike("when the session went on");
    worlds.veiled.leaves(veiled);
    worlds.away.leaves(away);
    worlds.are_alike("at the goodbye");
    worlds.crash();
    worlds.are_alike("after another crash");
}

#[test]
fn a_restart_after_an_idle_return_keeps_it() {
    let (mut worlds, laptop) = Worlds::part();
    worlds.after(HOUR);
    let session = worlds.veiled.session(laptop);
    worlds.veiled.chooses_nothing(ALICE);
    let tablet = worlds.away.connects(ALICE);
    let other = worlds.away.session(tablet);
    worlds.after(SECOND);
    worlds.crash();
    worlds.are_alike("after a crash");
    let laptop = worlds.veiled.resumes(ALICE, session);
    let tablet = worlds.away.resumes(ALICE, other);
    worlds.after(6 * MINUTE);
    worlds.are_alike("when idle");
    worlds.veiled.leaves(laptop);
    worlds.away.leaves(tablet);
    worlds.are_alike("at the goodbye");
}

#[test]
fn hiding_again_before_the_next_goodbye_is_a_goodbye_like_any() {
    let (mut worlds, laptop) = Worlds::part();
    is_there_in_secret(&mut worlds, laptop);
    let devices = worlds.both(|world| world.connects(ALICE));
    worlds.after(MINUTE);
    worlds.veiled.chooses(ALICE, ChosenStatus::Invisible);
    worlds.away.leaves(devices[1]);
    worlds.are_alike("at the second goodbye");
    is_there_in_secret(&mut worlds, devices[0]);
    worlds.both(|world| world.is_declared(ALICE, Online));
    worlds.are_alike("at the second return");
    worlds.after(HOUR);
    // What is left of a veil is over, but the person was not active since.
    worlds.veiled.chooses(ALICE, ChosenStatus::Invisible);
    worlds.are_alike("at hiding while offline");
}
