//! Many silent people reach their deadline at once, and nobody else has to wait for all of them.

use vigie_core::Availability::{Offline, Online};
use vigie_core::PrincipalKey;

use crate::world::{ALICE, BOB, MINUTE, World};

const CROWD: std::ops::Range<u32> = 100..20_100;

/// Steps a node takes before it looks at what else came in.
const BREATH: usize = 256;

#[test]
fn a_crowd_goes_offline_in_breaths_and_everybody_is_told_once() {
    let mut world = World::new();
    for key in CROWD {
        world.requests(PrincipalKey(key));
    }
    world.told();
    world.after_with_late_timers(5 * MINUTE);
    let mut breaths = 0;
    while world.timers_fire_for(BREATH) {
        breaths += 1;
        assert!(breaths < 1_000, "the crowd has an end");
    }
    assert!(breaths > 10, "nobody had to wait for the whole crowd");
    assert_eq!(world.told().len(), CROWD.len());
    for key in CROWD {
        assert_eq!(world.availability(PrincipalKey(key)), Offline);
    }
    assert_eq!(world.written().len(), CROWD.len());
}

#[test]
fn between_two_breaths_others_are_served_and_the_crowd_finds_its_own_state() {
    let mut world = World::new();
    for key in CROWD {
        world.requests(PrincipalKey(key));
    }
    world.after_with_late_timers(5 * MINUTE);
    world.told();
    assert!(world.timers_fire_for(BREATH));
    world.told();
    world.connects(BOB);
    assert_eq!(world.told(), ["at 300 s: bob online"]);
    let undecided = CROWD
        .map(PrincipalKey)
        .find(|key| world.availability(*key) == Online)
        .unwrap();
    world.requests(undecided);
    assert_eq!(
        world.told(),
        ["at 300 s: somebody offline", "at 300 s: somebody online"]
    );
    world.timers_fire();
    assert_eq!(world.availability(undecided), Online);
    assert_eq!(world.availability(ALICE), Offline);
}
