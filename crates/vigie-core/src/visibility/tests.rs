//! Who may know what, and that a face depends on nothing that is hidden.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use crate::chosen::ChosenStatus;
use crate::directory::Profile;
use crate::principal::PrincipalId;

use super::*;

const PARTLY: Sight = Sight::Part {
    availability: true,
    last_seen: false,
};
const NAME_ALONE: Sight = Sight::Part {
    availability: false,
    last_seen: false,
};

/// Alice and Bob share a conversation, Mallory shares none; Mona moderates.
struct People {
    directory: Directory,
    alice: PrincipalKey,
    bob: PrincipalKey,
    mallory: PrincipalKey,
    mona: PrincipalKey,
}

fn people() -> People {
    let mut directory = Directory::default();
    let mut put = |id: &str, role| {
        let profile = Profile {
            role,
            ..Profile::default()
        };
        directory.put(PrincipalId::user(id).unwrap(), &profile, None)
    };
    let (alice, bob) = (put("alice", None), put("bob", None));
    let (mallory, mona) = (put("mallory", None), put("mona", Some(Role::Moderator)));
    let room = directory.put_conversation("room".parse().unwrap(), None);
    directory.join(room, alice);
    directory.join(room, bob);
    People {
        directory,
        alice,
        bob,
        mallory,
        mona,
    }
}

fn privacy(availability: Reach, last_seen: Reach) -> Privacy {
    Privacy {
        availability,
        last_seen,
    }
}

#[test]
fn privacy_decides_what_contacts_and_strangers_see() {
    use Reach::{Contacts, Everyone, Nobody};
    let mut people = people();
    let mut check = |availability, last_seen, contact, stranger| {
        let privacy = privacy(availability, last_seen);
        people.directory.set_privacy(people.alice, privacy);
        let see = |watcher| {
            let watcher = Watcher::Principal(watcher);
            people.directory.sight(watcher, people.alice)
        };
        assert_eq!(see(people.bob), contact, "{privacy:?}");
        assert_eq!(see(people.mallory), stranger, "{privacy:?}");
        assert_eq!(see(people.mona), contact, "{privacy:?}");
        assert_eq!(see(people.alice), Sight::Whole);
        assert_eq!(public_sight(privacy), contact);
    };
    check(Contacts, Contacts, Sight::CONTACT, Sight::Nothing);
    check(Contacts, Nobody, PARTLY, Sight::Nothing);
    check(Contacts, Everyone, Sight::CONTACT, Sight::Nothing);
    check(Everyone, Everyone, Sight::CONTACT, Sight::CONTACT);
    check(Everyone, Contacts, Sight::CONTACT, PARTLY);
    check(Everyone, Nobody, PARTLY, PARTLY);
    check(Nobody, Everyone, NAME_ALONE, Sight::Nothing);
    check(Nobody, Nobody, NAME_ALONE, Sight::Nothing);
}

#[test]
fn a_block_hides_both_from_each_other_but_no_moderator() {
    let mut people = people();
    let see =
        |people: &People, watcher, who| people.directory.sight(Watcher::Principal(watcher), who);
    assert!(people.directory.block(people.alice, people.bob));
    assert!(!people.directory.block(people.alice, people.bob));
    people.directory.block(people.alice, people.mona);
    assert_eq!(see(&people, people.bob, people.alice), Sight::Nothing);
    assert_eq!(see(&people, people.alice, people.bob), Sight::Nothing);
    assert_eq!(see(&people, people.mona, people.alice), Sight::CONTACT);
    assert_eq!(
        people.directory.sight(Watcher::Service, people.alice),
        Sight::Whole
    );
    assert!(people.directory.unblock(people.alice, people.bob));
    assert!(!people.directory.unblock(people.alice, people.bob));
    assert_eq!(see(&people, people.bob, people.alice), Sight::CONTACT);
}

#[test]
fn whoever_was_deleted_is_unknown_and_leaves_no_blocks() {
    let mut people = people();
    people.directory.block(people.bob, people.alice);
    people.directory.delete(people.alice);
    let bob = Watcher::Principal(people.bob);
    assert_eq!(people.directory.sight(bob, people.alice), Sight::Nothing);
    assert!(people.directory.member(people.bob).blocked().is_empty());
    assert!(!people.directory.member(people.bob).has_blocks());
}

#[test]
fn by_reciprocity_nobody_sees_what_they_do_not_show() {
    let mut people = people();
    let hides = privacy(Reach::Contacts, Reach::Nobody);
    people.directory.set_privacy(people.bob, hides);
    let bob = Watcher::Principal(people.bob);
    let see = |people: &People| people.directory.sight(bob, people.alice);
    assert_eq!(see(&people), Sight::CONTACT);
    let rules = SightRules { reciprocal: true };
    people.directory.set_sight_rules(rules);
    assert_eq!(see(&people), PARTLY);
    let hides = privacy(Reach::Nobody, Reach::Nobody);
    people.directory.set_privacy(people.bob, hides);
    assert_eq!(see(&people), NAME_ALONE);
    assert!(!see(&people).follows());
}

