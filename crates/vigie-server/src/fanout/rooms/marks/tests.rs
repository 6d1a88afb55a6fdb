//! Whom a change concerns, among people who block, hide and moderate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use vigie_core::{Privacy, Profile, SightRules};

use super::*;

/// Ann, Ben who blocks Eva, Cem who hides and so sees nobody, a moderator whom Eva blocks, and Eva.
fn people() -> (Directory, [PrincipalKey; 5]) {
    let mut directory = Directory::default();
    directory.set_sight_rules(SightRules { reciprocal: true });
    let mut put = |name: &str, role: Option<Role>| {
        let profile = Profile {
            role,
            ..Profile::default()
        };
        directory.put(PrincipalId::user(name).unwrap(), &profile, None)
    };
    let (ann, ben, cem) = (put("ann", None), put("ben", None), put("cem", None));
    let (moderator, eva) = (put("moderator", Some(Role::Moderator)), put("eva", None));
    let nobody = Privacy {
        availability: Reach::Nobody,
        last_seen: Reach::Nobody,
    };
    directory.set_privacy(cem, nobody);
    directory.block(ben, eva);
    directory.block(eva, moderator);
    (directory, [ann, ben, cem, moderator, eva])
}

/// Those whom marks of somebody concern, each of them with its id.
fn concerned(
    directory: &Directory,
    watchers: &[PrincipalKey],
    marks: &Marks,
    of: PrincipalKey,
) -> Vec<PrincipalKey> {
    let concerns = Concerns::new(directory, marks);
    let is_concerned = |watcher: &&PrincipalKey| {
        let concern = concerns.of(**watcher);
        let keys: Vec<_> = concern.keys().collect();
        assert_eq!(keys == [of], concern.names(of));
        assert_eq!(keys.is_empty(), concern.is_empty());
        let id = concern.names(of).then(|| directory.member(of).id());
        assert_eq!(concern.first, id);
        concern.names(of)
    };
    watchers.iter().filter(is_concerned).copied().collect()
}

#[test]
fn a_mark_concerns_those_alone_who_may_see_what_changed() {
    let (directory, watchers) = people();
    let [ann, _, cem, moderator, eva] = watchers;
    let check = |mark: Mark, expected: &[PrincipalKey]| {
        let mut marks = Marks::default();
        marks.note(eva, mark);
        marks.note(eva, Mark::Hidden);
        let concerned = concerned(&directory, &watchers, &marks, eva);
        assert_eq!(concerned, expected, "{mark:?}");
    };
    check(Mark::Hidden, &[eva]);
    check(Mark::Shown, &[ann, moderator, eva]);
    check(Mark::Came, &[ann, cem, moderator, eva]);
}

#[test]
fn a_leave_concerns_whoever_knew_of_the_member_then() {
    let (directory, watchers) = people();
    let [ann, ben, cem, moderator, eva] = watchers;
    let check = |leaves: &[&[PrincipalKey]], comes: bool, expected: &[PrincipalKey]| {
        let mut marks = Marks::default();
        for strangers in leaves {
            marks.note_left(eva, strangers.iter().copied().collect());
        }
        if comes {
            marks.note(eva, Mark::Came);
        }
        let concerned = concerned(&directory, &watchers, &marks, eva);
        assert_eq!(concerned, expected, "{leaves:?} {comes}");
    };
    check(&[&[ben]], false, &[ann, cem, moderator, eva]);
    // Blocked since: the leave is still to be told.
    check(&[&[]], false, &[ann, ben, cem, moderator, eva]);
    check(&[&[ben], &[]], false, &[ann, ben, cem, moderator, eva]);
    check(&[&[ben], &[ben]], false, &[ann, cem, moderator, eva]);
    // No more blocked, and nobody had told of the member.
    check(&[&[ann]], false, &[ben, cem, moderator, eva]);
    check(&[&[ann]], true, &[ann, ben, cem, moderator, eva]);
}

#[test]
fn the_first_id_is_that_of_the_first_who_is_seen() {
    let (mut directory, [ann, ben, _, _, eva]) = people();
    directory.block(ben, ann);
    let mut marks = Marks::default();
    for key in [ann, eva, ben] {
        marks.note(key, Mark::Shown);
    }
    let concerns = Concerns::new(&directory, &marks);
    let first = |watcher| concerns.of(watcher).first;
    assert_eq!(first(eva), Some(directory.member(ann).id()));
    assert_eq!(first(ben), Some(directory.member(ben).id()));
    assert!(!concerns.of(ben).names(eva) && concerns.of(ben).names(ben));
}
