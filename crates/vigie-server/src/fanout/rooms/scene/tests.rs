//! What is counted against what could be listed, among people who block and hide from each other at random.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use fastrand::Rng;
use vigie_core::{ConnectionId, PrincipalId, Privacy, Profile, Reach, Role, SightRules};

use super::*;
use crate::fanout::rooms::here::Metadata;
use crate::fanout::rooms::index::Own;
use crate::fanout::visibility::list_sight;

const PEOPLE: usize = 12;

/// A room of most of some people, who block and hide from each other at random.
fn random(rng: &mut Rng) -> (Directory, ConversationKey, Index, Here) {
    let mut directory = Directory::default();
    let reciprocal = rng.bool();
    directory.set_sight_rules(SightRules { reciprocal });
    let mut put = |number: usize, rng: &mut Rng| {
        let id = PrincipalId::user(&format!("user{number}")).unwrap();
        let role = (rng.u32(..6) == 0).then_some(Role::Moderator);
        let profile = Profile {
            role,
            ..Profile::default()
        };
        directory.put(id, &profile, None)
    };
    let people: Vec<_> = (0..PEOPLE).map(|number| put(number, rng)).collect();
    let room = directory.put_conversation("room".parse().unwrap(), None);
    let (mut index, mut here) = (Index::default(), Here::default());
    for key in &people {
        if rng.u32(..8) > 0 {
            directory.join(room, *key);
        }
        let hides = rng.u32(..4) == 0;
        if hides {
            let privacy = Privacy {
                availability: Reach::Nobody,
                last_seen: Reach::Nobody,
            };
            directory.set_privacy(*key, privacy);
        }
        if rng.u32(..3) == 0 {
            directory.block(*key, people[rng.usize(..PEOPLE)]);
        }
        if !directory.is_member(room, *key) {
            continue;
        }
        let own = Own {
            availability: Availability::Online,
            is_veiled: rng.bool(),
        };
        let standing = match rng.u32(..4) {
            0 => Standing::Absent,
            1 => Standing::Hidden(own),
            _ if hides => Standing::Hidden(own),
            _ => Standing::Public(Availability::Online),
        };
        index.note(directory.member(*key).id(), *key, standing);
        if rng.bool() {
            here.open(*key, ConnectionId(u64::from(key.0)), Metadata::Unchanged);
        }
    }
    (directory, room, index, here)
}

/// The room as it is now, with what its gathering would have counted.
fn scene<'s>(
    directory: &'s Directory,
    conversation: ConversationKey,
    index: &'s Index,
    here: &'s Here,
) -> Scene<'s> {
    Scene {
        directory,
        conversation,
        members: directory
            .conversation(conversation)
            .unwrap()
            .members()
            .len(),
        here,
        index,
        here_public: here_public(directory, index, here),
    }
}

#[test]
fn what_is_counted_is_what_could_be_listed_for_every_watcher() {
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let (directory, conversation, index, here) = random(&mut rng);
        let members = directory.conversation(conversation).unwrap().members();
        let scene = scene(&directory, conversation, &index, &here);
        let watchers = members.iter().map(|key| Watcher::Principal(*key));
        for watcher in watchers.chain([Watcher::Service]) {
            let told: Vec<_> = members
                .iter()
                .filter_map(|key| Some((*key, scene.told(watcher, *key)?)))
                .collect();
            let unseen = members
                .iter()
                .filter(|key| directory.sight(watcher, **key) == Sight::Nothing);
            let expected = Counts {
                members: members.len() - unseen.count(),
                online: told.len(),
                here: told.iter().filter(|(_, told)| told.is_here).count(),
            };
            let counted = scene.count(watcher);
            assert_eq!(counted, expected, "seed {seed}, {watcher:?}");
            if watcher == Watcher::Service {
                continue;
            }
            let told: BTreeSet<_> = told.into_iter().map(|(key, _)| key).collect();
            let shown = |key: &PrincipalKey| scene.told(watcher, *key).is_some();
            let listed: BTreeSet<_> = scene.listing(watcher).filter(shown).collect();
            let window = scene.window(watcher).0.into_iter();
            let window: BTreeSet<_> = window.filter(shown).collect();
            assert_eq!(
                (&listed, &window),
                (&told, &told),
                "seed {seed}, {watcher:?}"
            );
        }
    }
}

#[test]
fn who_is_listed_as_online_is_who_would_be_found_one_by_one() {
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let (directory, conversation, index, here) = random(&mut rng);
        let members = directory.conversation(conversation).unwrap().members();
        let scene = scene(&directory, conversation, &index, &here);
        for watcher in members {
            let is_shown = |key: &&PrincipalKey| {
                let is_public = index.standing(directory.member(**key).id()).is_public();
                is_public && list_sight(&directory, *watcher, **key).follows()
            };
            let mut shown: Vec<_> = members.iter().filter(is_shown).copied().collect();
            shown.sort_by_key(|key| directory.member(*key).id().clone());
            let most = rng.usize(..PEOPLE);
            let (count, first) = scene.online(*watcher, most);
            assert_eq!(count, shown.len(), "seed {seed}, {watcher:?}");
            shown.truncate(most);
            assert_eq!(first, shown, "seed {seed}, {watcher:?}");
        }
    }
}

#[test]
fn a_blocked_member_leaves_and_the_watcher_counts_what_it_counted() {
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let (mut directory, conversation, index, here) = random(&mut rng);
        let members = |directory: &Directory| {
            let group = directory.conversation(conversation).unwrap();
            group.members().to_vec()
        };
        let count = |directory: &Directory, watcher| {
            scene(directory, conversation, &index, &here).count(watcher)
        };
        for watcher in members(&directory) {
            let seen = Watcher::Principal(watcher);
            let partners = directory.block_partners(watcher).into_iter();
            let unseen = partners.filter(|key| directory.sight(seen, *key) == Sight::Nothing);
            let Some(who) = unseen.min() else { continue };
            let before = count(&directory, seen);
            // Those who keep the index hear of it later.
            directory.leave(conversation, who);
            assert_eq!(count(&directory, seen), before, "seed {seed}, {watcher:?}");
        }
    }
}

#[test]
fn a_change_that_is_hidden_from_a_watcher_changes_nothing_that_it_is_told() {
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let (directory, conversation, mut index, mut here) = random(&mut rng);
        let members = directory.conversation(conversation).unwrap().members();
        let seen = |index: &Index, here: &Here, watcher| {
            let scene = scene(&directory, conversation, index, here);
            let told: Vec<_> = members
                .iter()
                .map(|key| scene.told(watcher, *key))
                .collect();
            (told, scene.count(watcher), scene.window(watcher))
        };
        // Somebody whom others do not see comes, opens the conversation, and goes again.
        let Some(who) = members
            .iter()
            .copied()
            .find(|key| directory.member(*key).privacy().availability == Reach::Nobody)
        else {
            continue;
        };
        let id = directory.member(who).id();
        let others = members.iter().filter(|key| **key != who);
        let others: Vec<_> = others.map(|key| Watcher::Principal(*key)).collect();
        let before: Vec<_> = others.iter().map(|one| seen(&index, &here, *one)).collect();
        let own = Own {
            availability: Availability::Busy,
            is_veiled: rng.bool(),
        };
        for standing in [Standing::Hidden(own), Standing::Absent] {
            index.note(id, who, standing);
            here.open(who, ConnectionId(77), Metadata::Given("{}".into()));
            let after: Vec<_> = others.iter().map(|one| seen(&index, &here, *one)).collect();
            assert_eq!(before, after, "seed {seed}");
        }
    }
}
