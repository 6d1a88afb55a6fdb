//! Who exists, who shares what, and who blocked whom.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

fn directory(people: &[&str]) -> (Directory, Vec<PrincipalKey>) {
    let mut directory = Directory::default();
    let keys = people
        .iter()
        .map(|id| directory.put(PrincipalId::user(id).unwrap(), &Profile::default(), None))
        .collect();
    (directory, keys)
}

#[test]
fn the_audience_names_everyone_once_however_many_conversations_are_shared() {
    let (mut directory, people) = directory(&["alice", "bob", "carol", "mallory"]);
    for (id, members) in [("one", &people[..2]), ("two", &people[..3])] {
        let key = directory.put_conversation(id.parse().unwrap(), None);
        for member in members {
            assert!(directory.join(key, *member));
            assert!(!directory.join(key, *member));
        }
    }
    assert_eq!(directory.audience(people[0], 1_000), people[..3]);
    assert_eq!(directory.audience(people[3], 1_000), [people[3]]);
    assert!(directory.share_conversation(people[0], people[2]));
    assert!(!directory.share_conversation(people[0], people[3]));
}

#[test]
fn a_conversation_above_the_limit_grants_sight_without_subscription() {
    let (mut directory, people) = directory(&["alice", "bob", "carol"]);
    let key = directory.put_conversation("all".parse().unwrap(), None);
    for member in &people {
        directory.join(key, *member);
    }
    assert_eq!(directory.audience(people[0], 2), [people[0]]);
    assert!(directory.share_conversation(people[0], people[1]));
    assert!(!directory.are_subscribed(people[0], people[1], 2));
    assert!(directory.are_subscribed(people[0], people[1], 3));
}

#[test]
fn the_population_is_counted_through_every_change_of_who_exists() {
    let (mut directory, people) = directory(&["alice", "bob"]);
    let profile = Profile::default();
    let guest = PrincipalId::guest("g_0123456789abcdef01234567").unwrap();
    let check = |directory: &Directory, users: usize, guests: usize| {
        let counted = directory.members().filter(|(_, who)| !who.is_deleted());
        let kinds: Vec<_> = counted.map(|(_, who)| who.id().kind()).collect();
        let count = |kind| kinds.iter().filter(|one| **one == kind).count();
        let walked = (count(PrincipalKind::User), count(PrincipalKind::Guest));
        assert_eq!(walked, (users, guests));
        assert_eq!(directory.population(), Population { users, guests });
    };
    check(&directory, 2, 0);
    let gus = directory.put(guest.clone(), &profile, None);
    check(&directory, 2, 1);
    // Put again, a principal is the same one.
    directory.put(PrincipalId::user("alice").unwrap(), &profile, None);
    directory.put(guest.clone(), &profile, None);
    check(&directory, 2, 1);
    // Deleted twice, it is gone once.
    directory.delete(people[1]);
    directory.delete(people[1]);
    directory.delete(gus);
    check(&directory, 1, 0);
    directory.put(PrincipalId::user("bob").unwrap(), &profile, None);
    directory.put(guest, &profile, None);
    check(&directory, 2, 1);
}

#[test]
fn a_block_of_an_id_that_nobody_has_looks_like_any_other_and_waits() {
    let (mut directory, people) = directory(&["alice", "bob"]);
    let [alice, bob] = people[..] else {
        panic!("two people");
    };
    let carol = PrincipalId::user("carol").unwrap();
    assert!(directory.block_id(alice, &carol));
    assert!(!directory.block_id(alice, &carol));
    assert!(directory.block_id(alice, &PrincipalId::user("bob").unwrap()));
    let ids = |directory: &Directory| directory.blocked_ids(alice);
    let named = |ids: &[&str]| -> Vec<_> {
        ids.iter()
            .map(|id| PrincipalId::user(id).unwrap())
            .collect()
    };
    assert_eq!(ids(&directory), named(&["bob", "carol"]));
    let key = directory.put(carol.clone(), &Profile::default(), None);
    assert!(directory.is_blocked_between(alice, key));
    assert_eq!(ids(&directory), named(&["bob", "carol"]));
    assert!(directory.unblock_id(alice, &carol));
    assert!(!directory.is_blocked_between(alice, key));
    // Deleted and blocked again, it is blocked when it comes back.
    directory.delete(key);
    assert!(directory.block_id(alice, &carol));
    directory.put(carol.clone(), &Profile::default(), None);
    assert!(directory.is_blocked_between(alice, key));
    // Who goes wants nothing any more.
    directory.delete(key);
    directory.block_id(bob, &carol);
    directory.delete(bob);
    directory.put(carol, &Profile::default(), None);
    assert!(!directory.member(key).has_blocks());
}

