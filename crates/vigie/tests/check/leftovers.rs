//! Whatever ends a check, its people go: at its own end, or with the next check.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::world::{BOUND, Mode, Outcome, Server};

/// A check in the middle of its work.
async fn begun(server: &Server) -> Child {
    let mut check = server.check();
    let child = check
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while server.population().await != (2, 1) {
        assert!(began.elapsed() < BOUND, "the check creates nobody");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child
}

#[tokio::test]
async fn an_interrupted_check_removes_its_people() {
    let server = Server::start(Mode::Production, &[]);
    for signal in ["-INT", "-TERM"] {
        let child = begun(&server).await;
        let kill = std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["verdict"], "unchecked", "{report:#}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("interrupted"), "{told}");
        assert_eq!(server.population().await, (0, 0));
    }
}

#[tokio::test]
async fn what_a_killed_check_left_is_removed_by_a_later_one() {
    let server = Server::start(Mode::Production, &[]);
    let mut child = begun(&server).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(server.population().await, (2, 1));
    let began = Instant::now();
    while server.population().await != (0, 0) {
        assert!(began.elapsed() < BOUND, "the killed check's people stay");
        Outcome::of(server.check()).assert_green();
    }
}
