//! Right servers are found right, in both modes, and nobody is left on them.

use crate::world::{Mode, Outcome, Server};

#[tokio::test]
async fn a_right_server_is_green_in_development_mode() {
    let server = Server::start(Mode::Development, &[]);
    let outcome = Outcome::of(server.check());
    outcome.assert_green();
    assert_eq!(server.population().await, (0, 0));
    // Again at once: what the first left in memory must not mislead the second.
    Outcome::of(server.check()).assert_green();
    assert_eq!(server.population().await, (0, 0));
}

#[tokio::test]
async fn a_right_server_is_green_in_production_mode() {
    let server = Server::start(Mode::Production, &[("VIGIE_AUTO_PROVISION", "false")]);
    Outcome::of(server.check()).assert_green();
    assert_eq!(server.population().await, (0, 0));
}

#[tokio::test]
async fn the_report_has_measured_times() {
    let server = Server::start(Mode::Production, &[]);
    let outcome = Outcome::of(server.check());
    outcome.assert_green();
    assert_eq!(outcome.report["url"], server.url.as_str());
    assert_eq!(outcome.report["version"], env!("CARGO_PKG_VERSION"));
    assert!(outcome.report["tookMs"].as_f64().unwrap() > 0.0);
    let passed = outcome.steps("passed").len();
    assert_eq!(outcome.report["passed"], passed);
    let time = |step: &str, name: &str| outcome.step(step)["timesMs"][name].as_f64().unwrap();
    assert!(time("coming", "median") > 0.0);
    assert!(time("leaving", "max") >= time("leaving", "median"));
    // A lost session counts for its grace, a silent one for ping and timeout before that.
    assert!(time("cut", "told") >= 1_000.0, "{:#}", outcome.report);
    assert!(time("silence", "told") >= 3_000.0, "{:#}", outcome.report);
}

#[tokio::test]
async fn operators_may_have_a_listener_of_their_own() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let server = Server::start(Mode::Production, &[("VIGIE_OPS_LISTEN", &address)]);
    let mut check = server.check();
    check.args(["--ops-url", &format!("http://{address}")]);
    Outcome::of(check).assert_green();
    let blind = Outcome::of(server.check());
    assert_eq!(blind.code, Some(1));
    let hint = blind.step("livez")["hint"].as_str().unwrap();
    assert!(hint.contains("--ops-url"), "{hint}");
}

#[tokio::test]
async fn counters_are_reset_only_when_asked() {
    let server = Server::start(Mode::Production, &[]);
    let total = async || {
        let path = "/maintenance/status-metrics";
        let reply = server
            .service()
            .call(vigie_client::Method::GET, path, None)
            .await;
        reply.unwrap().json()["data"]["totalRequests"]
            .as_u64()
            .unwrap()
    };
    Outcome::of(server.check()).assert_green();
    let before = total().await;
    assert!(before >= 10, "{before}");
    let mut check = server.check();
    check.arg("--destructive");
    let outcome = Outcome::of(check);
    assert_eq!(outcome.code, Some(0), "{:#}", outcome.report);
    assert_eq!(outcome.step("reset")["outcome"], "passed");
    assert_eq!(total().await, 0);
}

#[tokio::test]
async fn two_checks_at_the_same_time_do_not_disturb_each_other() {
    let server = Server::start(Mode::Production, &[]);
    let (one, other) = (server.check(), server.check());
    let one = std::thread::spawn(move || Outcome::of(one));
    Outcome::of(other).assert_green();
    one.join().unwrap().assert_green();
    assert_eq!(server.population().await, (0, 0));
}