fn at(second: i64) -> Option<Wall> {
    Some(Wall::from_millis(second * 1_000))
}

fn busy_online(veil: Option<Veil>) -> Presence {
    Presence {
        availability: Availability::Busy,
        version: Version(9),
        last_active_at: at(90),
        last_proof_at: at(95),
        last_seen_at: at(50),
        chosen: Some(Arc::new(Chosen {
            status: Some(ChosenStatus::Busy),
            text: Some("in a meeting".into()),
            until: at(200),
        })),
        veil,
        times_shown: None,
    }
}

#[test]
fn behind_a_veil_nothing_that_happens_changes_what_others_see() {
    let veil = Veil {
        version: Version(4),
        last_active_at: at(40),
        last_seen_at: at(45),
    };
    let one = busy_online(Some(veil));
    let other = Presence {
        availability: Availability::Offline,
        version: Version(77),
        last_active_at: at(300),
        last_proof_at: at(300),
        last_seen_at: at(300),
        chosen: None,
        veil: Some(veil),
        times_shown: None,
    };
    for sight in [Sight::Nothing, NAME_ALONE, PARTLY, Sight::CONTACT] {
        let now = Wall::from_millis(400_000);
        assert_eq!(face(sight, &one, now), face(sight, &other, now));
    }
    let shown = face(Sight::CONTACT, &one, Wall::from_millis(400_000));
    assert_eq!(shown.availability, Availability::Offline);
    assert_eq!((shown.last_proof_at, shown.text), (at(45), None));
    let own = face(Sight::Whole, &one, Wall::from_millis(400_000));
    assert_eq!(own.availability, Availability::Busy);
    assert!(own.chosen.is_some());
}

#[test]
fn hidden_times_become_a_bucket_and_a_hidden_person_shows_nothing_at_all() {
    let mut presence = busy_online(None);
    let now = |days: i64| Wall::from_millis(95_000 + days * 86_400_000);
    let shown = face(PARTLY, &presence, now(60));
    assert_eq!(shown.bucket, Some(Bucket::Recently));
    assert_eq!((shown.last_proof_at, shown.last_seen_at), (None, None));
    assert_eq!(shown.text.as_deref(), Some("in a meeting"));
    presence.availability = Availability::Offline;
    let check = |days, expected| {
        let shown = face(PARTLY, &presence, now(days));
        assert_eq!(shown.bucket, Some(expected), "{days} days");
        assert_eq!((shown.text, shown.until, shown.version), (None, None, None));
    };
    check(3, Bucket::Recently);
    check(4, Bucket::WithinWeek);
    check(8, Bucket::WithinMonth);
    check(31, Bucket::LongAgo);
    assert_eq!(face(NAME_ALONE, &presence, now(0)), Face::default());
    presence.last_proof_at = None;
    assert_eq!(face(PARTLY, &presence, now(0)).bucket, None);
}

#[test]
fn what_all_contacts_see_is_what_each_of_them_sees() {
    use Reach::{Contacts, Everyone, Nobody};
    let mut people = people();
    let bob = Watcher::Principal(people.bob);
    for availability in [Nobody, Contacts, Everyone] {
        for last_seen in [Nobody, Contacts, Everyone] {
            let privacy = privacy(availability, last_seen);
            people.directory.set_privacy(people.alice, privacy);
            let each = people.directory.sight(bob, people.alice);
            assert_eq!(people.directory.common_sight(people.alice), Some(each));
        }
    }
    people.directory.block(people.mallory, people.alice);
    assert_eq!(people.directory.common_sight(people.alice), None);
    people.directory.unblock(people.mallory, people.alice);
    assert!(people.directory.common_sight(people.alice).is_some());
    let rules = SightRules { reciprocal: true };
    people.directory.set_sight_rules(rules);
    assert_eq!(people.directory.common_sight(people.alice), None);
}

#[test]
fn whoever_follows_is_found_by_the_version_behind_a_face_that_does_not_show_it() {
    let veil = Veil {
        version: Version(4),
        last_active_at: None,
        last_seen_at: None,
    };
    let check = |sight, veil, expected: Option<u64>| {
        let version = followed_version(sight, &busy_online(veil));
        assert_eq!(version, expected.map(Version), "{sight:?}");
    };
    check(PARTLY, None, Some(9));
    check(PARTLY, Some(veil), Some(4));
    check(Sight::CONTACT, Some(veil), Some(4));
    check(Sight::Whole, Some(veil), Some(9));
    check(NAME_ALONE, None, None);
    check(Sight::Nothing, None, None);
}
