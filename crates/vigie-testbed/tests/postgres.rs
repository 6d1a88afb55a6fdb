//! What a test may rely on.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use vigie_testbed::Postgres;

/// Says to this program, started again, that it is to hold a server until it is killed.
const HOLD: &str = "VIGIE_TESTBED_HOLD";

#[test]
fn a_server_goes_away_in_every_way_and_comes_back_with_its_data() {
    let mut server = Postgres::start_without_fsync().unwrap();
    let (one, two) = (server.database().unwrap(), server.database().unwrap());
    assert_ne!(one, two);
    let name = one.rsplit('/').next().unwrap().to_owned();
    server
        .execute(
            &name,
            "CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)",
        )
        .unwrap();

    server.stop().unwrap();
    assert!(server.execute(&name, "SELECT 1").is_err());
    server.start_again().unwrap();
    server.kill().unwrap();
    assert!(server.execute(&name, "SELECT 1").is_err());
    server.start_again().unwrap();
    assert_eq!(server.execute(&name, "SELECT id FROM kept").unwrap(), "7");

    server.pause().unwrap();
    // The kernel still answers for a process that is stopped; the process does not.
    let silent = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    eventually("all of it stands still", || {
        states(server.data()).iter().all(|state| *state == 'T')
    });
    server.resume().unwrap();
    drop(silent);
    assert_eq!(server.execute(&name, "SELECT id FROM kept").unwrap(), "7");

    let data = server.data().to_owned();
    drop(server);
    assert_eq!(states(&data), []);
    assert!(!data.exists());
}

#[test]
fn a_server_does_not_outlive_a_killed_process() {
    if std::env::var_os(HOLD).is_some() {
        let server = Postgres::start_without_fsync().unwrap();
        writeln!(std::io::stderr(), "\nholding {}", server.data().display()).unwrap();
        loop {
            std::thread::park();
        }
    }
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "a_server_does_not_outlive_a_killed_process",
            "--exact",
            "--nocapture",
        ])
        .env(HOLD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let data: PathBuf = BufReader::new(holder.stderr.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().strip_prefix("holding ").map(PathBuf::from))
        .unwrap();
    assert!(!states(&data).is_empty());
    holder.kill().unwrap();
    holder.wait().unwrap();
    eventually("the server is gone", || {
        !data.exists() && states(&data).is_empty()
    });
}

/// Waits for a level, with a generous bound.
fn eventually(what: &str, is_reached: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_reached() {
        assert!(Instant::now() < deadline, "not so: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The states of all processes that work in a folder, as the kernel abbreviates them.
fn states(folder: &Path) -> Vec<char> {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|process| {
            let process = process.ok()?.path();
            let works_there = std::fs::read_link(process.join("cwd")).ok()? == folder;
            let stat = std::fs::read_to_string(process.join("stat")).ok()?;
            let state = stat.rsplit(") ").next()?.chars().next()?;
            works_there.then_some(state)
        })
        .collect()
}
