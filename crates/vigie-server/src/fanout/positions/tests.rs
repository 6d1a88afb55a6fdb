//! Which positions are good, and what has been missed since.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

const ME: PrincipalKey = PrincipalKey(0);
const ALICE: PrincipalKey = PrincipalKey(1);
const BOB: PrincipalKey = PrincipalKey(2);
const RELATIONS: u64 = 5;

fn at(seconds: i64) -> Wall {
    Wall::from_millis(1_700_000_000_000 + seconds * 1_000)
}

fn me() -> PrincipalId {
    PrincipalId::user("me").unwrap()
}

/// The third start, at second 200, after one that ended at 90 and one that crashed.
fn third() -> Positions {
    let start = |number, started_at, ended_at: Option<i64>| Start {
        number,
        started_at: at(started_at),
        ended_at: ended_at.map(at),
    };
    let starts = [
        start(1, 0, Some(90)),
        start(2, 100, None),
        start(3, 200, None),
    ];
    let seals = Seals::new(&[7; 32]).unwrap();
    let periods = Periods {
        cursor_max_age: Duration::from_secs(1_000),
        restamp_interval: Duration::from_secs(50),
        ..Periods::default()
    };
    Positions::new(seals, &starts, &periods, at(200))
}

fn earlier(number: u64, started_at: i64, told_at: i64) -> Cursor {
    let start = Start {
        number,
        started_at: at(started_at),
        ended_at: None,
    };
    Cursor {
        start: identity(&start),
        number: Number::from_u64(4),
        at: at(told_at),
        stamped_at: at(told_at),
        relations: RELATIONS,
    }
}

fn missed(positions: &Positions, text: &str, relations: u64, now: i64) -> Option<Missed> {
    positions.missed(text, (ME, &me()), relations, at(now))
}

#[test]
fn within_a_start_the_numbers_tell_who_changed() {
    let positions = third();
    positions.note_change(ALICE, Number::from_u64(0), Concern::Watchers);
    positions.note_change(BOB, Number::from_u64(1), Concern::Watchers);
    positions.reach(Taken {
        before: Number::from_u64(2),
        all_at: Some(at(210)),
    });
    let text = positions.cursor(positions.reached(), RELATIONS, &me());
    positions.note_change(BOB, Number::from_u64(2), Concern::Watchers);
    let missed = missed(&positions, &text, 99, 211).unwrap();
    // A turn of the last two seconds may not have been granted.
    assert_eq!((missed.version, missed.stamped_at), (None, at(208)));
    // Other people than the cursor's: from then on nobody can tell over a restart.
    assert_eq!(missed.relations, 0);
    let everybody = [ME, ALICE, BOB, PrincipalKey(77)];
    assert_eq!(positions.changed_since(&everybody, missed.number), [BOB]);
    let all = positions.changed_since(&everybody, Number::default());
    assert_eq!(all, [ALICE, BOB]);
}

#[test]
fn what_concerns_oneself_alone_is_no_change_to_others() {
    let positions = third();
    positions.note_change(ALICE, Number::from_u64(0), Concern::Watchers);
    positions.note_change(ALICE, Number::from_u64(7), Concern::Oneself);
    let since = |number| positions.changed_since(&[ALICE, BOB], Number::from_u64(number));
    assert_eq!(since(0), [ALICE]);
    assert_eq!(since(1), []);
    let own = |number| positions.changed_itself_since(ALICE, Number::from_u64(number));
    assert!(own(7));
    assert!(!own(8));
}

#[test]
fn a_position_is_as_of_now_while_nothing_waits_to_be_told() {
    let positions = third();
    positions.reach(Taken {
        before: Number::from_u64(2),
        all_at: Some(at(210)),
    });
    let check = |horizon, expected| {
        let reached = positions.reached_at(at(300), || Number::from_u64(horizon));
        assert_eq!((reached.at, reached.stamped_at), (expected, at(300)));
    };
    check(2, at(300));
    check(3, at(210));
}

#[test]
fn a_change_of_relations_outdates_the_cursors_before_it() {
    let positions = third();
    let cursor = |number| {
        let number = Number::from_u64(number);
        let reached = Reached {
            number,
            at: at(210),
            stamped_at: at(210),
        };
        positions.cursor(reached, RELATIONS, &me())
    };
    positions.note_relations(&[ME], Number::from_u64(5));
    assert_eq!(missed(&positions, &cursor(5), RELATIONS, 211), None);
    assert!(missed(&positions, &cursor(6), RELATIONS, 211).is_some());
}

#[test]
fn an_earlier_start_counts_when_it_ended_gracefully_and_nothing_else_changed() {
    let positions = third();
    let check = |cursor: Cursor, relations, now, is_of_use| {
        let text = positions.seals.seal(&cursor, &me());
        let found = missed(&positions, &text, relations, now);
        assert_eq!(found.is_some(), is_of_use, "{cursor:?}");
    };
    check(earlier(1, 0, 80), RELATIONS, 201, true);
    // After its end, too old, other relations, a crash, and a start that nobody knows.
    check(earlier(1, 0, 91), RELATIONS, 201, false);
    check(earlier(1, 0, 80), RELATIONS, 1_081, false);
    check(earlier(1, 0, 80), RELATIONS + 1, 201, false);
    check(earlier(2, 100, 110), RELATIONS, 201, false);
    check(earlier(9, 100, 110), RELATIONS, 201, false);
    check(earlier(1, 1, 80), RELATIONS, 201, false);
}

#[test]
fn a_fingerprint_knows_the_set_and_not_the_order() {
    let id = |name: &str| PrincipalId::user(name).unwrap();
    let (a, b, c) = (id("a"), id("b"), id("c"));
    let of = |people: &[(&PrincipalId, Sight)]| fingerprint(people.iter().copied());
    let contact = Sight::CONTACT;
    let two = of(&[(&a, contact), (&b, contact)]);
    assert_eq!(two, of(&[(&b, contact), (&a, contact)]));
    assert_ne!(two, of(&[(&a, contact), (&c, contact)]));
    let partly = Sight::Part {
        availability: true,
        last_seen: false,
    };
    assert_ne!(two, of(&[(&a, contact), (&b, partly)]));
    assert_ne!(of(&[]), 0);
}
