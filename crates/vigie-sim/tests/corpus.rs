//! The stories that fuzzing collected: the engine lives through them as the rules demand, and no planted bug gets through all of them.

use std::fs;
use std::path::Path;

use vigie_core::Availability::{Away, Busy, Offline, Online};
use vigie_sim::{Judges, Mutant, Planted, Tally, tell};

/// Every input of the target `engine`, the shortest first.
fn stories() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/engine");
    let files = fs::read_dir(&folder);
    let files = files.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |file: std::io::Result<fs::DirEntry>| fs::read(file?.path());
    let stories: Result<Vec<_>, _> = files.map(read).collect();
    let mut stories = stories.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    stories.sort_by_key(Vec::len);
    stories
}

#[test]
fn every_story_agrees_with_the_rules_and_together_they_reach_every_change() {
    let mut tally = Tally::default();
    for story in stories() {
        match tell(&story, Planted::default()) {
            Ok(lived) => tally.add(&lived.tally),
            Err(failure) => panic!("{failure}"),
        }
    }
    let changes = [
        (Offline, Online),
        (Offline, Away),
        (Online, Away),
        (Online, Offline),
        (Away, Online),
        (Away, Offline),
        (Online, Busy),
        (Busy, Offline),
    ];
    for change in changes {
        assert!(tally.edges.contains_key(&change), "{change:?}: {tally:?}");
    }
    let others = [
        tally.started,
        tally.resumed,
        tally.accepted,
        tally.held_back,
        tally.closed,
        tally.hidden,
    ];
    assert!(others.iter().all(|count| *count > 0), "{tally:?}");
}

#[test]
fn every_planted_bug_is_found_by_a_story() {
    let stories = stories();
    let gets_through = |mutant: &Mutant| {
        let planted = Planted {
            mutant: Some(*mutant),
            judges: Judges::All,
        };
        !stories.iter().any(|story| tell(story, planted).is_err())
    };
    let missed: Vec<_> = Mutant::ALL.into_iter().filter(gets_through).collect();
    assert_eq!(missed, []);
}
