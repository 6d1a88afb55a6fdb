//! `vigie replay` against `vigie serve`, as an operator would run both.
//!
//! A small trace with everything in it: people online before the window, quick rejoins, several
//! sessions of one person, activity, and people who stay.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Joins and leaves of the window, which starts at 00:10 and lasts ten minutes.
const EDGES: u64 = 12;

const TRACE: &str = "\
timestamp_utc_iso,user,event
2020-01-01T00:00:00Z,u1,join
2020-01-01T00:00:01Z,u2,join
2020-01-01T00:00:02Z,u3,join
2020-01-01T00:05:00Z,u3,leave
2020-01-01T00:06:00Z,stays,join
2020-01-01T00:10:00Z,u3,join
2020-01-01T00:10:30Z,u3,activity
2020-01-01T00:11:00Z,u1,leave
2020-01-01T00:11:01Z,u1,join
2020-01-01T00:11:02Z,u1,leave
2020-01-01T00:11:02Z,u4,join
2020-01-01T00:12:00Z,u4,leave
2020-01-01T00:12:00Z,u5,join
2020-01-01T00:12:00Z,u6,join
2020-01-01T00:13:00Z,u2,leave
2020-01-01T00:13:30Z,stays,activity
2020-01-01T00:14:00Z,u2,join
2020-01-01T00:15:00Z,u6,leave
2020-01-01T00:16:00Z,u6,join
2020-01-01T00:20:00Z,u6,leave
";

struct Server {
    url: String,
    folder: tempfile::TempDir,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // An exited server is what we want.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn vigie() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    for name in ["JWT_SECRET", "VIGIE_API_KEY", "DATABASE_URL", "PORT"] {
        command.env_remove(name);
    }
    command
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = vigie()
            .arg("serve")
            .env("VIGIE_LISTEN", "127.0.0.1:0")
            .env("VIGIE_DATA_DIR", folder.path())
            .env("VIGIE_GRACE", "500ms")
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines
                .next()
                .expect("the server ended before listening")
                .unwrap();
            if let Some((_, url)) = line.split_once("listening on ") {
                break url.split_whitespace().next().unwrap().to_owned();
            }
        };
        // Nothing may fill the pipe and block the server.
        std::thread::spawn(move || lines.for_each(drop));
        Self { url, folder, child }
    }

    fn trace(&self) -> PathBuf {
        let path = self.folder.path().join("trace.csv");
        std::fs::write(&path, TRACE).unwrap();
        path
    }

    fn replay(&self, flags: &[&str]) -> (Option<i32>, Value) {
        let output = replay(&self.trace(), &self.url, self.folder.path(), flags);
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!("no report: {}", String::from_utf8_lossy(&output.stderr));
        });
        (output.status.code(), report)
    }
}

fn replay(trace: &Path, url: &str, data_dir: &Path, flags: &[&str]) -> Output {
    vigie()
        .arg("replay")
        .arg(trace)
        .args(["--url", url, "--data-dir"])
        .arg(data_dir)
        .args([
            "--from",
            "2020-01-01T00:10:00Z",
            "--to",
            "2020-01-01T00:20:00Z",
        ])
        .args(["--speed", "600", "--settle", "5s", "--json"])
        .args(flags)
        .output()
        .unwrap()
}

fn assert_clean((code, report): &(Option<i32>, Value)) {
    assert_eq!(*code, Some(0), "{report:#}");
    assert_eq!(report["all"]["expected"], EDGES, "{report:#}");
    assert_eq!(report["all"]["seen"], EDGES, "{report:#}");
    assert_eq!(report["false"], 0, "{report:#}");
    assert_eq!(report["onlineAtStart"], 3, "{report:#}");
    assert_eq!(report["people"], 7, "{report:#}");
}

#[test]
fn a_trace_is_told_whole_and_again_on_the_same_server() {
    let server = Server::start();
    assert_clean(&server.replay(&[]));
    let abrupt = server.replay(&["--abrupt", "1"]);
    assert_clean(&abrupt);
    let leaves = &abrupt.1["abruptLeaves"];
    assert_eq!(leaves["seen"], 5, "{abrupt:?}");
    let fastest = leaves["lateMs"]["p50"].as_f64().unwrap();
    assert!(
        fastest >= 500.0,
        "an abrupt leave waits for the grace: {abrupt:?}"
    );
}

#[test]
fn losses_on_purpose_are_reported_as_missed() {
    let server = Server::start();
    let (code, report) = server.replay(&["--losses"]);
    assert_eq!(code, Some(1), "{report:#}");
    // One scored edge in twenty, the first included.
    assert_eq!(report["all"]["missed"], 1, "{report:#}");
    assert_eq!(report["all"]["dropped"], 1, "{report:#}");
    assert_eq!(report["all"]["seen"], EDGES - 1, "{report:#}");
    assert_eq!(report["misses"][0]["user"], "u3", "{report:#}");
    assert_eq!(report["false"], 0, "{report:#}");
}

#[test]
fn what_cannot_be_played_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = "http://127.0.0.1:9";
    let missing = folder.path().join("none.csv");
    let code = |flags: &[&str]| {
        replay(&missing, nowhere, folder.path(), flags)
            .status
            .code()
    };
    assert_eq!(code(&[]), Some(2));
    assert_eq!(code(&["--abrupt", "2"]), Some(2));
    let trace = folder.path().join("trace.csv");
    std::fs::write(&trace, TRACE).unwrap();
    let output = replay(&trace, nowhere, folder.path(), &["--audience-limit", "5"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("8 members"), "{told}");
    let no_secrets = replay(&trace, nowhere, folder.path(), &[]);
    assert_eq!(no_secrets.status.code(), Some(2));
}