#[test]
fn blocks_are_taken_over_up_to_the_limit_and_never_of_oneself() {
    let names = ["guest", "alice", "bob", "carol", "dave"];
    let (mut directory, people) = directory(&names);
    let [guest, alice, bob, carol, dave] = people[..] else {
        panic!("five people");
    };
    let unknown = PrincipalId::user("zoe").unwrap();
    for (blocker, blocked) in [
        (guest, alice),
        (guest, bob),
        (guest, carol),
        (alice, bob),
        (alice, guest),
        (carol, guest),
        (dave, guest),
        (dave, alice),
    ] {
        directory.block(blocker, blocked);
    }
    directory.block_id(guest, &unknown);
    let taken = |most: usize| {
        let pairs = directory.blocks_to_take_over(guest, alice, most);
        let name = |id: PrincipalId| id.as_str().to_owned();
        let pairs = pairs.into_iter();
        pairs
            .map(|(one, other)| format!("{} {}", name(one), name(other)))
            .collect::<Vec<_>>()
    };
    assert_eq!(taken(9), ["alice carol", "alice zoe", "carol alice"]);
    // Alice has two of her own, of bob and of the guest.
    assert_eq!(taken(3), ["alice carol", "carol alice"]);
    assert_eq!(taken(1), ["carol alice"]);
}

#[test]
fn deleting_ends_memberships_on_both_sides() {
    let (mut directory, people) = directory(&["alice", "bob"]);
    let key = directory.put_conversation("one".parse().unwrap(), None);
    directory.join(key, people[0]);
    directory.join(key, people[1]);
    directory.delete(people[1]);
    assert_eq!(directory.conversation(key).unwrap().members(), [people[0]]);
    directory.delete_conversation(key);
    assert!(directory.member(people[0]).conversations().is_empty());
    assert!(directory.conversation(key).is_none());
    assert!(
        directory
            .conversation_key(&"one".parse().unwrap())
            .is_none()
    );
}

#[test]
fn many_members_come_and_go_at_once_as_they_would_one_by_one() {
    let names: Vec<String> = (0..40).map(|number| format!("user{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for seed in 0..50_usize {
        let (mut many, people) = directory(&names);
        let (mut single, _) = directory(&names);
        let key = many.put_conversation("room".parse().unwrap(), None);
        single.put_conversation("room".parse().unwrap(), None);
        let some = |step: usize| -> Vec<PrincipalKey> {
            let chosen = |key: &PrincipalKey| (key.index() * 7 + seed * step) % 5 < 2;
            people.iter().rev().copied().filter(chosen).collect()
        };
        let came = many.join_all(key, &some(1));
        let mut one_by_one = some(1);
        one_by_one.retain(|who| single.join(key, *who));
        one_by_one.sort_unstable();
        assert_eq!(came, one_by_one);
        many.join_all(key, &some(3));
        some(3).iter().for_each(|who| {
            single.join(key, *who);
        });
        let before = many.conversation(key).unwrap().members().to_vec();
        assert_eq!(before, single.conversation(key).unwrap().members());
        let (came, left) = many.replace_members(key, some(2));
        let after = many.conversation(key).unwrap().members();
        assert!(
            came.iter()
                .all(|who| !before.contains(who) && after.contains(who))
        );
        assert!(
            left.iter()
                .all(|who| before.contains(who) && !after.contains(who))
        );
        assert_eq!(after.len() + left.len(), before.len() + came.len());
        for who in &people {
            assert_eq!(many.is_member(key, *who), after.contains(who));
        }
    }
}
