//! Servers that are wrong on purpose: each is found, by the name of what is wrong, and nobody is left on it.

use crate::tamper::{Tamper, Wrong};
use crate::world::{Mode, Outcome, Server};

async fn check(wrong: Wrong, failed: &[&str]) -> Outcome {
    let server = Server::start(Mode::Production, &[]);
    let tampered = Tamper::before(&server.url, wrong);
    let outcome = Outcome::of(server.check_at(&tampered.url));
    outcome.assert_red(failed);
    assert_eq!(server.population().await, (0, 0));
    outcome
}

#[tokio::test]
async fn a_proxy_that_changes_nothing_is_green() {
    let server = Server::start(Mode::Production, &[]);
    let through = Tamper::before(&server.url, Wrong::Nothing);
    Outcome::of(server.check_at(&through.url)).assert_green();
}

#[tokio::test]
async fn no_throttle() {
    let settings = [
        ("VIGIE_THROTTLE_INTERVAL", "2ms"),
        ("VIGIE_FLUSH_INTERVAL", "1ms"),
    ];
    let server = Server::start(Mode::Development, &settings);
    let outcome = Outcome::of(server.check());
    outcome.assert_red(&["throttle"]);
    let hint = outcome.step("throttle")["hint"].as_str().unwrap();
    assert!(hint.contains("throttle_interval"), "{hint}");
    assert_eq!(server.population().await, (0, 0));
}

#[tokio::test]
async fn frozen_counters() {
    let outcome = check(Wrong::FrozenCounters, &["counters"]).await;
    assert_eq!(outcome.step("throttle")["outcome"], "skipped");
    let seen = outcome.step("counters")["seen"].as_str().unwrap();
    assert_eq!(seen, "it moved by 0");
}

#[tokio::test]
async fn frozen_prometheus_metrics() {
    check(Wrong::FrozenMetrics, &["metrics-move"]).await;
}

#[tokio::test]
async fn frozen_statistics() {
    check(Wrong::FrozenStatistics, &["statistics"]).await;
}

#[tokio::test]
async fn no_snapshot() {
    let outcome = check(Wrong::NoSnapshot, &["snapshot"]).await;
    let seen = outcome.step("snapshot")["seen"].as_str().unwrap();
    assert!(seen.starts_with("none within"), "{seen}");
}

#[tokio::test]
async fn offline_never_announced() {
    let failed = ["leaving", "cut", "silence"];
    let outcome = check(Wrong::OfflineNeverAnnounced, &failed).await;
    for step in failed {
        let hint = outcome.step(step)["hint"].as_str().unwrap();
        assert!(hint.contains("decided and not announced"), "{hint}");
    }
    assert_eq!(outcome.step("reload")["outcome"], "skipped");
}

#[tokio::test]
async fn everybody_is_let_in() {
    check(Wrong::ForgeriesAccepted, &["forged-token"]).await;
}

#[tokio::test]
async fn presence_that_flaps_on_reloads() {
    let outcome = check(Wrong::GoodbyeForLoss, &["reload"]).await;
    let hint = outcome.step("reload")["hint"].as_str().unwrap();
    assert!(hint.contains("goodbye"), "{hint}");
}
