//! What holds of the engine whatever happens: properties over random stories.
//!
//! [`step`] makes the stories, [`machine`] plays them on virtual time and keeps a log; each test here states one law.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod machine;
mod step;

use std::collections::BTreeMap;

use proptest::prelude::*;
use vigie_core::{
    Availability, ChosenStatus, Concern, Face, Presence, PrincipalKey, Rules, Sight, Version, face,
};

use machine::{Entry, Machine, Timers};
use step::{PEOPLE, Step, Story, Turn, calm_story, story};

fn everybody() -> impl Iterator<Item = PrincipalKey> {
    (0..PEOPLE).map(PrincipalKey)
}

fn played(story: &Story, timers: Timers) -> Machine {
    let mut machine = Machine::new(timers);
    for turn in &story.0 {
        machine.play(turn);
    }
    machine
}

proptest! {
    #[test]
    fn every_lease_ends_by_itself_once_the_connections_are_gone(story in story()) {
        let mut machine = played(&story, Timers::Exact);
        machine.lose_every_connection();
        // Whoever stops hiding in that time looks like one who comes then, for as long.
        let comes_forward = |who: &PrincipalKey| {
            let presence = machine.presence(*who);
            let until = presence.chosen.and_then(|chosen| chosen.until);
            presence.veil.is_some() && until.is_some()
        };
        let (_, others): (Vec<_>, Vec<_>) = everybody().partition(comes_forward);
        machine.wait(Rules::default().offline_after);
        for who in others {
            prop_assert!(!machine.record(who).has_lease());
        }
        machine.wait(step::LONG);
        for who in everybody() {
            prop_assert_eq!(machine.presence(who).availability, Availability::Offline);
            prop_assert!(!machine.record(who).has_lease());
        }
        prop_assert_eq!(machine.totals().connected, 0);
        prop_assert_eq!(machine.totals().in_grace, 0);
        prop_assert!(machine.is_idle(), "no deadline is left");
    }

    #[test]
    fn announcements_follow_each_other_and_say_something_new(story in story()) {
        let machine = played(&story, Timers::Exact);
        let mut known: BTreeMap<PrincipalKey, Presence> = BTreeMap::new();
        for entry in machine.log() {
            let Entry::Announced { who, was, presence, concern, .. } = entry else { continue };
            let last = known.get(who);
            let last_version = last.map_or(Version(0), |last| last.version);
            prop_assert_eq!(*was, last.map_or(Availability::Offline, |last| last.availability));
            let said = |presence: &Presence| (presence.availability, presence.chosen.clone(), presence.veil);
            prop_assert_ne!(Some(said(presence)), last.map(said));
            if *concern == Concern::Watchers || presence.availability != *was {
                prop_assert!(presence.version > last_version);
            }
            prop_assert!(presence.version >= last_version);
            known.insert(*who, presence.clone());
        }
        for who in everybody() {
            let last = known.get(&who).map(|last| (last.availability, last.version));
            let presence = machine.presence(who);
            prop_assert_eq!((presence.availability, presence.version), last.unwrap_or_default());
        }
    }

    #[test]
    fn whoever_was_told_sees_what_they_were_told(story in story()) {
        let mut machine = Machine::new(Timers::Exact);
        let seen = |face: Face| (face.availability, face.version, face.text, face.until);
        let mut told: BTreeMap<PrincipalKey, Face> = BTreeMap::new();
        let mut read = 0;
        for turn in &story.0 {
            machine.play(turn);
            for entry in &machine.log()[read..] {
                let Entry::Announced { who, presence, concern: Concern::Watchers, .. } = entry else {
                    continue;
                };
                told.insert(*who, face(Sight::CONTACT, presence, machine.latest_wall()));
            }
            read = machine.log().len();
            for who in everybody() {
                let unknown = Face { version: Some(Version(0)), ..Face::default() };
                let told = told.get(&who).cloned().unwrap_or(unknown);
                prop_assert_eq!(seen(machine.face(who)), seen(told));
            }
        }
    }

    #[test]
    fn a_veiled_face_never_changes(story in story()) {
        let mut machine = Machine::new(Timers::Exact);
        for turn in &story.0 {
            let before: Vec<_> = everybody().map(|who| (machine.presence(who), machine.face(who))).collect();
            let read = machine.log().len();
            machine.play(turn);
            for (who, (before, face)) in everybody().zip(before) {
                let now = machine.presence(who);
                let Some(veil) = before.veil else { continue };
                if now.veil == Some(veil) {
                    prop_assert_eq!(machine.face(who), face);
                    let told = |entry: &Entry| matches!(
                        entry,
                        Entry::Announced { who: whose, concern: Concern::Watchers, .. } if *whose == who
                    );
                    prop_assert!(!machine.log()[read..].iter().any(told));
                } else {
                    let hid = before.chosen.as_ref().and_then(|chosen| chosen.status);
                    let ended = hid != Some(ChosenStatus::Invisible) || now.chosen != before.chosen;
                    prop_assert!(ended, "a veil is lifted of whoever does not hide");
                    prop_assert!(now.version > veil.version);
                    let took_time = matches!(turn.step, Step::TimePasses { .. });
                    prop_assert!(took_time || now.availability.is_online(), "whoever is seen again is there");
                }
            }
        }
    }

    #[test]
    fn every_choice_with_an_end_ends(story in story()) {
        let mut machine = played(&story, Timers::Exact);
        machine.wait(step::LONG);
        for who in everybody() {
            let chosen = machine.presence(who).chosen;
            prop_assert!(chosen.is_none_or(|chosen| chosen.until.is_none()));
        }
    }

    #[test]
    fn times_never_go_backwards_and_never_lie_ahead_of_the_clock(story in story()) {
        let mut machine = Machine::new(Timers::Exact);
        for turn in &story.0 {
            let before: Vec<_> = everybody().map(|who| machine.presence(who)).collect();
            machine.play(turn);
            for (who, before) in everybody().zip(before) {
                let after = machine.presence(who);
                prop_assert!(after.last_active_at >= before.last_active_at);
                prop_assert!(after.last_seen_at >= before.last_seen_at);
                // The proof of an open link is reckoned from the wall clock, and nobody pulses who was called offline.
                let jumped = matches!(turn.step, Step::WallClockJumpsBack { .. });
                if !jumped && !machine.is_forced_offline(who) {
                    prop_assert!(after.last_proof_at >= before.last_proof_at);
                }
                let latest = Some(machine.latest_wall());
                prop_assert!(after.last_active_at <= latest);
                prop_assert!(after.last_proof_at <= latest);
                prop_assert!(after.last_seen_at <= after.last_proof_at);
            }
        }
    }

    #[test]
    fn the_same_story_has_the_same_effects(story in story()) {
        let one = played(&story, Timers::Exact);
        let other = played(&story, Timers::Exact);
        prop_assert_eq!(one.log(), other.log());
    }

    #[test]
    fn waking_more_often_changes_nothing(story in story()) {
        let exact = played(&story, Timers::Exact);
        let often = played(&story, Timers::Every(step::GRAIN));
        prop_assert_eq!(exact.log(), often.log());
    }

    #[test]
    fn deciding_in_small_breaths_reaches_the_same_state(story in story(), limit in 1_usize..4) {
        let whole = played(&story, Timers::Late { limit: usize::MAX });
        let breaths = played(&story, Timers::Late { limit });
        prop_assert_eq!(whole.log(), breaths.log());
        for who in everybody() {
            prop_assert_eq!(whole.presence(who), breaths.presence(who));
            prop_assert_eq!(whole.record(who), breaths.record(who));
        }
    }

    #[test]
    fn a_late_node_reaches_the_same_state(story in calm_story()) {
        let mut exact = played(&story, Timers::Exact);
        let mut late = played(&story, Timers::Late { limit: usize::MAX });
        exact.wait(step::GRAIN);
        late.wait(step::GRAIN);
        for who in everybody() {
            let (exact, late) = (exact.presence(who), late.presence(who));
            prop_assert_eq!(exact.availability, late.availability);
            prop_assert_eq!(exact.last_active_at, late.last_active_at);
        }
    }

    #[test]
    fn people_do_not_disturb_each_other(story in story()) {
        let together = played(&story, Timers::Exact);
        for who in everybody() {
            let own = |turn: &&Turn| turn.concerns(who);
            let alone = Story(story.0.iter().filter(own).cloned().collect());
            let alone = played(&alone, Timers::Exact);
            prop_assert_eq!(together.log_of(who), alone.log_of(who));
            prop_assert_eq!(together.presence(who), alone.presence(who));
        }
    }

    #[test]
    fn refreshes_keep_the_throttles_distance(story in story()) {
        let machine = played(&story, Timers::Exact);
        let mut accepted = BTreeMap::new();
        for entry in machine.log() {
            let Entry::Accepted { who, at, edge } = entry else { continue };
            if let Some(last) = accepted.insert(*who, *at)
                && !edge
            {
                prop_assert!(at.since(last) >= Rules::default().throttle_interval);
            }
        }
    }

    #[test]
    fn a_restart_of_no_length_tells_nobody(story in calm_story()) {
        let mut machine = played(&story, Timers::Exact);
        let before: Vec<_> = everybody().map(|who| machine.presence(who)).collect();
        let told = machine.log().len();
        machine.restart();
        for (who, before) in everybody().zip(before) {
            let after = machine.presence(who);
            prop_assert_eq!(after.availability, before.availability);
            prop_assert_eq!(after.version, before.version);
            prop_assert_eq!(after.last_active_at, before.last_active_at);
            prop_assert_eq!(after.last_seen_at, before.last_seen_at);
            prop_assert_eq!(after.chosen, before.chosen);
            prop_assert_eq!(after.veil, before.veil);
        }
        let announced = |entry: &&Entry| matches!(entry, Entry::Announced { .. });
        prop_assert_eq!(machine.log()[told..].iter().filter(announced).count(), 0);
    }

    #[test]
    fn every_restored_lease_ends_by_itself(story in story()) {
        let mut machine = played(&story, Timers::Exact);
        machine.restart();
        machine.wait(step::LONG);
        for who in everybody() {
            prop_assert_eq!(machine.presence(who).availability, Availability::Offline);
            prop_assert!(!machine.record(who).has_lease());
        }
        prop_assert!(machine.is_idle(), "no deadline is left");
    }
}
