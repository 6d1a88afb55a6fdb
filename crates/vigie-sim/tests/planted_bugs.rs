//! The simulation can fail: every planted bug, a real mistake of the field, is found within a few seeds, by the checker that is there for it, and its story comes out short.

use core::time::Duration;

use vigie_core::{ConnectionId, PrincipalKey, Rules, SessionId};
use vigie_sim::{Checker, Judges, Mutant, Planted, Script, Step, run};

/// A mistake that needs more luck than this is one that the simulation does not look for.
const SEEDS: u64 = 50;

/// A story longer than this is one that nobody reads.
const STEPS: usize = 12;

/// A mistake against the rules needs the reference; one against a global property is found without it.
fn is_found_by(mutant: Mutant, checker: Checker) {
    let judges = match checker {
        Checker::Reference | Checker::Deadlines => Judges::All,
        Checker::Edges
        | Checker::Times
        | Checker::Veils
        | Checker::Leases
        | Checker::Durability => Judges::PropertiesAlone,
    };
    let planted = Planted {
        mutant: Some(mutant),
        judges,
    };
    let Some(failure) = (0..SEEDS).find_map(|seed| run(seed, planted).err()) else {
        panic!("{mutant:?} was not found in {SEEDS} seeds");
    };
    assert_eq!(failure.difference.checker, checker, "{failure}");
    let story = failure.script.shortest(&failure.difference);
    assert!(story.steps.len() <= STEPS, "{failure}");
}

#[test]
fn a_reload_that_is_not_resumed() {
    is_found_by(Mutant::ResumeForgotten, Checker::Reference);
}

#[test]
fn a_dropped_link_taken_for_a_goodbye() {
    is_found_by(Mutant::LossIsGoodbye, Checker::Reference);
}

#[test]
fn a_goodbye_taken_for_a_dropped_link() {
    is_found_by(Mutant::GoodbyeIsLoss, Checker::Reference);
}

#[test]
fn a_new_tab_that_kicks_the_old_one() {
    is_found_by(Mutant::NewTabKicksOld, Checker::Reference);
}

#[test]
fn a_closed_tab_that_ends_the_presence_of_all() {
    is_found_by(Mutant::OneCloseEndsAll, Checker::Reference);
}

#[test]
fn a_logout_that_reaches_one_device() {
    is_found_by(Mutant::LogoutCutsOneDevice, Checker::Reference);
}

#[test]
fn a_disconnect_that_nobody_handles() {
    is_found_by(Mutant::DisconnectNeverHandled, Checker::Reference);
}

#[test]
fn a_late_cleanup_that_erases_the_reconnect() {
    is_found_by(Mutant::LateCleanupErasesReconnect, Checker::Reference);
}

#[test]
fn a_request_in_flight_that_revives() {
    is_found_by(Mutant::RequestInFlightRevives, Checker::Reference);
}

#[test]
fn a_pong_taken_for_activity() {
    is_found_by(Mutant::PongIsActivity, Checker::Times);
}

#[test]
fn a_missing_time_replaced_by_now() {
    is_found_by(Mutant::MissingTimeIsNow, Checker::Times);
}

#[test]
fn a_sweep_that_tells_nobody() {
    is_found_by(Mutant::SweepTellsNobody, Checker::Edges);
}

#[test]
fn an_edge_swallowed_by_a_throttle() {
    is_found_by(Mutant::EdgesAreThrottled, Checker::Edges);
}

#[test]
fn a_sweep_where_deadlines_should_be() {
    is_found_by(Mutant::SweepInsteadOfDeadlines, Checker::Deadlines);
}

#[test]
fn an_old_write_that_wins() {
    is_found_by(Mutant::OldWriteWins, Checker::Durability);
}

#[test]
fn a_failed_write_taken_for_done() {
    is_found_by(Mutant::FailedWriteForgotten, Checker::Durability);
}

#[test]
fn a_start_that_resets_everybody() {
    is_found_by(Mutant::StartResetsEverybody, Checker::Reference);
}

#[test]
fn a_change_behind_the_veil_that_is_told_to_everyone() {
    is_found_by(Mutant::VeilIsToldThrough, Checker::Veils);
}

#[test]
fn a_veil_that_a_restart_loses() {
    is_found_by(Mutant::VeilLostAtRestart, Checker::Veils);
}

#[test]
fn a_return_that_tells_when_somebody_was_there_behind_the_veil() {
    is_found_by(Mutant::ReturnTellsOfTheAbsence, Checker::Veils);
}

/// Without the reference's word the ghost is still found: in the quiet end its lease never does.
#[test]
fn a_ghost_is_found_by_its_lease_alone() {
    let silence = Duration::from_secs(16);
    let script = Script {
        rules: Rules::default(),
        principals: 1,
        planted: Planted {
            mutant: Some(Mutant::DisconnectNeverHandled),
            judges: Judges::PropertiesAlone,
        },
        steps: vec![
            Step::Connect {
                principal: PrincipalKey(0),
                session: SessionId(1),
                connection: ConnectionId(1),
                resumes: None,
                silence,
            },
            Step::Lose(ConnectionId(1), silence),
        ],
    };
    let found = script.play(None).err().map(|(_, found)| found.checker);
    assert_eq!(found, Some(Checker::Leases));
}
